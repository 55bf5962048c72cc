/** What SMART scopes leave of a type for a viewer (`Viewer.rows`), row by row. */
import type { ResourceType } from '@medplum/fhirtypes';
import { matchesInMemory, requestOf, type SearchRequest } from '../search';
import type { Scope } from './scope';
import { search } from './search';
import type { StoredVersion, Viewer } from './types';

interface Row {
  type: ResourceType;
  id: string;
}

const keyOf = ({ type, id }: Row): string => `${type}/${id}`;

/** All rows, none, or those that match one of the searches. */
export function rowLimit(viewer: Viewer, type: ResourceType): 'all' | 'none' | readonly SearchRequest[] {
  const rows = viewer.rows?.(type) ?? true;
  if (rows === true) return 'all';
  return rows === false || rows.length === 0 ? 'none' : rows;
}

/** Which of the rows are hidden, as `type/id`. Asks the database only for viewers whose scopes have filters. */
export async function hiddenRows(
  scope: Scope,
  viewer: Viewer,
  rows: readonly Row[],
): Promise<ReadonlySet<string>> {
  const hidden = new Set<string>();
  if (viewer.rows === undefined) return hidden;
  for (const type of new Set(rows.map((row) => row.type))) {
    const limit = rowLimit(viewer, type);
    if (limit === 'all') continue;
    const ids = rows.filter((row) => row.type === type).map((row) => row.id);
    // Search keeps to the limits by itself.
    const asked = requestOf(type, { kind: 'ids', ids }, ids.length);
    const found = limit === 'none' ? [] : (await search(scope, viewer, asked)).matches;
    for (const id of ids) hidden.add(keyOf({ type, id }));
    for (const { id } of found) hidden.delete(keyOf({ type, id }));
  }
  return hidden;
}

/**
 * Whether a version of the past may be seen: the resource as it is now and as it was then must both be within the
 * limits. Limits that follow references cannot be judged for the past and hide it.
 */
export async function isVersionVisible(
  scope: Scope,
  viewer: Viewer,
  version: StoredVersion,
): Promise<boolean> {
  const limit = rowLimit(viewer, version.type);
  if (limit === 'all') return true;
  if (limit === 'none' || version.deleted) return false;
  const isThen = limit.some((request) => matchesInMemory(request, version.resource));
  return isThen && (await hiddenRows(scope, viewer, [version])).size === 0;
}
