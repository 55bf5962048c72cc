import type { Address, Organization } from '@medplum/fhirtypes';
import type { StoreAccess, Viewer } from '../store';

/** System of the numbers that the National Council for Prescription Drug Programs gives pharmacies. */
export const NCPDP = 'http://terminology.hl7.org/CodeSystem/NCPDPProviderIdentificationNumber';

/** A pharmacy as prescriptions and orders show it. */
export interface Pharmacy {
  /** Id of the Organization; undefined for one that is only described. */
  id: string | undefined;
  name: string;
  ncpdpId: string | null;
  /** Street, city and state in one line. */
  address: string | null;
  phone: string | null;
  fax: string | null;
}

/** What an Organization says as a pharmacy, whatever it is. */
export function pharmacyOf(organization: Organization): Pharmacy {
  const telecom = (system: string): string | null =>
    organization.telecom?.find((point) => point.system === system)?.value ?? null;
  return {
    id: organization.id,
    name: organization.name ?? '',
    ncpdpId: ncpdpOf(organization) ?? null,
    address: oneLine(organization.address?.[0]),
    phone: telecom('phone'),
    fax: telecom('fax'),
  };
}

function ncpdpOf({ identifier }: Organization): string | undefined {
  return identifier?.find(({ system }) => system === NCPDP)?.value;
}

/** "123 Market St, San Francisco, CA"; text of an address that has no parts. */
function oneLine(address: Address | undefined): string | null {
  const parts = [...(address?.line ?? []), address?.city, address?.state].filter(
    (part) => part !== undefined && part !== '',
  );
  return parts.length > 0 ? parts.join(', ') : (address?.text ?? null);
}

/** The pharmacy of that Organization id: it must have an NCPDP number and be in business (decisions, "Prescriptions"). */
export async function findPharmacy(
  access: StoreAccess,
  viewer: Viewer,
  id: string,
): Promise<Pharmacy | undefined> {
  const found = await access.read<Organization>(viewer, 'Organization', id);
  if (found === undefined || found.deleted) return undefined;
  const organization = found.resource;
  return organization.active === false || ncpdpOf(organization) === undefined
    ? undefined
    : pharmacyOf(organization);
}
