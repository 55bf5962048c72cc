import type { Reference, Resource } from '@medplum/fhirtypes';
import { parseSearch } from '../search';
import { pagesOf, type StoreAccess, type Viewer } from '../store';

/** A reference with what is shown beside it. */
export function to<T extends Resource>(
  resource: { resourceType: T['resourceType']; id?: string | undefined },
  display?: string,
): Reference<T> & { reference: string } {
  const reference = { reference: `${resource.resourceType}/${resource.id ?? ''}` };
  return display === undefined ? reference : { ...reference, display };
}

const PAGE = '1000';

/** All matches, read page by page: for what belongs to a few resources, never for whole types. */
export async function searchAll<T extends Resource>(
  access: StoreAccess,
  viewer: Viewer,
  type: T['resourceType'],
  query: Readonly<Record<string, string>>,
): Promise<T[]> {
  const request = parseSearch(type, new URLSearchParams({ _count: PAGE, ...query }).toString());
  const found: T[] = [];
  for await (const { matches } of pagesOf(access, viewer, request))
    found.push(...matches.map(({ resource }) => resource as T));
  return found;
}

/** The present resource; undefined when there is none for the viewer. */
export async function present<T extends Resource>(
  access: StoreAccess,
  viewer: Viewer,
  type: T['resourceType'],
  id: string,
): Promise<T | undefined> {
  const found = await access.read<T>(viewer, type, id);
  return found === undefined || found.deleted ? undefined : found.resource;
}
