import type { HealthcareService, Location, Organization, Resource } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import { escapeValue, parseSearch } from '../search';
import { EVERYTHING, type Store, type WriteContext } from '../store';
import { type Line, readTable, writeAll } from '../tables';
import { COUNTIES, providerMapping, slotField } from './provider';
import { fold } from './scorer';
import { LEVELS_OF_CARE, specialtyCode } from './specialties';

/** Columns of the file; slots come as `available_<level>_slots`. docs/handoffrx.md */
const COLUMNS = [
  'id',
  'practice',
  'service',
  'facility_type',
  'county',
  'insurance_accepted',
  'specialties',
  'accepting_clients',
  'rating',
] as const;

const REQUIRED = ['practice', 'facility_type', 'county'] as const;

const SLOT_COLUMNS = new Map(LEVELS_OF_CARE.map((level) => [slotField(level), level]));

/** One provider of the directory to be written. */
export interface ProviderRow {
  /** Id of the HealthcareService; made of practice, service, type and county when not given. */
  id?: string;
  practice: string;
  /** Name shown when it is not the practice's. */
  service?: string;
  facilityType: string;
  county: string;
  insurance: readonly string[];
  specialties: readonly string[];
  isAccepting: boolean;
  /** 0 to 5. */
  rating?: number;
  slots: readonly { level: string; count: number }[];
}

/**
 * Reads providers from CSV with a header. Lists are separated by semicolons.
 * @throws ProblemError invalid naming every line and column that cannot be used; nothing of such a file is imported.
 */
export function readProviders(text: string): ProviderRow[] {
  return readTable(text, [...COLUMNS, ...SLOT_COLUMNS.keys()], REQUIRED, rowOf);
}

function rowOf({ text, fault }: Line): ProviderRow {
  const county = COUNTIES.find((name) => fold(name) === fold(text('county').replace(/\s+county$/i, '')));
  if (county === undefined && text('county') !== '') fault('county is not one of Arizona');
  const facility = LEVELS_OF_CARE.find((level) => fold(level) === fold(text('facility_type')));
  if (facility === undefined && text('facility_type') !== '')
    fault(`facility_type is not one of ${LEVELS_OF_CARE.join(', ')}`);
  const accepting = { '': true, true: true, yes: true, false: false, no: false }[
    fold(text('accepting_clients'))
  ];
  if (accepting === undefined) fault('accepting_clients is not true or false');
  const rating = text('rating') === '' ? undefined : Number(text('rating'));
  if (rating !== undefined && !(rating >= 0 && rating <= 5)) fault('rating is not a number from 0 to 5');
  if (!/^[A-Za-z0-9\-.]{0,64}$/.test(text('id'))) fault('id is not a FHIR id');
  return {
    ...(text('id') !== '' && { id: text('id') }),
    practice: text('practice'),
    ...(text('service') !== '' && { service: text('service') }),
    facilityType: facility ?? '',
    county: county ?? '',
    insurance: cells(text('insurance_accepted')),
    specialties: cells(text('specialties')).map(specialtyCode),
    isAccepting: accepting ?? true,
    ...(rating !== undefined && { rating }),
    slots: slotsOf({ text, fault }),
  };
}

function slotsOf({ text, fault }: Pick<Line, 'text' | 'fault'>): ProviderRow['slots'] {
  return [...SLOT_COLUMNS].flatMap(([column, level]) => {
    const cell = text(column);
    if (cell === '') return [];
    if (!/^\d{1,6}$/.test(cell)) fault(`${column} is not a whole number`);
    return [{ level, count: Number(cell) }];
  });
}

function cells(text: string): string[] {
  return text.split(';').flatMap((cell) => (cell.trim() === '' ? [] : [cell.trim()]));
}

/** An id that the same row gets again, so that importing a file twice updates. */
function stableId(...parts: readonly string[]): string {
  const hash = createHash('sha256').update(parts.map(fold).join('\n')).digest('hex');
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `5${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
}

/** Organization, Location and HealthcareService of one row. */
function resourcesOf(row: ProviderRow, organizationId: string): (Resource & { id: string })[] {
  const { bound } = providerMapping.write({
    practice: row.service ?? row.practice,
    county: row.county,
    facility_type: row.facilityType,
    specialties: row.specialties,
    insurance_accepted: row.insurance,
    accepting_clients: row.isAccepting,
    slots: row.slots,
    ...(row.rating !== undefined && { rating: row.rating }),
  });
  const { service, location } = bound as unknown as { service: HealthcareService; location: Location };
  const id = row.id ?? stableId(row.practice, row.service ?? '', row.facilityType, row.county);
  const organization = { reference: `Organization/${organizationId}` as const, display: row.practice };
  const place = stableId('location', id);
  return [
    {
      ...location,
      id: place,
      name: row.service ?? row.practice,
      address: { ...location.address, state: 'AZ', country: 'US' },
      managingOrganization: organization,
    },
    { ...service, id, providedBy: organization, location: [{ reference: `Location/${place}` }] },
  ];
}

/**
 * Writes providers into the directory: their practices (by name, made when they are new), places and services.
 * @returns how many resources of each type were written
 */
export async function writeProviders(
  store: Store,
  rows: readonly ProviderRow[],
  context: WriteContext,
): Promise<Record<string, number>> {
  const organizations = await organizationsOf(store, rows);
  const entries = rows.flatMap((row) => resourcesOf(row, organizations.ids.get(fold(row.practice)) ?? ''));
  return writeAll(store, [...organizations.fresh, ...entries], context);
}

async function organizationsOf(
  store: Store,
  rows: readonly ProviderRow[],
): Promise<{ ids: Map<string, string>; fresh: (Organization & { id: string })[] }> {
  const ids = new Map<string, string>();
  const fresh: (Organization & { id: string })[] = [];
  for (const { practice } of rows) {
    if (ids.has(fold(practice))) continue;
    const known = await organizationNamed(store, practice);
    const id = known ?? stableId('organization', practice);
    ids.set(fold(practice), id);
    if (known === undefined) fresh.push({ resourceType: 'Organization', id, active: true, name: practice });
  }
  return { ids, fresh };
}

async function organizationNamed(store: Store, name: string): Promise<string | undefined> {
  const query = new URLSearchParams({ name: escapeValue(name), _count: '1000', _sort: '_id' });
  const page = await store.search(EVERYTHING, parseSearch('Organization', query.toString()));
  return page.matches.find(({ resource }) => fold((resource as Organization).name ?? '') === fold(name))?.id;
}
