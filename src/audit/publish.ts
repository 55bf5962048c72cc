/**
 * Sealed events as resources of the record, read and searched through the FHIR face like any other. Their index costs
 * more than sealing them, so they follow the log at their own pace, in its order, a few at a time.
 */
import { appendRecords, type Appended, type StoreConnection } from '../store';
import { framedOf } from './export/peek';
import type { AuditCollections } from './log/collections';
import type { Lease } from './log/lease';
import { sizeAfter, type SealStep } from './log/sealer';
import { unpackEvents } from './log/segment';

export interface Publisher {
  /** Makes up to so many events searchable. */
  step(most: number): Promise<SealStep>;
  /** Number of events that are searchable: all before it, perhaps more. */
  reached(): Promise<number>;
  release(): Promise<void>;
}

/** A segment on its way into the record. Should this be forgotten, what is there already is left as it is. */
interface Underway {
  /** Number of the event after it. */
  end: number;
  texts: readonly string[];
  /** Number of its events that are there. */
  done: number;
}

/** Characters of events in one write: far below what a command may hold, whatever their index adds. */
const WRITE_LIMIT = 1 << 20;

/** @param store where the events go, as canonical JSON; those that are there already are left as they are. */
export function createPublisher(
  { segments, state }: AuditCollections,
  lease: Lease,
  store: (events: readonly string[]) => Promise<void>,
): Publisher {
  let underway: Underway | undefined;
  const reached = async (): Promise<number> => (await state.findOne({ _id: 'published' }))?.next ?? 0;
  const next = async (): Promise<Underway | undefined> => {
    const segment = await segments
      .find({ _id: { $gte: await reached() } }, { projection: { count: 1, events: 1 } })
      .sort({ _id: 1 })
      .limit(1)
      .next();
    if (segment === null) return undefined;
    const texts = segment.events === undefined ? [] : await unpackEvents(segment.events);
    return { end: sizeAfter(segment), texts, done: 0 };
  };
  return {
    reached,
    step: async (most) => {
      underway ??= await next();
      if (underway === undefined) return 'empty';
      if (!(await lease.take())) {
        underway = undefined;
        return 'busy';
      }
      const chunk = chunkOf(underway, most);
      if (chunk.length > 0) await store(chunk);
      underway.done += chunk.length;
      if (underway.done < underway.texts.length) return 'sealed';
      await state.updateOne({ _id: 'published' }, { $max: { next: underway.end } }, { upsert: true });
      underway = undefined;
      return 'sealed';
    },
    release: () => lease.release(),
  };
}

function chunkOf({ texts, done }: Underway, most: number): readonly string[] {
  let size = 0;
  let end = done;
  while (end < texts.length && end - done < most && (end === done || size < WRITE_LIMIT))
    size += texts[end++]?.length ?? 0;
  return texts.slice(done, end);
}

/** Stores events in the record's `AuditEvent` collection. */
export function intoRecord(connection: StoreConnection): (events: readonly string[]) => Promise<void> {
  return (events) => appendRecords(connection, 'AuditEvent', events.map(appendedOf));
}

/** An event is seen by the practice that acted; by others only as part of the whole deployment. */
function appendedOf(text: string): Appended {
  const { event, frame, elements } = framedOf(text);
  const practice = event.agent.find(({ who }) => who?.reference?.startsWith('Organization/') === true);
  const acting = event.agent.find(({ requestor }) => requestor);
  const request = event.entity?.find(({ type }) => type?.code === 'XrequestId');
  return {
    resource: { ...event, id: event.id ?? '' },
    lastUpdated: new Date(event.meta?.lastUpdated ?? event.recorded),
    practices: practice === undefined ? [] : [practice.who?.reference?.slice('Organization/'.length) ?? ''],
    author: { id: acting?.altId ?? 'unknown', name: acting?.name ?? 'unknown', kind: 'audit' },
    requestId: request?.what?.identifier?.value ?? '',
    shared: { key: frame, elements },
  };
}
