import type {
  AllergyIntolerance,
  Condition,
  Consent,
  MedicationStatement,
  Patient,
  Practitioner,
  Resource,
} from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { conceptText, providerName } from '../clinicians';
import { ProblemError, referencedId } from '../fhir';
import { mapped, requireSound } from '../mapping';
import { type Actor, provenanceOf } from '../provenance';
import type { Change, Committed, Store, StoreAccess, StoreTransaction, Viewer, WriteContext } from '../store';
import {
  coverageFrom,
  creating,
  deactivated,
  inStanding,
  isSameCoverage,
  putting,
  touchedAt,
  withId,
} from './changes';
import { requireNew } from './duplicates';
import { type Entry, replaced } from './entries';
import { consentOf, loadRecord, readPatient } from './load';
import {
  medicationText,
  type PatientContext,
  patientMapping,
  type PatientResources,
  patientStatus,
  type PatientStatus,
} from './mapping';
import { visitTimes } from './visit-times';
import { type ContactInput, withContactNames, withoutOutdatedTexts, withReplaceableContact } from './wording';

/** A patient in the vendor's fields. Dermifi, "Patients API". */
export type PatientView = Record<string, unknown>;

/** Body of `POST /patients` and `PUT /patients/{id}`, checked; absent fields stay, null clears. */
export type PatientInput = Readonly<Record<string, unknown>> & { status?: PatientStatus };

/** Who asks, when, and how the write is signed. */
export interface Writing {
  viewer: Viewer;
  by: Actor;
  at: Date;
  /** The context of the commit, given the patient's id. */
  contextOf(patientId: string): WriteContext;
}

/** What an answer shows, and which resources it shows it from. */
export interface ShownPatient {
  view: PatientView;
  resources: string[];
}

export const PATIENT_NOT_FOUND = 'Patient not found';

const LISTS = ['allergies', 'medications', 'conditions'] as const;

const textOf = {
  allergies: (entry: Entry) => conceptText((entry as AllergyIntolerance).code),
  medications: (entry: Entry) => medicationText(entry as MedicationStatement),
  conditions: (entry: Entry) => conceptText((entry as Condition).code),
} as const;

/**
 * Registers a patient: Patient, Coverage, lists, Consents and Provenance in one transaction.
 * @throws ProblemError conflict when the practice has the patient already.
 */
export async function createPatient(
  store: Store,
  input: PatientInput,
  writing: Writing,
): Promise<ShownPatient> {
  const { viewer, by, at, contextOf } = writing;
  const year = at.getUTCFullYear();
  const number = await store.nextNumber(`patient ${viewer.practice ?? ''} ${year}`);
  const patientNumber = `P-${year}-${String(number).padStart(4, '0')}`;
  const id = randomUUID();
  const drafted = draft({ ...input, patientNumber, createdAt: at.toISOString() }, id, writing);
  return store.transaction(async (tx) => {
    await requireNew(tx, viewer, drafted.patient);
    requireSound(patientMapping, { ...drafted });
    const resources = resourcesIn(drafted);
    const provenance = provenanceOf({ targets: resources.map(referenceOf), activity: 'CREATE', by, at });
    const changes = [
      ...resources.map((one) => creating(withId(one))),
      { kind: 'create' as const, resource: provenance },
    ];
    const committed = await tx.commit(changes, contextOf(id));
    return shown(withVersions(drafted, committed), 'created', { at });
  });
}

/** The resources of a new patient, worked out. */
function draft(
  values: PatientInput & { createdAt: string },
  id: string,
  { at, by }: Writing,
): PatientResources {
  const { insurance, status = 'active', ...others } = values;
  const bound = mapped(patientMapping, others) as unknown as PatientResources;
  const about = { reference: `Patient/${id}` };
  const { practice, practitioner } = by;
  const patient: Patient = {
    ...withContactNames(bound.patient),
    id,
    ...(practice !== undefined && { managingOrganization: { reference: `Organization/${practice}` } }),
    ...(practitioner !== undefined && {
      generalPractitioner: [{ reference: `Practitioner/${practitioner}` }],
    }),
  };
  const coverage = coverageFrom(insurance, id);
  const listed = <T extends Entry>(entries: T[] | undefined, key: (typeof LISTS)[number]): T[] =>
    replaced<T>([], entries ?? [], textOf[key]).list.map((entry) => withId(about_(entry, about)));
  const consent = (one: Consent | undefined): Consent | undefined =>
    one && withId({ ...one, patient: about, dateTime: at.toISOString() });
  const [treatment, privacy] = [consent(bound.treatment), consent(bound.privacy)];
  return {
    patient: inStanding(patient, status, at, by),
    ...(coverage !== undefined && { coverage }),
    allergies: listed(bound.allergies, 'allergies'),
    medications: listed(bound.medications, 'medications'),
    conditions: listed(bound.conditions, 'conditions'),
    ...(treatment !== undefined && { treatment }),
    ...(privacy !== undefined && { privacy }),
  };
}

