/** Making the index of stored resources again, when search parameters have changed. */
import type { ResourceType } from '@medplum/fhirtypes';
import type { mongo } from 'mongoose';
import { setImmediate } from 'node:timers/promises';
import type { StoreConnection } from './connection';
import type { RecordDocument } from './documents';
import { restoreDecimals } from '../fhir';
import { indexVersion } from '../search';
import { withProblems } from './failures';
import { indexFields, WITHOUT_INDEX } from './indexing';

export interface ReindexProgress {
  type: ResourceType;
  /** Documents looked at so far, deleted ones included. */
  done: number;
  /** Pass as `after` to go on from here, also after a restart. */
  after: string;
}

export interface ReindexOptions {
  connection: StoreConnection;
  type: ResourceType;
  /** Id behind which to begin. */
  after?: string;
  /** Documents a round. */
  batch?: number;
  /** Called after every round; the work goes on when its promise resolves. */
  onProgress?: (progress: ReindexProgress) => void | Promise<void>;
  signal?: AbortSignal;
}

/** Documents a round, unless told. */
const DEFAULT_BATCH = 500;

/**
 * Walks a type in the order of ids and makes each document's index again from its resource, without a new version.
 * Documents that were indexed by the same search parameters are left as they are, and so is one that is written
 * meanwhile: its writer has indexed it. So it may be run again at any time, and goes on quickly where it was stopped.
 * @returns how many documents it looked at.
 */
export async function reindex(options: ReindexOptions): Promise<number> {
  const { connection, type, batch = DEFAULT_BATCH, onProgress, signal } = options;
  await connection.prepare(type);
  let after = options.after ?? '';
  let done = 0;
  while (!(signal?.aborted ?? false)) {
    const documents = await withProblems(() => nextDocuments(connection, type, after, batch));
    const last = documents.at(-1);
    if (last === undefined) break;
    await withProblems(() => writeIndexes(connection, type, documents));
    after = last._id;
    done += documents.length;
    await onProgress?.({ type, done, after });
    await setImmediate();
  }
  return done;
}

function nextDocuments(
  connection: StoreConnection,
  type: ResourceType,
  after: string,
  batch: number,
): Promise<RecordDocument[]> {
  const filter = after === '' ? {} : { _id: { $gt: after } };
  return connection
    .records(type)
    .find(filter, { projection: { ...WITHOUT_INDEX, events: 0 } })
    .sort({ _id: 1 })
    .limit(batch)
    .toArray();
}

async function writeIndexes(
  connection: StoreConnection,
  type: ResourceType,
  documents: readonly RecordDocument[],
): Promise<void> {
  const version = indexVersion(type);
  const operations: mongo.AnyBulkWriteOperation<RecordDocument>[] = [];
  for (const document of documents) {
    if (document.deleted || document.indexed === version) continue;
    const resource = restoreDecimals(document.resource, document.decimals ?? []);
    const filter = { _id: document._id, revision: document.revision };
    const fields = indexFields(resource, document.access, document.firstWritten);
    operations.push({ updateOne: { filter, update: { $set: fields } } });
  }
  if (operations.length > 0) await connection.records(type).bulkWrite(operations, { ordered: false });
}
