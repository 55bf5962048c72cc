/** Resources that are written once by a service of the house itself: many at a time, without rules and events. */
import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { mongo } from 'mongoose';
import { accessOf } from './access';
import type { StoreConnection } from './connection';
import { contentFields, type RecordDocument } from './documents';
import { isDuplicateKey } from './failures';
import { indexFields } from './indexing';
import type { WriteContext } from './types';

/** A first version that is complete: id, `meta.versionId` 1 and `meta.lastUpdated` are given. */
export interface Appended {
  resource: Resource & { id: string };
  lastUpdated: Date;
  /** Practices (Organization ids) that may see it. */
  practices: readonly string[];
  author: WriteContext['author'];
  requestId: string;
}

/** Inserts resources of one type. Those whose id is there already are left as they are. */
export async function appendRecords(
  connection: StoreConnection,
  type: ResourceType,
  appended: readonly Appended[],
): Promise<void> {
  if (appended.length === 0) return;
  await connection.prepare(type);
  try {
    await connection.records(type).insertMany(
      appended.map((one) => documentOf(type, one)),
      { ordered: false },
    );
  } catch (error) {
    if (!onlyDuplicates(error)) throw error;
  }
}

function documentOf(
  type: ResourceType,
  { resource, lastUpdated, practices, author, requestId }: Appended,
): RecordDocument {
  const access = accessOf(type, practices);
  return {
    _id: resource.id,
    revision: 1,
    version: 1,
    lastUpdated,
    deleted: false,
    interaction: 'create',
    author,
    requestId,
    ...contentFields(resource),
    access,
    ...indexFields(resource, access),
  };
}

function onlyDuplicates(error: unknown): boolean {
  if (!(error instanceof mongo.MongoBulkWriteError)) return isDuplicateKey(error);
  const failures = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  return failures.length > 0 && failures.every(({ code }) => code === 11_000);
}