/** An entry about a patient. */
function about_<T extends Entry>(entry: T, about: { reference: string }): T {
  return entry.resourceType === 'AllergyIntolerance'
    ? { ...entry, patient: about }
    : { ...entry, subject: about };
}

/** @throws ProblemError not-found */
export async function showPatient(
  store: StoreAccess,
  viewer: Viewer,
  id: string,
  at: Date,
): Promise<ShownPatient> {
  const version = await readPatient(store, viewer, id);
  if (version === undefined) throw new ProblemError('not-found', PATIENT_NOT_FOUND);
  const { firstWritten } = version;
  const [record, times, provider] = await Promise.all([
    loadRecord(store, viewer, version.resource),
    visitTimes(store, viewer, id, at),
    providerOf(store, viewer, version.resource),
  ]);
  return shown(record, 'detail', {
    at,
    ...times,
    ...(provider !== undefined && { provider }),
    ...(firstWritten !== undefined && { firstWritten }),
  });
}

async function providerOf(
  store: StoreAccess,
  viewer: Viewer,
  patient: Patient,
): Promise<{ id: string; name: string } | undefined> {
  const id = patient.generalPractitioner
    ?.map((one) => referencedId(one, 'Practitioner'))
    .find((one) => one !== undefined);
  if (id === undefined) return undefined;
  const practitioner = await store.read<Practitioner>(viewer, 'Practitioner', id);
  if (practitioner === undefined || practitioner.deleted) return undefined;
  return { id: `prov_${id}`, name: providerName(practitioner.resource) };
}

/**
 * Updates a patient: absent fields stay, null clears, nested objects and lists are replaced whole.
 * @throws ProblemError not-found; conflict when the patient becomes one that the practice has already.
 */
export async function updatePatient(
  store: Store,
  id: string,
  input: PatientInput,
  writing: Writing,
): Promise<ShownPatient> {
  const { viewer, by, at, contextOf } = writing;
  return store.transaction(async (tx) => {
    const { patient: present, ...others } = await lockedRecord(tx, viewer, id);
    const { status } = input;
    const bound = mapped(patientMapping, ownValues(input), {
      patient: replaceable(present, input),
    }) as unknown as PatientResources;
    const worded = withContactNames(withoutOutdatedTexts(present, bound.patient));
    const standing = status === undefined ? worded : inStanding(worded, status, at, by);
    const patient = touchedAt(standing, at);
    if (changesIdentity(input)) await requireNew(tx, viewer, patient);
    const changes = new RecordChanges(id);
    const coverage = changes.coverage(others.coverage, input);
    const lists = Object.fromEntries(LISTS.map((key) => [key, changes.list(key, others[key] ?? [], input)]));
    await changes.consents(tx, viewer, bound, at);
    requireSound(patientMapping, { patient, coverage, ...lists });
    const written = [putting(patient), ...changes.made];
    const targets = written.flatMap((change) =>
      change.kind === 'delete' ? [] : [referenceOf(change.resource)],
    );
    const provenance = provenanceOf({ targets, activity: 'UPDATE', by, at });
    const committed = await tx.commit([...written, { kind: 'create', resource: provenance }], contextOf(id));
    const record = { ...lists, patient, ...(coverage !== undefined && { coverage }) } as PatientResources;
    return shown(withVersions(record, committed), 'updated', { at, updatedBy: by.id });
  });
}

/** Fields that lie elsewhere, or are worked out. */
const ELSEWHERE: ReadonlySet<string> = new Set(['insurance', 'status', ...LISTS]);

const ownValues = (input: PatientInput): PatientInput =>
  Object.fromEntries(Object.entries(input).filter(([field]) => !ELSEWHERE.has(field)));

const replaceable = (patient: Patient, input: PatientInput): Patient =>
  'emergencyContact' in input
    ? withReplaceableContact(patient, input['emergencyContact'] as ContactInput)
    : patient;

const changesIdentity = (input: PatientInput): boolean =>
  ['firstName', 'lastName', 'dateOfBirth', 'email'].some((field) => field in input);

/** Works out what an update changes besides the Patient. */
class RecordChanges {
  readonly made: Change[] = [];

  constructor(private readonly patientId: string) {}

