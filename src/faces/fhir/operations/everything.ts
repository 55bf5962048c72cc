import type { Bundle, Resource, ResourceType } from '@medplum/fhirtypes';
import {
  compartment,
  dateRange,
  isResourceType,
  parseReference,
  ProblemError,
  visitReferences,
} from '../../../fhir';
import { parseSearch } from '../../../search';
import type { StoredVersion } from '../../../store';
import { eyes, unknown } from '../access';
import type { FhirContext } from '../context';
import type { Handler, Operation } from '../interaction';
import type { FhirRequest } from '../request';
import { patientsOf } from '../trace';
import { readInputs, type Inputs } from './inputs';

const INPUTS = ['start', 'end', '_since', '_type', '_count', '_cursor'];
const DEFAULT_COUNT = 100;
const MOST = 1000;

/**
 * Everything about a patient or an encounter: itself, its compartment, and what these refer to.
 * Pages go type by type through the compartment; what is referred to comes with the page that refers to it.
 * https://hl7.org/fhir/R4/patient-operation-everything.html
 */
const everything: Handler = async (context, request) => {
  const { type, id } = request;
  if (type === undefined || id === undefined)
    throw new ProblemError('malformed', 'Name the resource: Patient/[id]/$everything.');
  const inputs = readInputs(request, INPUTS);
  checkTimes(inputs);
  const owner = await present(context, request, type, id);
  const types = wantedTypes(inputs, type);
  const cursor = readCursor(inputs.text('_cursor'));
  const count = Math.max(1, Math.min(inputs.number('_count') ?? DEFAULT_COUNT, MOST));
  const page = await collect(request, owner, types, cursor, count, inputs);
  const found = cursor === undefined && types.includes(type) ? [owner, ...page.found] : page.found;
  const related = await referredTo(request, found, types);
  const all = [...found, ...related];
  request.x.audit.query = `GET ${request.segments.join('/')}`;
  request.x.audit.resources = all.map((each) => `${each.type}/${each.id}`);
  request.x.audit.patients = patientsOf(all);
  return { status: 200, resource: bundle(context, request, all, page.next) };
};

async function present(
  context: FhirContext,
  request: FhirRequest,
  type: ResourceType,
  id: string,
): Promise<StoredVersion> {
  const found = await request.records.read(eyes(context, request, 'r'), type, id);
  if (found === undefined) throw unknown(type);
  if (found.deleted) throw new ProblemError('gone', `This ${type} was deleted.`);
  return found;
}

/** Times are checked here, under the names that the caller gave them. */
function checkTimes(inputs: Inputs): void {
  for (const name of ['start', 'end', '_since']) {
    const text = inputs.text(name);
    if (text !== undefined && dateRange(text) === undefined)
      throw new ProblemError('malformed', `${name} must be a FHIR date or instant.`);
  }
}

/** Types of the compartment and those asked for, the owner's among them. */
function wantedTypes(inputs: Inputs, owner: ResourceType): ResourceType[] {
  const asked = inputs.texts('_type').flatMap((each) => each.split(','));
  const wrong = asked.filter((each) => !isResourceType(each));
  if (wrong.length > 0) throw new ProblemError('malformed', '_type must name resource types of R4.');
  if (asked.length > 0) return asked as ResourceType[];
  // Who looked at the record is not part of it, and would grow with every page that is read.
  const members = (Object.keys(compartment(owner as 'Patient')) as ResourceType[]).filter(
    (type) => type !== 'AuditEvent',
  );
  return [...new Set([owner, ...members])];
}

interface Cursor {
  type: ResourceType;
  cursor?: string;
}

async function collect(
  request: FhirRequest,
  owner: StoredVersion,
  types: readonly ResourceType[],
  from: Cursor | undefined,
  count: number,
  inputs: Inputs,
): Promise<{ found: StoredVersion[]; next?: Cursor }> {
  const members = types
    .filter((type) => type !== owner.type && type in compartment(owner.type as 'Patient'))
    .sort();
  const found: StoredVersion[] = [];
  for (const type of members.filter((each) => from === undefined || each >= from.type)) {
    let cursor = type === from?.type ? from.cursor : undefined;
    do {
      const left = count - found.length;
      if (left <= 0) return { found, next: { type, ...(cursor !== undefined && { cursor }) } };
      const page = await pageOf(request, owner, type, left, inputs, cursor);
      found.push(...page.matches);
      cursor = page.next;
    } while (cursor !== undefined);
  }
  return { found };
}

