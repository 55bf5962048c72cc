import type { Location, Practitioner, PractitionerRole } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { fieldProblem, ProblemError, referencedId } from '../fhir';
import { mapped, requireSound } from '../mapping';
import { type Actor, provenanceOf } from '../provenance';
import { parseSearch } from '../search';
import {
  type Change,
  type Committed,
  EVERYTHING,
  type Store,
  type StoreAccess,
  type StoreTransaction,
  type Viewer,
  type WriteContext,
} from '../store';
import { locationNamed } from './locations';
import {
  PROVIDER_STATUS,
  providerMapping,
  type ProviderResources,
  providerStatus,
  VERIFICATION_FINDING,
} from './mapping';
import { rolesOf } from './roles';
import { verificationFindings } from './verification';

/** A provider in the vendor's fields. Dermifi, "Providers API". */
export type ProviderView = Record<string, unknown>;

/** Body of `POST /providers`, checked. */
export interface NewProvider extends Record<string, unknown> {
  firstName: string;
  lastName: string;
  npiNumber: string;
  deaNumber?: string | null;
  licenseExpiry?: string | null;
  locations?: readonly string[] | null;
}

export interface ProviderFilter {
  /** Case does not count. */
  specialty?: string;
  /** Accepts new patients. */
  available?: boolean;
  /** Name of a place where the provider works. */
  location?: string;
}

/** A provider of a practice with the places of its role. */
export interface Provider extends ProviderResources {
  id: string;
  locations: readonly Location[];
}

const NPI = 'http://hl7.org/fhir/sid/us-npi';

/** The provider of the practice with this id; undefined when the practice has none. */
export async function findProvider(
  access: StoreAccess,
  viewer: Viewer,
  id: string,
): Promise<Provider | undefined> {
  const [practitioner, roles] = await Promise.all([
    access.read<Practitioner>(viewer, 'Practitioner', id),
    rolesOf(access, viewer, { practitioner: `Practitioner/${id}` }),
  ]);
  const [role] = roles;
  if (practitioner === undefined || practitioner.deleted || role === undefined) return undefined;
  const locations = await locationsOf(access, viewer, [role]);
  return { id, practitioner: practitioner.resource, role, locations: locations(role) };
}

/** Providers of the practice, all but inactive ones, by name. */
export async function listProviders(
  access: StoreAccess,
  viewer: Viewer,
  filter: ProviderFilter,
): Promise<ProviderView[]> {
  const roles = (await rolesOf(access, viewer, {})).filter((role) => providerStatus(role) !== 'inactive');
  const ids = [...new Set(roles.flatMap((role) => referencedId(role.practitioner, 'Practitioner') ?? []))];
  const found = await access.readMany(
    viewer,
    ids.map((id) => ({ type: 'Practitioner' as const, id })),
  );
  const practitioners = new Map(found.map(({ id, resource }) => [id, resource as Practitioner]));
  const locations = await locationsOf(access, viewer, roles);
  const views = ids.flatMap((id) => {
    const practitioner = practitioners.get(id);
    const role = roles.find((one) => referencedId(one.practitioner, 'Practitioner') === id);
    if (practitioner === undefined || role === undefined || practitioner.active === false) return [];
    return [providerView({ id, practitioner, role, locations: locations(role) }, 'list')];
  });
  return views.filter((view) => isWanted(view, filter)).sort(byName);
}

function isWanted(view: ProviderView, { specialty, available, location }: ProviderFilter): boolean {
  const same = (value: unknown, wanted: string): boolean =>
    String(value).toLowerCase() === wanted.toLowerCase();
  return (
    (specialty === undefined || same(view['specialty'], specialty)) &&
    (available === undefined || (view['acceptingNewPatients'] === true) === available) &&
    (location === undefined || (view['locations'] as string[]).some((name) => same(name, location)))
  );
}

function byName(a: ProviderView, b: ProviderView): number {
  const key = ({ lastName, firstName, id }: ProviderView): string =>
    `${String(lastName)}\n${String(firstName)}\n${String(id)}`;
  return key(a).localeCompare(key(b), 'en');
}

/** A provider in the vendor's fields. */
export function providerView(
  { practitioner, role, locations }: Provider,
  view: 'list' | 'created',
): ProviderView {
  const names = locations.flatMap(({ name }) => name ?? []);
  return providerMapping.read({ practitioner, role }, view, { locations: names });
}

