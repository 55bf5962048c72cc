/**
 * Sealed events as resources of the record, read and searched through the FHIR face like any other. Their index costs
 * more than sealing them, so they follow the log at their own pace, in its order.
 */
import type { AuditEvent } from '@medplum/fhirtypes';
import { appendRecords, type StoreConnection } from '../store';
import type { AuditCollections } from './log/collections';
import type { Lease } from './log/lease';
import { sizeAfter, type SealStep } from './log/sealer';
import { unpackEvents } from './log/segment';

export interface Publisher {
  /** Makes the events of up to one segment searchable. */
  step(): Promise<SealStep>;
  /** Number of events that are searchable: all before it. */
  reached(): Promise<number>;
  release(): Promise<void>;
}

/** @param store where the events go; those that are there already are left as they are. */
export function createPublisher(
  { segments, state }: AuditCollections,
  lease: Lease,
  store: (events: readonly AuditEvent[]) => Promise<void>,
): Publisher {
  const reached = async (): Promise<number> => (await state.findOne({ _id: 'published' }))?.next ?? 0;
  return {
    reached,
    step: async () => {
      if (!(await lease.take())) return 'busy';
      const segment = await segments
        .find({ _id: { $gte: await reached() } }, { projection: { count: 1, events: 1 } })
        .sort({ _id: 1 })
        .limit(1)
        .next();
      if (segment === null) return 'empty';
      if (segment.events !== undefined) {
        await store((await unpackEvents(segment.events)).map((text) => JSON.parse(text) as AuditEvent));
      }
      await state.updateOne({ _id: 'published' }, { $max: { next: sizeAfter(segment) } }, { upsert: true });
      return 'sealed';
    },
    release: () => lease.release(),
  };
}

/** Stores events in the record's `AuditEvent` collection. */
export function intoRecord(connection: StoreConnection): (events: readonly AuditEvent[]) => Promise<void> {
  return (events) => appendRecords(connection, 'AuditEvent', events.map(appendedOf));
}

/** An event is seen by the practice that acted; by others only as part of the whole deployment. */
function appendedOf(event: AuditEvent): Parameters<typeof appendRecords>[2][number] {
  const practice = event.agent.find(({ who }) => who?.reference?.startsWith('Organization/') === true);
  const acting = event.agent.find(({ requestor }) => requestor);
  const request = event.entity?.find(({ type }) => type?.code === 'XrequestId');
  return {
    resource: { ...event, id: event.id ?? '' },
    lastUpdated: new Date(event.meta?.lastUpdated ?? event.recorded),
    practices: practice === undefined ? [] : [practice.who?.reference?.slice('Organization/'.length) ?? ''],
    author: { id: acting?.altId ?? 'unknown', name: acting?.name ?? 'unknown', kind: 'audit' },
    requestId: request?.what?.identifier?.value ?? '',
  };
}