  /** Another insurance is another Coverage; the same one stays verified. */
  coverage(present: PatientResources['coverage'], input: PatientInput): PatientResources['coverage'] {
    if (!('insurance' in input)) return present;
    const wanted = coverageFrom(input['insurance'], this.patientId);
    if (isSameCoverage(present, wanted)) return present;
    if (present !== undefined) this.made.push(putting({ ...present, status: 'cancelled' }));
    if (wanted !== undefined) this.made.push(creating(wanted));
    return wanted;
  }

  list(key: (typeof LISTS)[number], present: readonly Entry[], input: PatientInput): Entry[] {
    if (!(key in input)) return [...present];
    const bound = mapped(patientMapping, { [key]: input[key] ?? [] });
    const about = { reference: `Patient/${this.patientId}` };
    const wanted = ((bound[key] ?? []) as Entry[]).map((entry) => about_(entry, about));
    const { list, ended } = replaced<Entry>(present, wanted, textOf[key]);
    const kept = list.map(withId);
    const isKnown = (entry: Entry): boolean => present.some(({ id }) => id === entry.id);
    this.made.push(
      ...kept.map((entry) => (isKnown(entry) ? putting(entry) : creating(entry))),
      ...ended.map(putting),
    );
    return kept;
  }

  async consents(tx: StoreTransaction, viewer: Viewer, bound: PatientResources, at: Date): Promise<void> {
    const scopes = { treatment: 'treatment', privacy: 'patient-privacy' } as const;
    for (const [name, scope] of Object.entries(scopes) as ['treatment' | 'privacy', string][]) {
      const wanted = bound[name];
      if (wanted === undefined) continue;
      const about = `Patient/${this.patientId}`;
      const present = await consentOf(tx, viewer, about, scope);
      const dated = { patient: { reference: about }, dateTime: at.toISOString() };
      if (present === undefined) this.made.push(creating(withId({ ...wanted, ...dated })));
      else if (present.status !== wanted.status)
        this.made.push(putting({ ...present, ...dated, status: wanted.status }));
    }
  }
}

/**
 * Marks a patient as inactive; the record is kept.
 * @throws ProblemError not-found; conflict when the patient is inactive already.
 */
export async function deactivatePatient(
  store: Store,
  id: string,
  why: { reason?: string | null; notes?: string | null },
  { viewer, by, at, contextOf }: Writing,
): Promise<ShownPatient> {
  return store.transaction(async (tx) => {
    await tx.lock(`patient ${id}`);
    const version = await readPatient(tx, viewer, id);
    if (version === undefined) throw new ProblemError('not-found', PATIENT_NOT_FOUND);
    if (patientStatus(version.resource) === 'inactive') {
      throw new ProblemError('conflict', 'The patient is already inactive');
    }
    const patient = deactivated(touchedAt(version.resource, at), at, by, why);
    requireSound(patientMapping, { patient });
    const provenance = provenanceOf({
      targets: [`Patient/${id}`],
      activity: 'UPDATE',
      by,
      at,
      ...(why.reason && { reason: why.reason }),
    });
    const committed = await tx.commit(
      [putting(patient), { kind: 'create', resource: provenance }],
      contextOf(id),
    );
    return shown(withVersions({ patient }, committed), 'deleted', { at });
  });
}

async function lockedRecord(tx: StoreTransaction, viewer: Viewer, id: string): Promise<PatientResources> {
  await tx.lock(`patient ${id}`);
  const version = await readPatient(tx, viewer, id);
  if (version === undefined) throw new ProblemError('not-found', PATIENT_NOT_FOUND);
  return loadRecord(tx, viewer, version.resource);
}

function shown(resources: PatientResources, view: string, context: PatientContext): ShownPatient {
  return {
    view: patientMapping.read({ ...resources }, view, context),
    resources: resourcesIn(resources).map(referenceOf),
  };
}

function resourcesIn(resources: PatientResources): Resource[] {
  return (Object.values(resources) as (Resource | Resource[] | undefined)[]).flatMap((one) => one ?? []);
}

const referenceOf = ({ resourceType, id }: Resource): string => `${resourceType}/${id ?? ''}`;

/** What has been committed instead of what was meant to be: with its version and time. */
function withVersions(resources: PatientResources, committed: readonly Committed[]): PatientResources {
  const versions = new Map(committed.map((one) => [`${one.type}/${one.id}`, one.resource]));
  const present = <T>(one: T): T => (versions.get(referenceOf(one as Resource)) as T | undefined) ?? one;
  return Object.fromEntries(
    Object.entries(resources).map(([name, value]: [string, unknown]) => [
      name,
      Array.isArray(value) ? value.map(present) : present(value),
    ]),
  ) as unknown as PatientResources;
}
