import type { Basic, OperationOutcomeIssue, ResourceType, Subscription } from '@medplum/fhirtypes';
import { isResourceType, ProblemError } from '../../fhir';
import { acceptUrl, type AddressPolicy } from '../../outbound';
import { parseSearch } from '../../search';
import type { StoreTransaction, WriteContext, WriteRule } from '../../store';
import { checkTopic, findTopic, isTopic, topicsIn } from '../topics';
import { WEBHOOK_EVENTS, TEST_EVENT } from '../webhook-events';
import { isHeaderLine, isTopicBased, VENDOR_EVENT } from './compile';
import { filterFaults } from './filters';

/** Every write of a Subscription or topic counts this lock up: who keeps them in memory looks when it has changed. */
export const REGISTRY_LOCK = 'notify/subscriptions';

/** Contexts of the server's own writes of a Subscription's status; they pass as they are. */
const ownWrites = new WeakSet<WriteContext>();

/** Transactions that have counted up already: once is enough for a commit of many. */
const counted = new WeakSet<StoreTransaction>();

async function countUp(tx: StoreTransaction): Promise<void> {
  if (counted.has(tx)) return;
  await tx.lock(REGISTRY_LOCK);
  counted.add(tx);
}

/** A context under which the status itself is written. */
export function ownWrite(context: WriteContext): WriteContext {
  ownWrites.add(context);
  return context;
}

/**
 * What every write of a Subscription or of a topic must keep, whichever face it comes from: it can be understood, it
 * leads to no forbidden address, and its status is the server's to set (a client asks for `requested`, or ends it
 * with `off`). https://hl7.org/fhir/R4/subscription.html#status
 */
export function subscriptionRules(policy: AddressPolicy): readonly WriteRule[] {
  return [
    {
      type: 'Subscription',
      apply: async ({ previous, next, context, tx }) => {
        await countUp(tx);
        if (next?.resourceType !== 'Subscription' || ownWrites.has(context)) return [];
        const before = previous === undefined || previous.deleted ? undefined : (previous.resource as Subscription);
        const wanted = before !== undefined && next.status === 'off' ? 'off' : statusFor(next, before);
        if (wanted !== 'off') await check(next, policy, context, tx);
        const { error: _error, ...rest } = next;
        if (next.status === wanted && next.error === undefined) return [];
        return [{ kind: 'put', resource: { ...rest, id: next.id ?? '', status: wanted } }];
      },
    },
    {
      type: 'Basic',
      apply: async ({ previous, next, tx }) => {
        const isOne = next?.resourceType === 'Basic' && isTopic(next);
        const wasOne = previous !== undefined && !previous.deleted && isTopic(previous.resource as Basic);
        if (!isOne && !wasOne) return [];
        await countUp(tx);
        if (isOne) checkTopic(next);
        return [];
      },
    },
  ];
}

/** One that works and is changed in nothing that matters to its channel goes on working; all else is tried anew. */
function statusFor(next: Subscription, before: Subscription | undefined): Subscription['status'] {
  if (hasEnded(next)) return 'off';
  if (before?.status !== 'active' || next.status !== 'active') return 'requested';
  const essence = (each: Subscription): string => JSON.stringify([each.channel, each.criteria, (each as { _criteria?: unknown })._criteria, each.end]);
  return essence(next) === essence(before) ? 'active' : 'requested';
}

function hasEnded({ end }: Subscription): boolean {
  return end !== undefined && new Date(end) <= new Date();
}

type Fault = readonly [expression: string, message: string];

/** @throws ProblemError 422 with every fault and the element it is in. */
async function check(subscription: Subscription, policy: AddressPolicy, context: WriteContext, tx: StoreTransaction): Promise<void> {
  const faults = [...channelFaults(subscription, policy), ...(await criteriaFaults(subscription, context, tx))];
  if (faults.length === 0) return;
  const issues = faults.map(([expression, diagnostics]): OperationOutcomeIssue => ({ severity: 'error', code: 'value', diagnostics, expression: [expression] }));
  throw new ProblemError('invalid', faults.map(([, message]) => message).join(' '), { issues });
}

const FHIR_PAYLOADS = new Set(['application/fhir+json', 'application/json', 'application/fhir+xml', 'application/xml']);

function channelFaults({ channel }: Subscription, policy: AddressPolicy): Fault[] {
  const { type, endpoint, payload, header = [], extension = [] } = channel;
  const faults: Fault[] = [];
  if (type !== 'rest-hook' && type !== 'websocket') faults.push(['Subscription.channel.type', 'The channel type must be rest-hook or websocket.']);
  if (type === 'rest-hook') faults.push(...endpointFaults(endpoint, policy));
  const media = payload?.split(';', 1)[0]?.trim().toLowerCase();
  if (media !== undefined && !FHIR_PAYLOADS.has(media)) {
    faults.push(['Subscription.channel.payload', `The payload must be one of ${[...FHIR_PAYLOADS].join(', ')}.`]);
  }
  header.forEach((line, i) => {
    if (!isHeaderLine(line)) faults.push([`Subscription.channel.header[${i}]`, 'The header must have the form "Name: value", and be none that frames the message.']);
  });
  const known: readonly string[] = [...WEBHOOK_EVENTS, TEST_EVENT];
  extension.forEach(({ url, valueCode }, i) => {
    if (url === VENDOR_EVENT && !known.includes(valueCode ?? '')) {
      faults.push([`Subscription.channel.extension[${i}]`, `The event must be one of ${known.join(', ')}.`]);
    }
  });
  return faults;
}

function endpointFaults(endpoint: string | undefined, policy: AddressPolicy): Fault[] {
  const field = 'Subscription.channel.endpoint';
  if (endpoint === undefined) return [[field, 'A rest-hook needs an endpoint.']];
  try {
    acceptUrl(endpoint, policy, field);
    return [];
  } catch (error) {
    return [[field, (error as Error).message]];
  }
}

async function criteriaFaults(subscription: Subscription, { viewer }: WriteContext, tx: StoreTransaction): Promise<Fault[]> {
  const { criteria } = subscription;
  if (isTopicBased(subscription)) {
    const practices = viewer.practice === undefined ? [] : [viewer.practice];
    const topic = findTopic(await topicsIn(tx), (each) => each, criteria, practices);
    if (topic === undefined) return [['Subscription.criteria', 'There is no such topic; the CapabilityStatement names those there are.']];
    return filterFaults(subscription, topic).map(({ at, message }): Fault => [`Subscription.criteria.extension[${at}]`, message]);
  }
  const [type = '', query = ''] = criteria.split(/\?(.*)/s, 2);
  if (!isResourceType(type)) return [['Subscription.criteria', 'The criteria must begin with a resource type, or be the URL of a topic.']];
  try {
    parseSearch(type as ResourceType, query);
    return [];
  } catch (error) {
    return [['Subscription.criteria', (error as Error).message]];
  }
}
