/** Planned changes as documents, and the writes that make them true. */
import type { ResourceType } from '@medplum/fhirtypes';
import type { mongo } from 'mongoose';
import { randomUUID } from 'node:crypto';
import { cloneResource } from '../fhir';
import { contentFields, type HistoryDocument, type RecordDocument, superseded } from './documents';
import { TransactionConflict } from './failures';
import { indexFields, noIndexFields } from './indexing';
import type { Claim, Relayable } from './outbox/local';
import type { NextVersion, Planned } from './plan';
import { inSession, type Scope } from './scope';
import type { OutboxEvent, WriteContext } from './types';

/** One document to be written. */
export interface Write {
  type: ResourceType;
  previous: RecordDocument | undefined;
  /** Without the events, which are added once the audit entries are known. */
  document: RecordDocument;
  events: OutboxEvent[];
}

/** The document of a planned version. */
export function documentOf(
  planned: Planned,
  next: NextVersion,
  access: string[],
  context: WriteContext,
): RecordDocument {
  const { previous, id } = planned;
  const firstWritten = previous?.firstWritten ?? previous?.lastUpdated;
  return {
    _id: id,
    revision: (previous?.revision ?? 0) + 1,
    version: next.version,
    lastUpdated: next.lastUpdated,
    deleted: next.deleted,
    interaction: next.interaction,
    author: context.author,
    requestId: context.requestId,
    ...(firstWritten !== undefined && { firstWritten }),
    ...contentFields(next.resource),
    access,
    ...(next.deleted ? noIndexFields(planned.type) : indexFields(next.resource, access, firstWritten)),
  };
}

export function changeEvent(planned: Planned, next: NextVersion, context: WriteContext): OutboxEvent {
  return {
    id: randomUUID(),
    kind: 'change',
    interaction: next.interaction,
    version: next.version,
    ...(planned.previous === undefined ? {} : { previousVersion: planned.previous.version }),
    at: next.lastUpdated,
    requestId: context.requestId,
    ...(context.traceparent === undefined ? {} : { traceparent: context.traceparent }),
    author: context.author,
  };
}

/** Fields that the next version may not have. */
const OPTIONAL_FIELDS = ['decimals', 'list'] as const;

/** True when the events of the present document still wait for a relay: new ones go behind them. */
function hasWaiting(write: Write): boolean {
  return (write.previous?.events?.length ?? 0) > 0;
}

/**
 * Puts the events into the document. With a claim, this process' relay has them already and the document says so;
 * behind events that wait already, they wait too.
 */
function withEvents(write: Write, claim: Claim | undefined): RecordDocument {
  if (write.events.length === 0 || hasWaiting(write)) return write.document;
  const due = claim?.until ?? new Date();
  return {
    ...write.document,
    events: write.events,
    due,
    ...(claim === undefined ? {} : { lease: claim.lease }),
  };
}

/** The change of a present document, on condition that nobody changed it since it was read. */
function replacement(
  write: Write,
  claim: Claim | undefined,
): {
  filter: mongo.Filter<RecordDocument>;
  replace?: RecordDocument;
  update?: mongo.UpdateFilter<RecordDocument>;
} {
  const filter = { _id: write.document._id, revision: write.previous?.revision ?? 0 };
  if (!hasWaiting(write)) return { filter, replace: withEvents(write, claim) };
  // A relay may be clearing the waiting events at this moment: they are left to it, the new ones pushed behind.
  const fields: Partial<RecordDocument> = { ...write.document };
  delete fields._id;
  const absent = OPTIONAL_FIELDS.filter((name) => !(name in fields));
  return {
    filter,
    update: {
      $set: fields,
      ...(absent.length > 0 ? { $unset: Object.fromEntries(absent.map((name) => [name, ''] as const)) } : {}),
      ...(write.events.length > 0
        ? { $push: { events: { $each: write.events } }, $max: { due: new Date() } }
        : {}),
    },
  };
}

