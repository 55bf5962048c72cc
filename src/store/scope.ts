/** Where an operation runs: on the connection, and in a transaction's session when there is one. */
import type { ResourceType } from '@medplum/fhirtypes';
import type { mongo } from 'mongoose';
import type { StoreConnection } from './connection';
import type { RecordDocument } from './documents';
import { WITHOUT_INDEX } from './indexing';

export interface Scope {
  connection: StoreConnection;
  session?: mongo.ClientSession;
  /** Milliseconds that a search may take; without it, {@link SEARCH_MS}. */
  searchMs?: number | undefined;
}

/** A search that takes longer is given up: whoever asked has stopped waiting, and others need the database. */
export const SEARCH_MS = 30_000;

/** Ids that one `$in` may hold; longer lists are asked for in several queries. */
const IDS_A_QUERY = 1_000;

/** Options that carry the session, when there is one. */
export function inSession(scope: Scope): { session?: mongo.ClientSession } {
  return scope.session === undefined ? {} : { session: scope.session };
}

/** What reads leave in the database: a version's search index and outbox are of no use to the reader. */
export const VERSION_PROJECTION = { ...WITHOUT_INDEX, indexed: 0, events: 0, due: 0, lease: 0 } as const;

/** Runs the work on each item; one after the other inside a transaction, whose session takes one operation at a time. */
export async function eachIn<T, R>(
  scope: Scope,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  if (scope.session === undefined) return Promise.all(items.map(work));
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

/** One document by its id. */
export async function findById(
  { connection, session }: Scope,
  type: ResourceType,
  id: string,
  projection: Record<string, 0 | 1>,
): Promise<RecordDocument | undefined> {
  const records = connection.records(type);
  if (session === undefined) return connection.singles.find(records, id, projection);
  return (await records.findOne({ _id: id }, { session, projection })) ?? undefined;
}

/** Documents of several types by id, one query a type and thousand ids; unknown ones are left out. */
export async function findByIds(
  scope: Scope,
  wanted: ReadonlyMap<ResourceType, ReadonlySet<string>>,
  projection: Record<string, 0 | 1>,
): Promise<{ type: ResourceType; document: RecordDocument }[]> {
  const queries = [...wanted].flatMap(([type, ids]) =>
    chunks([...ids], IDS_A_QUERY).map((part) => ({ type, ids: part })),
  );
  const found = await eachIn(scope, queries, async ({ type, ids }) => {
    const [id = ''] = ids;
    const documents =
      ids.length === 1
        ? [await findById(scope, type, id, projection)]
        : await scope.connection
            .records(type)
            .find({ _id: { $in: ids } }, { ...inSession(scope), projection, batchSize: IDS_A_QUERY })
            .toArray();
    return documents.flatMap((document) => (document === undefined ? [] : [{ type, document }]));
  });
  return found.flat();
}

export function chunks<T>(list: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < list.length; start += size) parts.push(list.slice(start, start + size));
  return parts;
}

/** Collects ids by type. */
export function addId(into: Map<ResourceType, Set<string>>, type: ResourceType, id: string): void {
  const ids = into.get(type);
  if (ids === undefined) into.set(type, new Set([id]));
  else ids.add(id);
}
