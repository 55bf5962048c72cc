import type { Subscription } from '@medplum/fhirtypes';
import { ProblemError } from '../fhir';
import { EVERYTHING, type Store, type StoredVersion, type WriteContext } from '../store';
import type { Queues } from './delivery/queues';
import type { Attempt, Delivery, DeliveryState } from './types';
import { isWebhook, shown, webhooksIn, type Webhook } from './webhooks';

/** A webhook as its owners look at it, switched off ones too. */
export interface WebhookState extends Webhook {
  /** Of the Subscription underneath. */
  version: number;
  changedAt: Date;
  /** Why it is in error, or was switched off. */
  error: string | null;
}

/** How a webhook does at this moment. */
export interface WebhookStanding {
  waiting: number;
  /** Laid aside after 96 hours of failures. */
  dead: number;
  /** Since when every call fails. */
  failingSince: Date | null;
  lastAttempt: { at: Date; isReceived: boolean } | null;
}

/** What a delivery is and what became of it, without its body. */
export type DeliveryView = Pick<Delivery, 'number' | 'eventId' | 'at' | 'state' | 'attempts'> & {
  event: string;
  /** When it is tried next, while it waits. */
  nextAt: Date | null;
};

/** Calls in one hour. */
export interface HourOfCalls {
  /** Beginning of the hour. */
  at: Date;
  received: number;
  failed: number;
  /** Mean and longest duration of a call. */
  meanMs: number;
  longestMs: number;
}

/** What was delivered by each webhook, and how that went. */
export interface WebhookJournal {
  /** Of one practice when given. */
  list(practice?: string): Promise<WebhookState[]>;
  /** @throws ProblemError not-found, also for those of other practices when one is given. */
  find(id: string, practice?: string): Promise<WebhookState>;
  standings(ids: readonly string[]): Promise<Map<string, WebhookStanding>>;
  /** Deliveries of all Subscriptions that wait, and those laid aside. */
  depths(): Promise<{ waiting: number; dead: number }>;
  /** The newest first; `before` is a number to go on from. */
  deliveries(
    id: string,
    asked: { states: readonly DeliveryState[]; before?: number; limit: number },
  ): Promise<DeliveryView[]>;
  /** One delivery with its body, and its attempts in their order. @throws ProblemError not-found */
  delivery(
    id: string,
    number: number,
  ): Promise<{ view: DeliveryView; focus: string; body: string; attempts: Attempt[] }>;
  /** Hours with calls since then, oldest first. */
  hours(id: string, from: Date): Promise<HourOfCalls[]>;
  /** Delivers these again, or all that failed and are not delivered yet; how many they are. */
  replay(id: string, chosen: readonly number[] | 'failed'): Promise<number>;
  /** Tells it nothing more, or tells it again. */
  switch(id: string, to: 'off' | 'on', context: WriteContext): Promise<WebhookState>;
}

const HOUR_MS = 3_600_000;
const ATTEMPTS_SHOWN = 100;
/** Attempts are written down a little after their delivery is settled. */
const SETTLING_MS = 60_000;

export interface JournalContext {
  store: Store;
  queues: Queues;
  clock: () => Date;
  wake(): void;
}

export function createWebhookJournal(context: JournalContext): WebhookJournal {
  const { store, queues, wake } = context;
  return {
    async list(practice) {
      return (await webhooksIn(store, practice)).map(stateOf);
    },
    find: async (id, practice) => stateOf(await webhook(store, id, practice)),
    standings: (ids) => standings(queues, ids),
    depths: () => depths(queues),
    async deliveries(id, { states, before, limit }) {
      const found = await queues.deliveries
        .find({
          subscription: id,
          ...(states.length > 0 && { state: { $in: [...states] } }),
          ...(before !== undefined && { number: { $lt: before } }),
        })
        .sort({ number: -1 })
        .limit(limit)
        .toArray();
      return found.map(viewOf);
    },
    async delivery(id, number) {
      const found = await queues.deliveries.findOne({ _id: `${id}:${number}` });
      if (found === null)
        throw new ProblemError('not-found', 'This delivery is not kept any more, or never was.');
      return {
        view: viewOf(found),
        focus: `${found.focus.type}/${found.focus.id}`,
        body: found.vendor?.body ?? '',
        attempts: await attemptsOf(context, found),
      };
    },
    hours: (id, from) => hours(queues, id, from),
    async replay(id, chosen) {
      const failed = [{ state: 'dead' as const }, { state: 'pending' as const, attempts: { $gt: 0 } }];
      const count = await queues.replay(
        id,
        chosen === 'failed' ? { $or: failed } : { number: { $in: [...chosen] } },
      );
      wake();
      return count;
    },
    async switch(id, to, write) {
      const { resource, version } = await webhook(store, id, undefined);
      const { error: _old, ...rest } = resource;
      const status = to === 'off' ? ('off' as const) : ('requested' as const);
      await store.commit([{ kind: 'put', resource: { ...rest, id, status }, ifVersion: version }], write);
      wake();
      return stateOf(await webhook(store, id, undefined));
    },
  };
}

