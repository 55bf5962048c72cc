import { listOf, object, oneOf, text } from '../../contract';
import { type Exchange, type Route, touched, writeContext } from '../../http';
import { WEBHOOK_EVENTS } from '../../notify';
import { ADMINISTRATORS, PRACTICE, practiceFor, ROTATION, SHOWN_ONCE } from './administration';
import { portalRoute } from './endpoint';
import { HOUR_MS, RANGE_QUERY, startOf } from './ranges';
import type { PortalServices } from './services';

const STATES = ['pending', 'delivered', 'dead', 'skipped'] as const;
const PAGE = 200;

const NEW_WEBHOOK = object(
  {
    url: text(2000, 'Where events are posted.', 'https://hooks.example.org/in'),
    events: {
      ...listOf(oneOf(WEBHOOK_EVENTS), WEBHOOK_EVENTS.length),
      minItems: 1,
      'x-expected': 'one event or more',
    },
    practice: PRACTICE,
  },
  ['url', 'events'],
);

const SWITCHING = object({ to: oneOf(['on', 'off']) }, ['to']);

const NUMBER = { type: 'integer', minimum: 1, 'x-expected': 'the number of a delivery' };
const REPLAY = object({ numbers: { ...listOf(NUMBER, PAGE), minItems: 1 } });

interface NewWebhook {
  url: string;
  events: string[];
  practice?: string;
}

/** Webhooks of the practices: FHIR Subscriptions underneath, and what became of each delivery. */
export function webhookRoutes(services: PortalServices): Route[] {
  return [...administration(services), ...deliveries(services)];
}

const security = { interaction: 'security', roles: ADMINISTRATORS } as const;

/** The webhook that the path names, within the practice of whoever asks; its id goes into the audit entry. */
async function found({ notify }: PortalServices, x: Exchange, id = '') {
  x.audit.details = [{ type: 'webhook', value: id }];
  return notify.journal.find(id, x.principal.practice);
}

function administration(services: PortalServices): Route[] {
  const { identity, notify } = services;
  return [
    portalRoute({
      ...security,
      method: 'get',
      path: '/webhooks',
      action: 'R',
      unaudited: true,
      handle: async ({ x }) => {
        const webhooks = await notify.journal.list(x.principal.practice);
        const standings = await notify.journal.standings(webhooks.map(({ id }) => id));
        const names = new Map((await identity.practices.list()).map(({ id, name }) => [id, name]));
        const data = webhooks.map((webhook) => ({
          ...webhook,
          ...standings.get(webhook.id),
          practice: names.get(webhook.practice) ?? webhook.practice,
          practiceId: webhook.practice,
        }));
        return { status: 200, body: { data } };
      },
    }),
    portalRoute<NewWebhook>({
      ...security,
      method: 'post',
      path: '/webhooks',
      action: 'C',
      body: NEW_WEBHOOK,
      handle: async ({ x, body: { url, events, practice } }) => {
        const { id: owner } = await identity.practices.get(practiceFor(x.principal, practice));
        const context = writeContext(x, (committed) => ({
          ...touched(committed),
          details: committed.map(({ id }) => ({ type: 'webhook', value: id })),
        }));
        const { id, secret } = await notify.webhooks.create(owner, url, events, context);
        return { status: 201, headers: SHOWN_ONCE, body: { id, secret } };
      },
    }),
    portalRoute({
      ...security,
      method: 'get',
      path: '/webhooks/:id',
      action: 'R',
      unaudited: true,
      handle: async ({ x, params }) => {
        const webhook = await found(services, x, params['id']);
        const standing = (await notify.journal.standings([webhook.id])).get(webhook.id);
        const practice = (await identity.practices.find(webhook.practice))?.name ?? webhook.practice;
        return { status: 200, body: { ...webhook, ...standing, practice, practiceId: webhook.practice } };
      },
    }),
    portalRoute<{ overlapHours: number }>({
      ...security,
      method: 'post',
      path: '/webhooks/:id/rotate',
      action: 'U',
      body: ROTATION,
      handle: async ({ x, params, body: { overlapHours } }) => {
        const { id } = await found(services, x, params['id']);
        const { secret } = await notify.webhooks.rotate(id, overlapHours * HOUR_MS);
        return { status: 201, headers: SHOWN_ONCE, body: { id, secret } };
      },
    }),
    portalRoute<{ to: 'on' | 'off' }>({
      ...security,
      method: 'post',
      path: '/webhooks/:id/switch',
      action: 'U',
      body: SWITCHING,
      handle: async ({ x, params, body: { to } }) => {
        const { id } = await found(services, x, params['id']);
        return { status: 200, body: await notify.journal.switch(id, to, writeContext(x)) };
      },
    }),
  ];
}

function deliveries(services: PortalServices): Route[] {
  const { notify } = services;
  return [
    portalRoute({
      ...security,
      method: 'post',
      path: '/webhooks/:id/test',
      action: 'E',
      handle: async ({ x, params }) => {
        const { id } = await found(services, x, params['id']);
        return { status: 202, body: await notify.webhooks.test(id) };
      },
    }),
    portalRoute({
      ...security,
      method: 'get',
      path: '/webhooks/:id/health',
      action: 'R',
      unaudited: true,
      query: RANGE_QUERY,
      handle: async ({ x, params, query }) => {
        const { id } = await found(services, x, params['id']);
        const from = startOf(query);
        return { status: 200, body: { from, hours: await notify.journal.hours(id, from) } };
      },
    }),
    portalRoute({
      ...security,
      method: 'get',
      path: '/webhooks/:id/deliveries',
      action: 'R',
      unaudited: true,
      query: {
        state: { kind: 'choice', values: STATES, description: 'Only these.' },
        before: { kind: 'integer', minimum: 1, description: 'Number of the last one that is known.' },
      },
      handle: async ({ x, params, query }) => {
        const { id } = await found(services, x, params['id']);
        const states = STATES.filter((state) => state === query['state']);
        const before = query['before'];
        const data = await notify.journal.deliveries(id, {
          states,
          limit: PAGE,
          ...(typeof before === 'number' && { before }),
        });
        return { status: 200, body: { data, more: data.length === PAGE } };
      },
    }),
    portalRoute({
      ...security,
      method: 'get',
      path: '/webhooks/:id/deliveries/:number',
      action: 'R',
      handle: async ({ x, params }) => {
        const { id } = await found(services, x, params['id']);
        const {
          view: delivery,
          focus,
          body,
          attempts,
        } = await notify.journal.delivery(id, Number(params['number']));
        x.audit.resources = [focus];
        return { status: 200, body: { delivery, body, attempts } };
      },
    }),
    portalRoute<{ numbers?: number[] }>({
      ...security,
      method: 'post',
      path: '/webhooks/:id/replay',
      action: 'E',
      body: REPLAY,
      handle: async ({ x, params, body: { numbers } }) => {
        const { id } = await found(services, x, params['id']);
        return { status: 202, body: { replayed: await notify.journal.replay(id, numbers ?? 'failed') } };
      },
    }),
  ];
}
