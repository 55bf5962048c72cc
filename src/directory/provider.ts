import type { HealthcareService, Location, Organization } from '@medplum/fhirtypes';
import { type Derive, loadMapping, type Mapping } from '../mapping';
import { fold, type ClinicalFacts } from './scorer';
import { LEVELS_OF_CARE, specialtyCode } from './specialties';

/** Counties of Arizona. https://www.census.gov/library/reference/code-lists/ansi.html */
export const COUNTIES = [
  'Apache',
  'Cochise',
  'Coconino',
  'Gila',
  'Graham',
  'Greenlee',
  'La Paz',
  'Maricopa',
  'Mohave',
  'Navajo',
  'Pima',
  'Pinal',
  'Santa Cruz',
  'Yavapai',
  'Yuma',
] as const;

/** One provider of the directory, as matching and lists need it. */
export interface Provider {
  id: string;
  practice: string;
  county: string | undefined;
  /** As written in the directory; the code where it is one of ours. */
  facilityType: string | undefined;
  insurance: readonly string[];
  /** Levels offered, in the order of the code system. */
  slots: readonly { level: string; count: number }[];
  isAccepting: boolean;
  facts: ClinicalFacts;
}

const derive: Readonly<Record<string, Derive>> = {
  withoutCounty: (value) => (typeof value === 'string' ? value.replace(/\s+county$/i, '').trim() : undefined),
  unlessClosed: (value, bound) =>
    (bound as { service?: HealthcareService }).service?.active !== false && value !== false,
};

/** `mappings/handoffrx/provider.yaml`, compiled. */
export const providerMapping: Mapping = loadMapping('handoffrx/provider', { derive });

/** What a HealthcareService says, with its Organization and Location where they are known. */
export function providerOf(bound: {
  service: HealthcareService;
  organization?: Organization;
  location?: Location;
}): Provider {
  const shown = providerMapping.read(bound, 'directory');
  const insurance = texts(shown['insurance_accepted']);
  const slots = slotsOf(shown['slots']);
  const facilityType = textOf(shown['facility_type']);
  const rating = shown['rating'];
  return {
    id: bound.service.id ?? '',
    practice: textOf(shown['practice']) ?? '',
    county: textOf(shown['county']),
    facilityType,
    insurance,
    slots,
    isAccepting: shown['accepting_clients'] === true,
    facts: {
      facilityType: facilityType ?? '',
      insurance: new Map(insurance.map((name) => [fold(name), name])),
      slots: new Map(slots.map(({ level, count }) => [fold(level), count])),
      specialties: [...new Set(texts(shown['specialties']).map(specialtyCode))],
      rating: typeof rating === 'number' ? rating : undefined,
    },
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function slotsOf(value: unknown): { level: string; count: number }[] {
  const slots = (Array.isArray(value) ? value : []) as { level: string | null; count: number | null }[];
  const offered = slots.flatMap(({ level, count }) => (level === null ? [] : [{ level, count: count ?? 0 }]));
  return offered.sort((a, b) => rank(a.level) - rank(b.level));
}

function rank(level: string): number {
  const at = LEVELS_OF_CARE.indexOf(level);
  return at < 0 ? LEVELS_OF_CARE.length : at;
}

/** Name of the answer field of a level's slots: `available_iop_slots`. */
export function slotField(level: string): string {
  return `available_${level.toLowerCase()}_slots`;
}
