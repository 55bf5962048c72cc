import { parse } from 'csv-parse/sync';
import type { HealthcareService, Location, Organization, Resource } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import { COUNTIES, fold, LEVELS_OF_CARE, providerMapping, slotField, specialtyCode } from '../directory';
import { ProblemError, validateResource } from '../fhir';
import { parseSearch } from '../search';
import { EVERYTHING, type Change, type Store, type WriteContext } from '../store';

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

type Row = Readonly<Record<string, string>>;

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
  const rows = rowsOf(text);
  const faults: string[] = [];
  const providers = rows.map((row, i) => providerOf(row, (fault) => faults.push(`line ${i + 2}: ${fault}`)));
  if (faults.length > 0) {
    const more = faults.length > 10 ? `; and ${faults.length - 10} more` : '';
    throw new ProblemError(
      'invalid',
      `The file cannot be imported: ${faults.slice(0, 10).join('; ')}${more}`,
    );
  }
  return providers;
}

function rowsOf(text: string): Row[] {
  const options = { bom: true, skip_empty_lines: true, trim: true };
  const lines = parsed(() => parse(text, options) as string[][]);
  const header = (lines[0] ?? []).map((name) => name.toLowerCase());
  const unknown = header.filter(
    (name) => !(COLUMNS as readonly string[]).includes(name) && !SLOT_COLUMNS.has(name),
  );
  const missing = REQUIRED.filter((name) => !header.includes(name));
  const faults = [
    ...unknown.map((name) => `unknown column "${name}"`),
    ...missing.map((name) => `column ${name} is missing`),
  ];
  if (faults.length > 0)
    throw new ProblemError('invalid', `The file cannot be imported: ${faults.join('; ')}`);
  return lines.slice(1).map((line) => Object.fromEntries(header.map((name, i) => [name, line[i] ?? ''])));
}

function parsed<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new ProblemError('invalid', `The file is not CSV: ${(cause as Error).message}`, { cause });
  }
}

function providerOf(row: Row, fault: (text: string) => void): ProviderRow {
  for (const name of REQUIRED) if (!row[name]) fault(`${name} is empty`);
  const county = COUNTIES.find(
    (name) => fold(name) === fold((row['county'] ?? '').replace(/\s+county$/i, '')),
  );
  if (county === undefined && row['county']) fault('county is not one of Arizona');
  const facility = LEVELS_OF_CARE.find((level) => fold(level) === fold(row['facility_type'] ?? ''));
  if (facility === undefined && row['facility_type'])
    fault(`facility_type is not one of ${LEVELS_OF_CARE.join(', ')}`);
  const accepting = { '': true, true: true, yes: true, false: false, no: false }[
    fold(row['accepting_clients'] ?? '')
  ];
  if (accepting === undefined) fault('accepting_clients is not true or false');
  const rating = row['rating'] ? Number(row['rating']) : undefined;
  if (rating !== undefined && !(rating >= 0 && rating <= 5)) fault('rating is not a number from 0 to 5');
  if (row['id'] && !/^[A-Za-z0-9\-.]{1,64}$/.test(row['id'])) fault('id is not a FHIR id');
  const slots = [...SLOT_COLUMNS].flatMap(([column, level]) => {
    const cell = row[column];
    if (!cell) return [];
    if (!/^\d{1,6}$/.test(cell)) fault(`${column} is not a whole number`);
    return [{ level, count: Number(cell) }];
  });
  return {
    ...(row['id'] && { id: row['id'] }),
    practice: row['practice'] ?? '',
    ...(row['service'] && { service: row['service'] }),
    facilityType: facility ?? '',
    county: county ?? '',
    insurance: cells(row['insurance_accepted']),
    specialties: cells(row['specialties']).map(specialtyCode),
    isAccepting: accepting ?? true,
    ...(rating !== undefined && { rating }),
    slots,
  };
}

function cells(text = ''): string[] {
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

/** Changes that one transaction takes. */
const CHUNK = 2_000;

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
  const resources: (Resource & { id: string })[] = [
    ...organizations.fresh,
    ...rows.flatMap((row) => resourcesOf(row, organizations.ids.get(fold(row.practice)) ?? '')),
  ];
  for (const resource of resources) requireSound(resource);
  const unique = [
    ...new Map(resources.map((resource) => [`${resource.resourceType}/${resource.id}`, resource])).values(),
  ];
  const counts: Record<string, number> = {};
  await store.transaction(async (tx) => {
    for (let at = 0; at < unique.length; at += CHUNK) {
      const part: Change[] = unique.slice(at, at + CHUNK).map((resource) => ({ kind: 'put', resource }));
      await tx.commit(part, context);
    }
  });
  for (const { resourceType } of unique) counts[resourceType] = (counts[resourceType] ?? 0) + 1;
  return counts;
}

function requireSound(resource: Resource): void {
  const fault = validateResource(resource).find(({ severity }) => severity === 'error');
  if (fault === undefined) return;
  throw new ProblemError(
    'invalid',
    `${fault.expression?.[0] ?? resource.resourceType}: ${fault.diagnostics ?? ''}`,
  );
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
  const query = new URLSearchParams({
    name: name.replace(/[\\,$|]/g, (c) => `\\${c}`),
    _count: '1000',
    _sort: '_id',
  });
  const page = await store.search(EVERYTHING, parseSearch('Organization', query.toString()));
  return page.matches.find(({ resource }) => fold((resource as Organization).name ?? '') === fold(name))?.id;
}
