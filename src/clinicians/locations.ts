import type { Location } from '@medplum/fhirtypes';
import { referencedId } from '../fhir';
import { escapeValue, foldText, parseSearch } from '../search';
import type { StoreAccess, Viewer } from '../store';

/** https://hl7.org/fhir/extensions/StructureDefinition-timezone.html */
export const TIMEZONE = 'http://hl7.org/fhir/StructureDefinition/timezone';

/** Time zone (IANA) of a place that does not say. */
const NO_ZONE = 'UTC';

/** IANA name of the zone that a place keeps its hours in. */
export function zoneOf(location: Location | undefined): string {
  return location?.extension?.find(({ url }) => url === TIMEZONE)?.valueCode ?? NO_ZONE;
}

/** The Location that a practice means by a name: its own before others of the directory. */
export async function locationNamed(
  access: StoreAccess,
  viewer: Viewer,
  name: string,
): Promise<(Location & { id: string }) | undefined> {
  // Of such a name nothing would be left to search for.
  if (foldText(name) === '') return undefined;
  const query = new URLSearchParams({
    'name:exact': escapeValue(name),
    _count: '100',
    _sort: '_lastUpdated',
  });
  const page = await access.search(viewer, parseSearch('Location', query.toString()));
  const found = page.matches.map((match) => match.resource as Location & { id: string });
  const open = found.filter(({ status }) => status !== 'inactive');
  return (
    open.find(({ managingOrganization: at }) => referencedId(at, 'Organization') === viewer.practice) ??
    open[0]
  );
}