/** Types whose care dates `start` and `end` limit, by their date parameter. */
const CARE_DATE: Partial<Record<ResourceType, string>> = {
  AllergyIntolerance: 'date',
  Appointment: 'date',
  CarePlan: 'date',
  CareTeam: 'date',
  ClinicalImpression: 'date',
  Composition: 'date',
  Condition: 'recorded-date',
  Consent: 'date',
  DiagnosticReport: 'date',
  DocumentReference: 'date',
  Encounter: 'date',
  FamilyMemberHistory: 'date',
  Immunization: 'date',
  MedicationRequest: 'authoredon',
  Observation: 'date',
  Procedure: 'date',
  ServiceRequest: 'authored',
  Task: 'period',
};

async function pageOf(
  request: FhirRequest,
  owner: StoredVersion,
  type: ResourceType,
  count: number,
  inputs: Inputs,
  cursor: string | undefined,
) {
  const pairs: [string, string][] = [['_count', String(count)]];
  const date = CARE_DATE[type];
  const [start, end, since] = [inputs.text('start'), inputs.text('end'), inputs.text('_since')];
  if (date !== undefined && start !== undefined) pairs.push([date, `ge${start}`]);
  if (date !== undefined && end !== undefined) pairs.push([date, `le${end}`]);
  if (since !== undefined) pairs.push(['_lastUpdated', `ge${since}`]);
  const asked = parseSearch(type, pairs, { compartment: { type: owner.type, id: owner.id } });
  return request.records.search(
    request.x.principal.viewer,
    cursor === undefined ? asked : { ...asked, cursor },
  );
}

/** What the page refers to outside of itself: practitioners, organizations, medications, ... */
async function referredTo(
  request: FhirRequest,
  found: readonly StoredVersion[],
  types: readonly ResourceType[],
): Promise<StoredVersion[]> {
  const have = new Set(found.map(({ type, id }) => `${type}/${id}`));
  const asked = request.query.some(([name]) => name === '_type');
  const wanted = new Map<string, { type: ResourceType; id: string }>();
  for (const { resource } of found) {
    visitReferences(resource, ({ reference }) => {
      const parsed = reference === undefined ? undefined : parseReference(reference);
      if (parsed?.kind !== 'local' || have.has(`${parsed.type}/${parsed.id}`)) return;
      // Other patients are none of this one's business; an encounter's patient belongs to it.
      if (
        (parsed.type === 'Patient' && request.type === 'Patient') ||
        (asked && !types.includes(parsed.type as ResourceType))
      )
        return;
      if (isInCompartment(request.type, parsed.type)) return; // it has a page of its own
      wanted.set(`${parsed.type}/${parsed.id}`, { type: parsed.type as ResourceType, id: parsed.id });
    });
  }
  const read = await request.records.readMany(request.x.principal.viewer, [...wanted.values()]);
  return read.filter(({ deleted }) => !deleted);
}

function isInCompartment(owner: ResourceType | undefined, type: string): boolean {
  return type in compartment((owner ?? 'Patient') as 'Patient');
}

function bundle(
  context: FhirContext,
  request: FhirRequest,
  found: readonly StoredVersion[],
  next: Cursor | undefined,
): Bundle {
  const base = `${context.baseUrl}/${request.segments.join('/')}`;
  const own = request.query.filter(([name]) => name !== '_cursor');
  const url = (cursor?: Cursor): string => {
    const pairs = [
      ...own,
      ...(cursor === undefined ? [] : [['_cursor', writeCursor(cursor)] as [string, string]]),
    ];
    return pairs.length === 0 ? base : `${base}?${new URLSearchParams(pairs).toString()}`;
  };
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    link: [
      { relation: 'self', url: url() },
      ...(next === undefined ? [] : [{ relation: 'next', url: url(next) }]),
    ],
    entry: found.map(({ type, id, resource }) => ({
      fullUrl: `${context.baseUrl}/${type}/${id}`,
      resource: resource as Resource,
      search: { mode: 'match' },
    })),
  };
}

function writeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

function readCursor(text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined;
  try {
    const cursor = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Partial<Cursor>;
    if (typeof cursor.type === 'string' && isResourceType(cursor.type)) return cursor as Cursor;
  } catch {
    // said below
  }
  throw new ProblemError('malformed', '_cursor is not one that this server gave out.');
}

const R4 = 'http://hl7.org/fhir/OperationDefinition';
const base = {
  name: 'everything',
  system: false,
  type: false,
  instance: true,
  safe: true,
  permission: 'r',
  handle: everything,
} as const;

export const EVERYTHING_OPERATIONS: readonly Operation[] = [
  { ...base, definition: `${R4}/Patient-everything`, types: ['Patient'] },
  { ...base, definition: `${R4}/Encounter-everything`, types: ['Encounter'] },
];
