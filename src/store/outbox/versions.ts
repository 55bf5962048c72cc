/** The versions that events speak of. */
import type { ResourceType } from '@medplum/fhirtypes';
import type { StoreConnection } from '../connection';
import { historyId, type HistoryDocument, type VersionFields, versionOf } from '../documents';
import type { OutboxEvent, StoredVersion } from '../types';
import type { LeasedEvents } from './lease';
import type { Relayable } from './local';

/** What a change made of a resource. */
export interface ChangeVersions {
  current: StoredVersion;
  /** Undefined for the first version. */
  previous: StoredVersion | undefined;
}

export interface Delivery {
  event: Extract<OutboxEvent, { kind: 'change' }>;
  versions: ChangeVersions;
}

/** For each leased document its change events in order, with their versions: from memory, the document, or history. */
export async function deliveriesOf(
  connection: StoreConnection,
  leased: readonly LeasedEvents[],
  known: readonly Relayable[],
): Promise<Delivery[][]> {
  const versions = new Map<string, StoredVersion>();
  const keep = (type: ResourceType, id: string, document: VersionFields): void => {
    versions.set(historyId(type, id, document.version), versionOf(type, id, document));
  };
  for (const { type, document, previous } of known) {
    keep(type, document._id, document);
    if (previous !== undefined) keep(type, previous._id, previous);
  }
  for (const { place, id, document } of leased) {
    if (place !== 'outbox' && document !== undefined) keep(place, id, document);
  }
  const missing = leased.flatMap((one) => neededOf(one)).filter((key) => !versions.has(key));
  for (const row of await rowsOf(connection, missing)) keep(row.type, row.id, row);
  return leased.map((one) => deliveriesOfOne(one, versions));
}

async function rowsOf(connection: StoreConnection, keys: readonly string[]): Promise<HistoryDocument[]> {
  if (keys.length === 0) return [];
  return connection.history.find({ _id: { $in: [...keys] } }).toArray();
}

function changesOf({ events }: LeasedEvents): Delivery['event'][] {
  return events.flatMap((event) => (event.kind === 'change' ? [event] : []));
}

function neededOf(one: LeasedEvents): string[] {
  const { place, id } = one;
  if (place === 'outbox') return [];
  return changesOf(one).flatMap(({ version, previousVersion }) => [
    historyId(place, id, version),
    ...(previousVersion === undefined ? [] : [historyId(place, id, previousVersion)]),
  ]);
}

function deliveriesOfOne(one: LeasedEvents, versions: ReadonlyMap<string, StoredVersion>): Delivery[] {
  const { place, id } = one;
  if (place === 'outbox') return [];
  return changesOf(one).flatMap((event) => {
    const current = versions.get(historyId(place, id, event.version));
    const { previousVersion } = event;
    const previous =
      previousVersion === undefined ? undefined : versions.get(historyId(place, id, previousVersion));
    return current === undefined ? [] : [{ event, versions: { current, previous } }];
  });
}
