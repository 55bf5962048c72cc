import type { Resource, ResourceType } from '@medplum/fhirtypes';
import type { StoreAccess, Viewer } from './types';

/** One of the resources that were read; undefined for what is not there, deleted, hidden or has no id. */
export type Lookup = <T extends Resource>(type: T['resourceType'], id: string | undefined) => T | undefined;

/**
 * Reads the resources that others lead to, one query a type.
 * @param wanted type and id; those without an id are left out
 */
export async function lookUpMany(
  access: Pick<StoreAccess, 'readMany'>,
  viewer: Viewer,
  wanted: readonly (readonly [type: ResourceType, id: string | undefined])[],
): Promise<Lookup> {
  const references = wanted.flatMap(([type, id]) => (id === undefined ? [] : [{ type, id }]));
  const read = await access.readMany(viewer, references);
  const present = read.filter(({ deleted }) => !deleted);
  const byKey = new Map(present.map(({ type, id, resource }) => [`${type}/${id}`, resource]));
  return <T extends Resource>(type: T['resourceType'], id: string | undefined) =>
    id === undefined ? undefined : (byKey.get(`${type}/${id}`) as T | undefined);
}