/** The Locations of roles, one read for all. */
async function locationsOf(
  access: StoreAccess,
  viewer: Viewer,
  roles: readonly PractitionerRole[],
): Promise<(role: PractitionerRole) => Location[]> {
  const idsOf = (role: PractitionerRole): string[] =>
    (role.location ?? []).flatMap((reference) => referencedId(reference, 'Location') ?? []);
  const ids = [...new Set(roles.flatMap(idsOf))];
  const found = await access.readMany(
    viewer,
    ids.map((id) => ({ type: 'Location' as const, id })),
  );
  const byId = new Map(found.map(({ id, resource }) => [id, resource as Location]));
  return (role) => idsOf(role).flatMap((id) => byId.get(id) ?? []);
}

export interface NewProviderRequest {
  input: NewProvider;
  viewer: Viewer;
  by: Actor;
  at: Date;
  context: WriteContext;
}

/**
 * Adds a provider to the practice: Practitioner, PractitionerRole and Provenance in one transaction.
 * @throws ProblemError invalid for an unknown location, conflict when somebody of the directory has this NPI.
 */
export async function createProvider(store: Store, request: NewProviderRequest): Promise<Provider> {
  const { viewer, input, context } = request;
  return store.transaction(async (tx) => {
    await requireNewNpi(tx, input.npiNumber);
    const locations = await requireLocations(tx, viewer, input.locations ?? []);
    const { practitioner, role } = resourcesOf(request, locations);
    const provenance = provenanceOf({
      targets: [`Practitioner/${practitioner.id}`, `PractitionerRole/${role.id}`],
      activity: 'CREATE',
      by: request.by,
      at: request.at,
    });
    requireSound(providerMapping, { practitioner, role });
    const changes: Change[] = [
      { kind: 'create', resource: practitioner, id: practitioner.id },
      { kind: 'create', resource: role, id: role.id },
      { kind: 'create', resource: provenance },
    ];
    const committed = await tx.commit(changes, context);
    return { id: practitioner.id, ...storedOf(committed), locations };
  });
}

function storedOf(committed: readonly Committed[]): ProviderResources {
  const [practitioner, role] = committed;
  return { practitioner: practitioner?.resource as Practitioner, role: role?.resource as PractitionerRole };
}

/** One person has one NPI, and the directory is common to all practices (decisions, "Providers", "Access"). */
async function requireNewNpi(tx: StoreTransaction, npi: string): Promise<void> {
  await tx.lock(`provider npi ${npi}`);
  const page = await tx.search(EVERYTHING, parseSearch('Practitioner', `identifier=${NPI}|${npi}&_count=1`));
  const [other] = page.matches;
  if (other === undefined) return;
  throw new ProblemError('conflict', `A provider with this NPI already exists: prov_${other.id}`);
}

async function requireLocations(
  tx: StoreTransaction,
  viewer: Viewer,
  names: readonly string[],
): Promise<(Location & { id: string })[]> {
  const found = await Promise.all(names.map((name) => locationNamed(tx, viewer, name)));
  const unknown = found.flatMap((location, i) =>
    location === undefined
      ? [{ field: `locations[${i}]`, message: 'There is no location of this name' }]
      : [],
  );
  if (unknown.length > 0) throw fieldProblem('invalid', 'Invalid request parameters', unknown);
  return found.flatMap((location) => location ?? []);
}

function resourcesOf(
  { input, by, at }: NewProviderRequest,
  locations: readonly (Location & { id: string })[],
): { practitioner: Practitioner & { id: string }; role: PractitionerRole & { id: string } } {
  const bound = mapped(providerMapping, { ...input, createdAt: at.toISOString() });
  const practitioner = { ...(bound['practitioner'] as Practitioner), id: randomUUID() };
  const findings = verificationFindings(input, at.toISOString().slice(0, 10));
  const written = (bound['role'] ?? { resourceType: 'PractitionerRole' }) as PractitionerRole;
  const role: PractitionerRole & { id: string } = {
    ...written,
    id: randomUUID(),
    active: false,
    practitioner: { reference: `Practitioner/${practitioner.id}` },
    ...(by.practice !== undefined && { organization: { reference: `Organization/${by.practice}` } }),
    ...(locations.length > 0 && {
      location: locations.map(({ id, name }) => ({
        reference: `Location/${id}`,
        ...(name && { display: name }),
      })),
    }),
    extension: [
      ...(written.extension ?? []),
      { url: PROVIDER_STATUS, valueCode: 'pending_verification' },
      ...findings.map((valueString) => ({ url: VERIFICATION_FINDING, valueString })),
    ],
  };
  return { practitioner, role };
}