async function webhook(
  store: Store,
  id: string,
  practice: string | undefined,
): Promise<StoredVersion<Subscription>> {
  const found = await store.read<Subscription>(EVERYTHING, 'Subscription', id);
  const isTheirs =
    found !== undefined &&
    !found.deleted &&
    isWebhook(found) &&
    (practice === undefined || found.access.includes(practice));
  if (!isTheirs) throw new ProblemError('not-found', 'There is no webhook with this id.');
  return found;
}

function stateOf(stored: StoredVersion<Subscription>): WebhookState {
  const { version, lastUpdated, resource } = stored;
  return { ...shown(stored), version, changedAt: lastUpdated, error: resource.error ?? null };
}

function viewOf({ number, eventId, at, state, attempts, nextAt, vendor }: Delivery): DeliveryView {
  return {
    ...{ number, eventId, at, state, attempts },
    event: vendor?.event ?? '',
    nextAt: state === 'pending' ? nextAt : null,
  };
}

/** The index of attempts goes by time: of a settled delivery only its own time is looked at. */
function attemptsOf({ queues, clock }: JournalContext, delivery: Delivery): Promise<Attempt[]> {
  const { subscription, number, at, expiresAt } = delivery;
  const kept = queues.keptUntil(new Date(0)).getTime();
  const until = expiresAt === undefined ? clock().getTime() : expiresAt.getTime() - kept + SETTLING_MS;
  return queues.attempts
    .find({
      subscription,
      at: { $gte: at, $lte: new Date(until) },
      from: { $lte: number },
      to: { $gte: number },
    })
    .sort({ at: 1 })
    .limit(ATTEMPTS_SHOWN)
    .toArray();
}

async function standings(
  { deliveries, queues, attempts }: Queues,
  ids: readonly string[],
): Promise<Map<string, WebhookStanding>> {
  if (ids.length === 0) return new Map();
  const [counts, states, lasts] = await Promise.all([
    deliveries
      .aggregate<{ _id: { subscription: string; state: DeliveryState }; count: number }>([
        { $match: { subscription: { $in: [...ids] }, state: { $in: ['pending', 'dead'] } } },
        { $group: { _id: { subscription: '$subscription', state: '$state' }, count: { $sum: 1 } } },
      ])
      .toArray(),
    queues.find({ _id: { $in: [...ids] } }, { projection: { failingSince: 1 } }).toArray(),
    Promise.all(ids.map((subscription) => attempts.findOne({ subscription }, { sort: { at: -1 } }))),
  ]);
  const countOf = (id: string, state: DeliveryState): number =>
    counts.find(({ _id }) => _id.subscription === id && _id.state === state)?.count ?? 0;
  const failing = new Map(states.map(({ _id, failingSince }) => [_id, failingSince]));
  return new Map(
    ids.map((id, i) => {
      const last = lasts[i];
      return [
        id,
        {
          waiting: countOf(id, 'pending'),
          dead: countOf(id, 'dead'),
          failingSince: failing.get(id) ?? null,
          lastAttempt:
            last === undefined || last === null ? null : { at: last.at, isReceived: isReceived(last) },
        },
      ];
    }),
  );
}

function isReceived({ status }: Pick<Attempt, 'status'>): boolean {
  return status !== undefined && status >= 200 && status < 300;
}

async function hours({ attempts }: Queues, id: string, from: Date): Promise<HourOfCalls[]> {
  const time = { $toLong: '$at' };
  const received = { $and: [{ $gte: ['$status', 200] }, { $lt: ['$status', 300] }] };
  const found = await attempts
    .aggregate<{ _id: number; calls: number; received: number; meanMs: number; longestMs: number }>([
      { $match: { subscription: id, at: { $gte: from } } },
      {
        $group: {
          _id: { $subtract: [time, { $mod: [time, HOUR_MS] }] },
          calls: { $sum: 1 },
          received: { $sum: { $cond: [received, 1, 0] } },
          meanMs: { $avg: '$milliseconds' },
          longestMs: { $max: '$milliseconds' },
        },
      },
      { $sort: { _id: 1 } },
    ])
    .toArray();
  return found.map(({ _id, calls, received: taken, meanMs, longestMs }) => ({
    at: new Date(Number(_id)),
    received: taken,
    failed: calls - taken,
    meanMs: Math.round(meanMs),
    longestMs,
  }));
}

/** By subscription, as the index goes: whatever was delivered is not looked at. */
async function depths({ deliveries, queues }: Queues): Promise<{ waiting: number; dead: number }> {
  const known = await queues.find({}, { projection: { nextAt: 1 } }).toArray();
  const count = (ids: readonly string[], state: DeliveryState): Promise<number> =>
    ids.length === 0
      ? Promise.resolve(0)
      : deliveries.countDocuments({ subscription: { $in: [...ids] }, state });
  const busy = known.filter(({ nextAt }) => nextAt !== undefined).map(({ _id }) => _id);
  const [waiting, dead] = await Promise.all([
    count(busy, 'pending'),
    count(
      known.map(({ _id }) => _id),
      'dead',
    ),
  ]);
  return { waiting, dead };
}
