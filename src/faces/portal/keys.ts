import { INSTANT, listOf, object, oneOf } from '../../contract';
import { ProblemError } from '../../fhir';
import type { Exchange, Route } from '../../http';
import { KEY_SCOPES, type KeyInfo, PER_MINUTE, PLANS } from '../../identity';
import { ADMINISTRATORS, PRACTICE, practiceFor, ROTATION, SHOWN_ONCE } from './administration';
import { portalRoute } from './endpoint';
import { HOUR_MS, RANGE_QUERY, startOf } from './ranges';
import type { PortalServices } from './services';

interface NewKeyBody {
  practice?: string;
  plan: string;
  scopes: string[];
  expiresAt?: string;
}

const NEW_KEY = object(
  {
    practice: PRACTICE,
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

/** How near an active key of the last 24 hours came to what its plan allows: the nearest of all, if any was used. */
async function nearest({ keys, keyUse, limits }: PortalServices['identity'], practice: string | undefined) {
  const active = (await keys.list(practice)).filter(({ status }) => status === 'active');
  const ids = active.map(({ id }) => id);
  const busiest = await keyUse.busiest(ids, startOf({ range: 'day' }));
  const used = active.filter(({ id }) => busiest.has(id));
  const shares = await Promise.all(
    used.map(async ({ id, plan, practiceId }) => {
      const minute = { id, of: 'minute', used: busiest.get(id) ?? 0, limit: PER_MINUTE[plan] };
      if (plan !== 'Free') return [minute];
      const month = await limits.freeMonth(practiceId);
      return [minute, { id, of: 'month', used: month.used, limit: month.limit }];
    }),
  );
  const [first] = shares.flat().sort((a, b) => b.used / b.limit - a.used / a.limit);
  return first ?? null;
}

/** API keys of the HandoffRx face: the "API Keys dashboard" of the vendor's document. */
export function keyRoutes({ identity }: PortalServices): Route[] {
  const { keys, keyUse, limits } = identity;
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
    portalRoute({
      ...security,
      method: 'get',
      path: '/keys/nearest',
      action: 'R',
      unaudited: true,
      handle: async ({ x }) => ({
        status: 200,
        body: { nearest: await nearest(identity, x.principal.practice) },
      }),
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
      query: RANGE_QUERY,
      handle: async ({ x, params, query }) => {
        const { id, plan, practiceId } = await found(x, params['id']);
        const from = startOf(query);
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
