import type { CodeableConcept, Practitioner, PractitionerRole } from '@medplum/fhirtypes';
import { CANONICAL_BASE } from '../fhir';
import { type CodecMaker, type Derive, loadMapping, type Mapping, REFUSED } from '../mapping';
import { conceptText, titleOf } from './names';

/** The resources of one provider of a practice. An EHR's role may have been taken away meanwhile. */
export interface ProviderResources {
  practitioner: Practitioner;
  role?: PractitionerRole;
}

/** What derived fields need besides the resources. */
export interface ProviderContext {
  /** Names of the Locations where the provider works. */
  locations: readonly string[];
}

export const PROVIDER_STATUSES = ['pending_verification', 'active', 'inactive'] as const;
export type ProviderStatus = (typeof PROVIDER_STATUSES)[number];

const EXTENSION = `${CANONICAL_BASE}/StructureDefinition/`;
export const PROVIDER_STATUS = `${EXTENSION}provider-status`;
export const VERIFICATION_FINDING = `${EXTENSION}verification-finding`;
const SUBSPECIALTY = `${EXTENSION}subspecialty`;

type Bound = Partial<ProviderResources>;

/**
 * PractitionerRole.active decides, so that an EHR that sets it is heard; our extension only tells a provider who
 * waits for verification from one who left.
 */
export function providerStatus(role: PractitionerRole | undefined): ProviderStatus {
  if (role === undefined) return 'inactive';
  const said = role.extension?.find(({ url }) => url === PROVIDER_STATUS)?.valueCode as
    ProviderStatus | undefined;
  if (role.active === true) return 'active';
  if (role.active === false) return said === 'pending_verification' ? said : 'inactive';
  return said ?? 'active';
}

const isSub = ({ extension }: CodeableConcept): boolean =>
  extension?.some(({ url, valueBoolean }) => url === SUBSPECIALTY && valueBoolean === true) ?? false;

const derive: Readonly<Record<string, Derive>> = {
  wholeTitle: (_value, bound) => titleOf((bound as Bound).practitioner?.name),
  mainSpecialty: (_value, bound) => conceptText((bound as Bound).role?.specialty?.find((one) => !isSub(one))),
  orSecondSpecialty: (value, bound) =>
    value ?? conceptText((bound as Bound).role?.specialty?.filter((one) => !isSub(one))[1]),
  isVerified: (_value, bound) => providerStatus((bound as Bound).role) === 'active',
  standing: (_value, bound) => providerStatus((bound as Bound).role),
  locationNames: (_value, _bound, context) => (context as ProviderContext | undefined)?.locations,
};

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const codecs: Readonly<Record<string, CodecMaker>> = {
  'concept-text': () => ({
    expected: 'a text',
    toFhir: (value) => (isText(value) ? { text: value } : REFUSED),
    toVendor: (value) => conceptText(value as CodeableConcept),
  }),
  // A degree each: "MD, PhD" are two suffixes, and read back as they were written.
  degrees: () => ({
    expected: 'a text',
    toFhir: (value) => {
      if (!isText(value)) return REFUSED;
      const parts = value.split(', ');
      return parts.every((part) => part.trim() !== '') ? parts : [value];
    },
    toVendor: (value) => (isText(value) ? value : undefined),
  }),
  year: () => ({
    expected: 'a year',
    toFhir: (value) => (Number.isInteger(value) ? String(value).padStart(4, '0') : REFUSED),
    toVendor: (value) => (isText(value) ? Number(value.slice(0, 4)) : undefined),
  }),
};

/** `mappings/dermifi/provider.yaml`, compiled. */
export const providerMapping: Mapping = loadMapping('dermifi/provider', { derive, codecs });
