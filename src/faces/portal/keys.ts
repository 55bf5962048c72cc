import { INSTANT, listOf, object, oneOf, text } from '../../contract';
import { ProblemError } from '../../fhir';
import type { Exchange, Route } from '../../http';
import { KEY_SCOPES, type KeyInfo, PER_MINUTE, PLANS } from '../../identity';
import { ADMINISTRATORS, practiceFor, SHOWN_ONCE } from './administration';
import { portalRoute } from './endpoint';
import type { PortalServices } from './services';

const HOUR_MS = 3_600_000;
/** Hours back of each range of the chart. */
const RANGES: Readonly<Record<string, number>> = { day: 24, week: 7 * 24, month: 30 * 24 };
const LONGEST_OVERLAP_H = 30 * 24;

interface NewKeyBody {
  practice?: string;
  plan: string;
  scopes: string[];
  expiresAt?: string;
}

const NEW_KEY = object(
  {
    practice: text(200, 'Id or name; a practice administrator may leave it out.', 'Sonora Behavioral Health'),
    plan: oneOf(PLANS),
    scopes: {
      ...listOf(oneOf(KEY_SCOPES), KEY_SCOPES.length),
      minItems: 1,
      'x-expected': 'one scope or more',
    },
    expiresAt: { ...INSTANT, 'x-expected': 'a time in UTC' },
  },
  ['plan', 'scopes'],
);

const ROTATION = object(
  {
    overlapHours: {
      type: 'integer',
      minimum: 0,
      maximum: LONGEST_OVERLAP_H,
      'x-expected': 'hours from 0 to 720',
    },
  },
  ['overlapHours'],
);

/** API keys of the HandoffRx face: the "API Keys dashboard" of the vendor's document. */
export function keyRoutes({ identity: { keys, keyUse, limits } }: PortalServices): Route[] {
  const found = async (x: Exchange, id = ''): Promise<KeyInfo> => {
    x.audit.details = [{ type: 'key', value: id }];
    const key = await keys.find(id, x.principal.practice);
    if (key === undefined) throw new ProblemError('not-found', `There is no key "${id}".`);
    return key;
  };
  const security = { interaction: 'security', roles: ADMINISTRATORS } as const;

  return [
    portalRoute({
      ...security,
      method: 'get',
      path: '/keys',
      action: 'R',
      handle: async ({ x }) => ({ status: 200, body: { data: await keys.list(x.principal.practice) } }),
    }),
    portalRoute<NewKeyBody>({
      ...security,
      method: 'post',
      path: '/keys',
      action: 'C',
      body: NEW_KEY,
      handle: async ({ x, body: { expiresAt, plan, scopes, practice } }) => {
        const made = await keys.create({
          practice: practiceFor(x.principal, practice),
          plan,
          scopes,
          ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }),
        });
        x.audit.details = [{ type: 'key', value: made.id }];
        return { status: 201, headers: SHOWN_ONCE, body: made };
      },
    }),
    portalRoute({
      ...security,
      method: 'get',
      path: '/keys/:id',
      action: 'R',
      handle: async ({ x, params }) => ({ status: 200, body: await found(x, params['id']) }),
    }),
    portalRoute({
      ...security,
      method: 'get',
      path: '/keys/:id/use',
      action: 'R',
      query: {
        range: { kind: 'choice', values: Object.keys(RANGES), default: 'day', description: 'How far back.' },
      },
      handle: async ({ x, params, query }) => {
        const { id, plan, practiceId } = await found(x, params['id']);
        const hours = RANGES[String(query['range'])] ?? 0;
        const from = new Date((Math.floor(Date.now() / HOUR_MS) - hours + 1) * HOUR_MS);
        return {
          status: 200,
          body: {
            from,
            perMinute: PER_MINUTE[plan],
            month: plan === 'Free' ? await limits.freeMonth(practiceId) : null,
            hours: await keyUse.since(id, from),
          },
        };
      },
    }),
    portalRoute<{ overlapHours: number }>({
      ...security,
      method: 'post',
      path: '/keys/:id/rotate',
      action: 'U',
      body: ROTATION,
      handle: async ({ x, params, body }) => {
        const { id } = await found(x, params['id']);
        const made = await keys.rotate(id, { overlapMs: body.overlapHours * HOUR_MS });
        x.audit.details = [
          { type: 'key', value: id },
          { type: 'successor', value: made.id },
        ];
        return { status: 201, headers: SHOWN_ONCE, body: made };
      },
    }),
    portalRoute({
      ...security,
      method: 'post',
      path: '/keys/:id/revoke',
      action: 'D',
      handle: async ({ x, params }) => ({
        status: 200,
        body: await keys.revoke((await found(x, params['id'])).id),
      }),
    }),
  ];
}
