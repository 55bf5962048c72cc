import type { PractitionerRole } from '@medplum/fhirtypes';
import { parseSearch } from '../search';
import { pagesOf, type StoreAccess, type Viewer } from '../store';

const PAGE = 1000;

/** Roles at the viewer's practice, or at all for a viewer of the whole deployment; the newest first. */
export async function rolesOf(
  access: StoreAccess,
  viewer: Viewer,
  query: Record<string, string>,
): Promise<PractitionerRole[]> {
  const parameters = new URLSearchParams({ ...query, _sort: '-_lastUpdated', _count: String(PAGE) });
  if (viewer.practice !== undefined) parameters.set('organization', `Organization/${viewer.practice}`);
  const request = parseSearch('PractitionerRole', parameters.toString());
  const roles: PractitionerRole[] = [];
  for await (const { matches } of pagesOf(access, viewer, request))
    roles.push(...matches.map(({ resource }) => resource as PractitionerRole));
  return roles;
}
