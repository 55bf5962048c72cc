/** Sealed events as resources of the record, read and searched through the FHIR face like any other. */
import type { AuditEvent } from '@medplum/fhirtypes';
import { appendRecords, type StoreConnection } from '../store';
import type { Publisher } from './log/sealer';

/** @param connection the store's; events go into its `AuditEvent` collection. */
export function createPublisher(connection: StoreConnection): Publisher {
  return {
    publish: (events) => appendRecords(connection, 'AuditEvent', events.map(appendedOf)),
    known: async (ids) => {
      const found = connection
        .records('AuditEvent')
        .find({ _id: { $in: [...ids] } }, { projection: { _id: 1 } });
      return new Set((await found.toArray()).map(({ _id }) => _id));
    },
  };
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
