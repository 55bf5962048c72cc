import type { Practitioner, PractitionerRole } from '@medplum/fhirtypes';
import { ProblemError, referencedId } from '../fhir';
import { type Actor, provenanceOf } from '../provenance';
import { type Change, EVERYTHING, type Store, type StoreAccess, type WriteContext } from '../store';
import {
  PROVIDER_STATUS,
  providerMapping,
  type ProviderStatus,
  providerStatus,
  VERIFICATION_FINDING,
} from './mapping';
import { providerName } from './names';
import { rolesOf } from './roles';

/** A provider at one practice, as whoever verifies it needs to see it. */
export interface ProviderStanding {
  /** `prov_...` */
  id: string;
  name: string;
  /** Id of the practice; null for a role that names none. */
  practice: string | null;
  npiNumber: string | null;
  licenseNumber: string | null;
  licenseState: string | null;
  licenseExpiry: string | null;
  status: ProviderStatus;
  /** What the checks of the numbers found. */
  findings: string[];
}

export interface StandingFilter {
  /** Id. */
  practice?: string;
  status?: ProviderStatus;
}

/** Providers of all practices, or of one, by name. */
export async function providerStandings(
  access: StoreAccess,
  { practice, status }: StandingFilter,
): Promise<ProviderStanding[]> {
  const roles = (await rolesOf(access, practice === undefined ? EVERYTHING : { practice }, {})).filter(
    (role) => status === undefined || providerStatus(role) === status,
  );
  const practitioners = await practitionersOf(access, roles);
  const standings = roles.flatMap((role) => {
    const practitioner = practitioners.get(referencedId(role.practitioner, 'Practitioner') ?? '');
    return practitioner === undefined ? [] : [standingOf(practitioner, role)];
  });
  return standings.sort((a, b) => a.name.localeCompare(b.name, 'en') || a.id.localeCompare(b.id));
}

async function practitionersOf(
  access: StoreAccess,
  roles: readonly PractitionerRole[],
): Promise<Map<string, Practitioner>> {
  const ids = [...new Set(roles.flatMap((role) => referencedId(role.practitioner, 'Practitioner') ?? []))];
  const found = await access.readMany(
    EVERYTHING,
    ids.map((id) => ({ type: 'Practitioner' as const, id })),
  );
  return new Map(
    found.filter(({ deleted }) => !deleted).map(({ id, resource }) => [id, resource as Practitioner]),
  );
}

function standingOf(practitioner: Practitioner, role: PractitionerRole): ProviderStanding {
  const told = providerMapping.read({ practitioner, role }, 'all') as unknown as Omit<
    ProviderStanding,
    'name' | 'practice' | 'findings'
  >;
  const findings = (role.extension ?? []).filter(({ url }) => url === VERIFICATION_FINDING);
  return {
    id: told.id,
    name: providerName(practitioner),
    practice: referencedId(role.organization, 'Organization') ?? null,
    npiNumber: told.npiNumber,
    licenseNumber: told.licenseNumber,
    licenseState: told.licenseState,
    licenseExpiry: told.licenseExpiry,
    status: told.status,
    findings: findings.flatMap(({ valueString }) => valueString ?? []),
  };
}

export interface Verification {
  /** FHIR id of the Practitioner. */
  id: string;
  /** Id; without one wherever the provider waits. */
  practice?: string;
  by: Actor;
  at: Date;
  context: WriteContext;
}

/**
 * Makes a provider active where it waits for verification; who said so is kept as Provenance.
 * @throws ProblemError not-found; conflict when it waits nowhere
 */
export async function verifyProvider(store: Store, request: Verification): Promise<ProviderStanding[]> {
  const { id, practice, by, at, context } = request;
  return store.transaction(async (tx) => {
    await tx.lock(`provider ${id}`);
    const roles = await rolesOf(tx, practice === undefined ? EVERYTHING : { practice }, {
      practitioner: `Practitioner/${id}`,
    });
    const practitioner = (await practitionersOf(tx, roles)).get(id);
    if (practitioner === undefined) throw new ProblemError('not-found', `There is no provider prov_${id}.`);
    const waiting = roles.filter((role) => providerStatus(role) === 'pending_verification').map(verified);
    if (waiting.length === 0) {
      const present = [...new Set(roles.map(providerStatus))].join(', ');
      throw new ProblemError(
        'conflict',
        `The provider prov_${id} does not wait for verification: ${present}.`,
      );
    }
    const targets = waiting.map((role) => `PractitionerRole/${role.id}`);
    const changes: Change[] = [
      ...waiting.map((resource) => ({ kind: 'put' as const, resource })),
      { kind: 'create', resource: provenanceOf({ targets, activity: 'UPDATE', by, at, reason: 'verified' }) },
    ];
    await tx.commit(changes, context);
    return waiting.map((role) => standingOf(practitioner, role));
  });
}

/** The role of a provider who was looked at: what was found beforehand is settled. */
function verified(role: PractitionerRole): PractitionerRole & { id: string } {
  const settled = new Set([PROVIDER_STATUS, VERIFICATION_FINDING]);
  const { extension = [], ...rest } = role;
  const others = extension.filter(({ url }) => !settled.has(url));
  return { ...rest, id: role.id ?? '', active: true, ...(others.length > 0 && { extension: others }) };
}