/**
 * Writes one document outside of a transaction: a create is one insert; an update puts the superseded version into
 * history, then replaces the present one.
 * @returns false when another writer was faster.
 */
export async function writeOne(scope: Scope, write: Write, claim: Claim | undefined): Promise<boolean> {
  const records = scope.connection.records(write.type);
  if (write.previous === undefined) return scope.connection.singles.insert(records, withEvents(write, claim));
  await keep(scope, superseded(write.type, write.previous, write.document.lastUpdated));
  const { filter, replace, update } = replacement(write, claim);
  const result =
    replace === undefined
      ? await records.updateOne(filter, update ?? {})
      : await records.replaceOne(filter, replace);
  return result.matchedCount === 1;
}

/**
 * The version that is being superseded is what anybody would keep under its id: who finds it there already can go on.
 * If its own write then loses the race, the row is the present version's, which history does not show.
 */
async function keep(scope: Scope, row: HistoryDocument): Promise<void> {
  const { singles, history } = scope.connection;
  if (await singles.insert(history, row)) return;
  await history.updateOne({ _id: row._id }, { $max: { until: row.until } });
}

/**
 * Writes many documents in a transaction, in bulk by type. Within one call a document occurs once.
 * @throws TransactionConflict when a document was changed since the transaction read it.
 */
export async function writeMany(
  scope: Scope,
  writes: readonly Write[],
  claim: Claim | undefined,
): Promise<void> {
  const rows = writes.flatMap((write) =>
    write.previous === undefined ? [] : [superseded(write.type, write.previous, write.document.lastUpdated)],
  );
  if (rows.length > 0) {
    // Replaced, not inserted: a lost race may have left the row, and an error would end the transaction.
    const operations = rows.map((row) => ({
      replaceOne: { filter: { _id: row._id }, replacement: row, upsert: true },
    }));
    await scope.connection.history.bulkWrite(operations, { ...inSession(scope), ordered: true });
  }
  for (const [type, ofType] of byType(writes)) {
    const records = scope.connection.records(type);
    const fresh = ofType
      .filter((write) => write.previous === undefined)
      .map((write) => withEvents(write, claim));
    if (fresh.length > 0) await records.insertMany(fresh, { ...inSession(scope), ordered: true });
    const changed = ofType
      .filter((write) => write.previous !== undefined)
      .map((write) => replacement(write, claim));
    if (changed.length === 0) continue;
    const operations = changed.map(({ filter, replace, update }) =>
      replace === undefined
        ? { updateOne: { filter, update: update ?? {} } }
        : { replaceOne: { filter, replacement: replace } },
    );
    const result = await records.bulkWrite(operations, { ...inSession(scope), ordered: true });
    if (result.matchedCount !== changed.length)
      throw new TransactionConflict('A document has changed since it was read.');
  }
}

function byType(writes: readonly Write[]): Map<ResourceType, Write[]> {
  const groups = new Map<ResourceType, Write[]>();
  for (const write of writes) {
    const group = groups.get(write.type);
    if (group === undefined) groups.set(write.type, [write]);
    else group.push(write);
  }
  return groups;
}

/** Events of no document: audit entries of a write that changed nothing. */
export async function writeLoose(scope: Scope, events: OutboxEvent[]): Promise<void> {
  if (events.length === 0) return;
  const document = { _id: randomUUID(), events, due: new Date() };
  await scope.connection.outbox.insertOne(document, inSession(scope));
}

/**
 * What this process' relay may take from memory, once the writes are acknowledged. The resource is a copy: what the
 * caller makes of the one it was answered with is no business of those who are notified.
 */
export function relayable(writes: readonly Write[], claim: Claim | undefined): Relayable[] {
  if (claim === undefined) return [];
  return writes
    .filter((write) => write.events.length > 0 && !hasWaiting(write))
    .map(({ type, document, previous, events }) => {
      const own = { ...document, resource: cloneResource(document.resource) };
      return { type, document: own, previous, events, claim };
    });
}
