/** Reading versions: by id, many by id, one version of the past. */
import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { mayRead } from './access';
import { historyId, type RecordDocument, versionOf } from './documents';
import { hiddenRows, isVersionVisible, rowLimit } from './rows';
import { addId, findById, findByIds, inSession, type Scope, VERSION_PROJECTION } from './scope';
import type { StoredVersion, Viewer } from './types';

/**
 * The present version, a deleted one too; one round trip.
 * @returns undefined when it is unknown, or not the viewer's to see.
 */
export async function read<T extends Resource>(
  scope: Scope,
  viewer: Viewer,
  type: ResourceType,
  id: string,
): Promise<StoredVersion<T> | undefined> {
  const document = await readDocument(scope, viewer, type, id);
  return document === undefined ? undefined : versionOf<T>(type, id, document);
}

async function readDocument(
  scope: Scope,
  viewer: Viewer,
  type: ResourceType,
  id: string,
): Promise<RecordDocument | undefined> {
  if (rowLimit(viewer, type) === 'none') return undefined;
  const document = await findById(scope, type, id, VERSION_PROJECTION);
  // Practice by practice is decided here and not by the filter: it costs nothing, and the query stays one by _id.
  if (document === undefined || !mayRead(viewer, document.access)) return undefined;
  const hidden = await hiddenRows(scope, viewer, [{ type, id }]);
  return hidden.size === 0 ? document : undefined;
}

/** Many present versions, deleted ones left out as hidden and unknown ones are; in the order asked for, each once. */
export async function readMany(
  scope: Scope,
  viewer: Viewer,
  references: readonly { type: ResourceType; id: string }[],
): Promise<StoredVersion[]> {
  const wanted = new Map<ResourceType, Set<string>>();
  for (const { type, id } of references) addId(wanted, type, id);
  const found = await findByIds(scope, wanted, VERSION_PROJECTION);
  const visible = found.filter(({ document }) => !document.deleted && mayRead(viewer, document.access));
  const rows = visible.map(({ type, document }) => ({ type, id: document._id }));
  const hidden = await hiddenRows(scope, viewer, rows);
  const byKey = new Map(visible.map(({ type, document }) => [`${type}/${document._id}`, { type, document }]));
  const versions: StoredVersion[] = [];
  for (const key of new Set(references.map(({ type, id }) => `${type}/${id}`))) {
    const hit = byKey.get(key);
    if (hit !== undefined && !hidden.has(key))
      versions.push(versionOf(hit.type, hit.document._id, hit.document));
  }
  return versions;
}

/** One version, present or past. A row of history that is not below the present version is a lost race's and not shown. */
export async function readVersion(
  scope: Scope,
  viewer: Viewer,
  type: ResourceType,
  id: string,
  version: number,
): Promise<StoredVersion | undefined> {
  const present = await findById(scope, type, id, VERSION_PROJECTION);
  if (present === undefined || version > present.version) return undefined;
  const document =
    version === present.version
      ? present
      : await scope.connection.history.findOne({ _id: historyId(type, id, version) }, inSession(scope));
  if (document === null || !mayRead(viewer, document.access)) return undefined;
  const found = versionOf(type, id, document);
  return (await isVersionVisible(scope, viewer, found)) ? found : undefined;
}
