import type { Extension, Subscription } from '@medplum/fhirtypes';
import type { StoredVersion } from '../../store';
import type { CompiledSubscription, PayloadContent } from '../types';

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
/** Ours: the channel speaks a vendor's own JSON; each repetition names an event. */
export const VENDOR_EVENT = 'https://crosswalk.example/fhir/StructureDefinition/webhook-event';

const DEFAULT_TIMEOUT = 10_000;
const LONGEST_TIMEOUT = 60_000;

/** A primitive's extensions in FHIR JSON; @medplum/fhirtypes leaves them out. */
interface PrimitiveExtensions {
  _criteria?: { extension?: Extension[] };
}
interface ChannelExtensions {
  _payload?: { extension?: Extension[] };
}

/** Filters of a topic-based subscription, as written: `Encounter?patient=Patient/123`. */
export function filterCriteria(subscription: Subscription): string[] {
  const extensions = (subscription as PrimitiveExtensions)._criteria?.extension ?? [];
  return extensions.flatMap(({ url, valueString }) =>
    url === `${BACKPORT}/backport-filter-criteria` && valueString !== undefined ? [valueString] : [],
  );
}

/** Whether the criteria name a topic (Backport) instead of being a search (R4). */
export function isTopicBased(subscription: Subscription): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(subscription.criteria);
}

/** The parts of a Subscription that delivery needs, read once. https://hl7.org/fhir/uv/subscriptions-backport/STU1.1 */
export function compileSubscription(
  stored: StoredVersion<Subscription>,
  author: CompiledSubscription['author'],
): CompiledSubscription {
  const { resource } = stored;
  const { channel } = resource;
  const extension = (name: string) => channel.extension?.find(({ url }) => url === `${BACKPORT}/${name}`);
  const timeoutSeconds = extension('backport-timeout')?.valueUnsignedInt;
  return {
    id: stored.id,
    version: stored.version,
    status: resource.status,
    practices: stored.access,
    author,
    channel: channel.type === 'websocket' ? 'websocket' : 'rest-hook',
    endpoint: channel.endpoint ?? '',
    form: formOf(resource),
    timeout:
      timeoutSeconds === undefined || timeoutSeconds === 0
        ? DEFAULT_TIMEOUT
        : Math.min(timeoutSeconds * 1000, LONGEST_TIMEOUT),
    maxCount: Math.min(Math.max(extension('backport-max-count')?.valuePositiveInt ?? 1, 1), 1000),
    heartbeatSeconds: extension('backport-heartbeat-period')?.valueUnsignedInt,
    end: resource.end === undefined ? undefined : new Date(resource.end),
    error: resource.error,
    resource,
  };
}

function formOf(subscription: Subscription): CompiledSubscription['form'] {
  const { channel } = subscription;
  const events = (channel.extension ?? []).flatMap(({ url, valueCode }) =>
    url === VENDOR_EVENT && valueCode !== undefined ? [valueCode] : [],
  );
  if (events.length > 0) return { kind: 'vendor', vendor: 'handoffrx', events };
  const content = payloadContent(subscription);
  if (content !== undefined || isTopicBased(subscription)) {
    return {
      kind: 'backport',
      topic: isTopicBased(subscription) ? subscription.criteria : undefined,
      content: contentOf(content),
      payload: channel.payload ?? 'application/fhir+json',
    };
  }
  return { kind: 'r4', payload: channel.payload };
}

/** What the Backport's extension asks notifications to contain, as written. */
export function payloadContent({ channel }: Subscription): string | undefined {
  return (channel as ChannelExtensions)._payload?.extension?.find(
    ({ url }) => url === `${BACKPORT}/backport-payload-content`,
  )?.valueCode;
}

export const PAYLOAD_CONTENTS: readonly string[] = ['empty', 'id-only', 'full-resource'];

function contentOf(code: string | undefined): PayloadContent {
  return code === 'empty' || code === 'full-resource' ? code : 'id-only';
}

/** Whether a line is a header that a subscriber may add; those that frame the message are the server's own. */
export function isHeaderLine(line: string): boolean {
  const [, name, value = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:(.*)$/s.exec(line.trim()) ?? [];
  return name !== undefined && !FRAMING.has(name.toLowerCase()) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

const FRAMING = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'expect',
  'te',
  'trailer',
  'keep-alive',
]);
