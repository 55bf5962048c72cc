import type { Bundle, Parameters, Subscription } from '@medplum/fhirtypes';
import { ProblemError } from '../fhir';
import { parseSearch } from '../search';
import type { StoredVersion, Viewer } from '../store';
import type { BindingTokens } from './binding-tokens';
import { lookUp } from './delivery/focus';
import type { TurnContext } from './delivery/turn';
import type { Headers } from './headers';
import { notificationBundle, statusParameters } from './payloads';
import type { Secrets } from './secrets';
import { SOCKET_PATH } from './sockets';
import { compileSubscription } from './subscriptions/compile';
import type { Topic } from './topics';
import type { CompiledSubscription, PayloadContent } from './types';

/** Numbers of events, both included. */
export interface EventRange {
  since?: number;
  until?: number;
  sinceInstant?: Date;
  untilInstant?: Date;
}

/** What the operations on Subscription do, for callers that see what `viewer` sees. */
export interface SubscriptionService {
  /** `$status`: one Parameters a subscription; without ids all that the viewer sees, of the statuses if any are named. */
  status(viewer: Viewer, ids: readonly string[], statuses: readonly string[]): Promise<Parameters[]>;
  /** `$events`: a notification bundle of what happened, as the viewer may see it now. */
  events(viewer: Viewer, id: string, range: EventRange, content: PayloadContent | undefined): Promise<Bundle>;
  /** `$resend`: delivers again; how many events. */
  resend(viewer: Viewer, id: string, range: EventRange): Promise<number>;
  /** `$get-ws-binding-token`: for the ids, or all websocket subscriptions that the viewer sees. */
  bindingToken(
    viewer: Viewer,
    ids: readonly string[],
  ): Promise<{ token: string; expiration: Date; subscriptions: string[]; url: string }>;
  /** `$rotate-secret`: the new secret, shown this once; the old one signs along for a day. */
  rotateSecret(viewer: Viewer, id: string): Promise<string>;
  /** The header lines of Subscriptions as they were written, of those that this writer gave the values of. */
  headersWrittenBy(writer: string, subscriptions: readonly Subscription[]): Promise<Map<string, string[]>>;
  /** Topics that everybody may subscribe to. */
  topics(): Topic[];
}

const EVENTS_AT_ONCE = 1_000;
const OVERLAP_MS = 24 * 3_600_000;

export interface ServiceContext {
  turn: TurnContext;
  tokens: BindingTokens;
  secrets: Secrets;
  headers: Pick<Headers, 'writtenBy'>;
  topics(): Topic[];
  wake(): void;
}

export function createSubscriptionService({
  turn,
  tokens,
  secrets,
  headers,
  topics,
  wake,
}: ServiceContext): SubscriptionService {
  const { store, queues, baseUrl } = turn;
  const one = async (viewer: Viewer, id: string): Promise<CompiledSubscription> => {
    const found = await store.read<Subscription>(viewer, 'Subscription', id);
    if (found === undefined || found.deleted)
      throw new ProblemError('not-found', 'There is no Subscription with this id.');
    return compileSubscription(found, found.author);
  };
  const several = async (
    viewer: Viewer,
    ids: readonly string[],
    statuses: readonly string[],
  ): Promise<CompiledSubscription[]> => {
    if (ids.length > 0)
      return (await Promise.all(ids.map((id) => one(viewer, id)))).filter(
        ({ status }) => statuses.length === 0 || statuses.includes(status),
      );
    const filter = statuses.length === 0 ? '' : `&status=${encodeURIComponent(statuses.join(','))}`;
    const { matches } = await store.search(viewer, parseSearch('Subscription', `_count=1000${filter}`));
    const stored = (await store.readMany(viewer, matches)) as StoredVersion<Subscription>[];
    return stored.map((each) => compileSubscription(each, each.author));
  };
  return {
    async status(viewer, ids, statuses) {
      const found = await several(viewer, ids, statuses);
      return Promise.all(
        found.map(async (each) =>
          statusParameters(baseUrl, each, 'query-status', await queues.eventsSoFar(each.id)),
        ),
      );
    },
    async events(viewer, id, range, content) {
      const subscription = await one(viewer, id);
      const deliveries = await queues.deliveries
        .find({ subscription: id, ...within(range) })
        .sort({ number: 1 })
        .limit(EVENTS_AT_ONCE)
        .toArray();
      const told = await lookUp(turn, subscription, viewer, deliveries);
      return notificationBundle(
        baseUrl,
        subscription,
        'query-event',
        await queues.eventsSoFar(id),
        told,
        content,
      );
    },
    async resend(viewer, id, range) {
      const { status } = await one(viewer, id);
      if (status !== 'active')
        throw new ProblemError(
          'conflict',
          `The Subscription is ${status}; only an active one can be sent anything.`,
        );
      const count = await queues.replay(id, within(range));
      wake();
      return count;
    },
    async bindingToken(viewer, ids) {
      const found = (await several(viewer, ids, [])).filter(({ channel }) => channel === 'websocket');
      if (found.length === 0 || (ids.length > 0 && found.length < ids.length)) {
        throw new ProblemError('invalid', 'A binding token is for Subscriptions of the websocket channel.');
      }
      const subscriptions = found.map(({ id }) => id);
      const url = new URL(SOCKET_PATH, baseUrl);
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
      return { ...(await tokens.issue(subscriptions)), subscriptions, url: url.href };
    },
    async rotateSecret(viewer, id) {
      await one(viewer, id);
      return secrets.rotate(id, OVERLAP_MS);
    },
    headersWrittenBy: headers.writtenBy,
    topics: () => topics().filter(({ practices }) => practices === undefined),
  };
}

function within({ since, until, sinceInstant, untilInstant }: EventRange) {
  const number = { ...(since !== undefined && { $gte: since }), ...(until !== undefined && { $lte: until }) };
  const at = {
    ...(sinceInstant !== undefined && { $gte: sinceInstant }),
    ...(untilInstant !== undefined && { $lte: untilInstant }),
  };
  return { ...(Object.keys(number).length > 0 && { number }), ...(Object.keys(at).length > 0 && { at }) };
}
