import type { Basic, OperationOutcomeIssue, ResourceType, Subscription } from '@medplum/fhirtypes';
import { isResourceType, ProblemError } from '../../fhir';
import { acceptUrl, type AddressPolicy } from '../../outbound';
import { dependsOnOthers, parseSearch } from '../../search';
import {
  type Change,
  sessionOf,
  type StoreTransaction,
  type WriteContext,
  type WriteRule,
} from '../../store';
import type { Headers } from '../headers';
import { checkTopic, findTopic, isTopic, topicsIn } from '../topics';
import { WEBHOOK_EVENTS, TEST_EVENT } from '../webhook-events';
import { isHeaderLine, isTopicBased, PAYLOAD_CONTENTS, payloadContent, VENDOR_EVENT } from './compile';
import { filterFaults } from './filters';

/** What every write of a Subscription or topic marks: who keeps them in memory looks when it has changed. */
export const REGISTRY_MARK = 'notify/subscriptions';

/** Contexts of the server's own writes of a Subscription's status; they pass as they are. */
const ownWrites = new WeakSet<WriteContext>();

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
export function subscriptionRules(policy: AddressPolicy, headers: () => Headers): readonly WriteRule[] {
  return [
    {
      type: 'Subscription',
      apply: async ({ previous, next, context, tx }) => {
        await tx.mark(REGISTRY_MARK);
        if (ownWrites.has(context)) return [];
        const before =
          previous === undefined || previous.deleted ? undefined : (previous.resource as Subscription);
        if (next?.resourceType === 'Subscription')
          return ruled(next, before, { policy, headers: headers(), context, tx });
        if (before?.channel.header !== undefined) await headers().forget(before.id ?? '', sessionOf(tx));
        return [];
      },
    },
    {
      type: 'Basic',
      apply: async ({ previous, next, tx }) => {
        const isOne = next?.resourceType === 'Basic' && isTopic(next);
        const wasOne = previous !== undefined && !previous.deleted && isTopic(previous.resource as Basic);
        if (!isOne && !wasOne) return [];
        await tx.mark(REGISTRY_MARK);
        if (isOne) checkTopic(next);
        return [];
      },
    },
  ];
}

interface Surroundings {
  policy: AddressPolicy;
  headers: Headers;
  context: WriteContext;
  tx: StoreTransaction;
}

/** What becomes of a Subscription that somebody writes: checked, its headers hidden, its status ours. */
async function ruled(
  next: Subscription,
  before: Subscription | undefined,
  { policy, headers, context, tx }: Surroundings,
): Promise<Change[]> {
  const isEnded = (before !== undefined && next.status === 'off') || hasEnded(next);
  const faults = isEnded ? [] : await faultsOf(next, policy, context, tx);
  const id = next.id ?? '';
  const { lines, isChanged, missing } = await headers.hide(id, next, before, {
    by: context.author.id,
    session: sessionOf(tx),
  });
  refuse([
    ...faults,
    ...missing.map((i): Fault => [
      `Subscription.channel.header[${i}]`,
      'The value is hidden and not known for this endpoint: send it again.',
    ]),
  ]);
  const status = isEnded ? 'off' : isChanged ? 'requested' : statusFor(next, before);
  const { error, ...rest } = next;
  const isHidden = JSON.stringify(lines) === JSON.stringify(next.channel.header ?? []);
  if (next.status === status && error === undefined && isHidden) return [];
  const channel = { ...next.channel, ...(lines.length > 0 && { header: lines }) };
  return [{ kind: 'put', resource: { ...rest, id, status, channel } }];
}

/** One that works and is changed in nothing that matters to its channel goes on working; all else is tried anew. */
function statusFor(next: Subscription, before: Subscription | undefined): Subscription['status'] {
  if (before?.status !== 'active' || next.status !== 'active') return 'requested';
  const essence = (each: Subscription): string =>
    JSON.stringify([each.channel, each.criteria, (each as { _criteria?: unknown })._criteria, each.end]);
  return essence(next) === essence(before) ? 'active' : 'requested';
}

function hasEnded({ end }: Subscription): boolean {
  return end !== undefined && new Date(end) <= new Date();
}

type Fault = readonly [expression: string, message: string];

async function faultsOf(
  subscription: Subscription,
  policy: AddressPolicy,
  context: WriteContext,
  tx: StoreTransaction,
): Promise<Fault[]> {
  const channel = [...channelFaults(subscription, policy), ...contentFaults(subscription)];
  return [...channel, ...(await criteriaFaults(subscription, context, tx))];
}

/** @throws ProblemError 422 with every fault and the element it is in. */
function refuse(faults: readonly Fault[]): void {
  if (faults.length === 0) return;
  const issues = faults.map(([expression, diagnostics]): OperationOutcomeIssue => ({
    severity: 'error',
    code: 'value',
    diagnostics,
    expression: [expression],
  }));
  throw new ProblemError('invalid', faults.map(([, message]) => message).join(' '), { issues });
}

function contentFaults(subscription: Subscription): Fault[] {
  const content = payloadContent(subscription);
  if (content === undefined || PAYLOAD_CONTENTS.includes(content)) return [];
  const message = `The payload content must be one of ${PAYLOAD_CONTENTS.join(', ')}.`;
  return [['Subscription.channel.payload.extension', message]];
}

const FHIR_PAYLOADS = new Set([
  'application/fhir+json',
  'application/json',
  'application/fhir+xml',
  'application/xml',
]);

function channelFaults({ channel }: Subscription, policy: AddressPolicy): Fault[] {
  const { type, endpoint, payload, header = [], extension = [] } = channel;
  const faults: Fault[] = [];
  if (type !== 'rest-hook' && type !== 'websocket')
    faults.push(['Subscription.channel.type', 'The channel type must be rest-hook or websocket.']);
  if (type === 'rest-hook') faults.push(...endpointFaults(endpoint, policy));
  const media = payload?.split(';', 1)[0]?.trim().toLowerCase();
  if (media !== undefined && !FHIR_PAYLOADS.has(media)) {
    faults.push([
      'Subscription.channel.payload',
      `The payload must be one of ${[...FHIR_PAYLOADS].join(', ')}.`,
    ]);
  }
  header.forEach((line, i) => {
    if (!isHeaderLine(line))
      faults.push([
        `Subscription.channel.header[${i}]`,
        'The header must have the form "Name: value", and be none that frames the message.',
      ]);
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

async function criteriaFaults(
  subscription: Subscription,
  { viewer }: WriteContext,
  tx: StoreTransaction,
): Promise<Fault[]> {
  const { criteria } = subscription;
  if (isTopicBased(subscription)) {
    const practices = viewer.practice === undefined ? [] : [viewer.practice];
    const topic = findTopic(await topicsIn(tx), (each) => each, criteria, practices);
    if (topic === undefined)
      return [
        ['Subscription.criteria', 'There is no such topic; the CapabilityStatement names those there are.'],
      ];
    return filterFaults(subscription, topic).map(({ at, message }): Fault => [
      `Subscription.criteria.extension[${at}]`,
      message,
    ]);
  }
  const [type = '', query = ''] = criteria.split(/\?(.*)/s, 2);
  if (!isResourceType(type))
    return [
      ['Subscription.criteria', 'The criteria must begin with a resource type, or be the URL of a topic.'],
    ];
  try {
    const search = parseSearch(type as ResourceType, query);
    // What looks at other resources is tried once: a value set may be unknown.
    if (dependsOnOthers(search)) await tx.search(viewer, { ...search, count: 1, includes: [] });
    return [];
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return [['Subscription.criteria', error.message]];
  }
}
