import type {
  CodeableConcept,
  Composition,
  Encounter,
  Narrative,
  Practitioner,
  Reference,
} from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { conceptText, providerName } from '../clinicians';
import { CANONICAL_BASE, fieldProblem, ProblemError, referencedId } from '../fhir';
import {
  type CodecMaker,
  type Derive,
  loadMapping,
  mapped,
  type Mapping,
  REFUSED,
  requireSound,
} from '../mapping';
import { actorReference, provenanceOf, userIn } from '../provenance';
import type { Store, StoreAccess, StoreTransaction, Viewer, WriteRule } from '../store';
import { creating } from './changes';
import { found, readPatient } from './load';
import { narrativeOf, narrativeText } from './narrative';
import { PATIENT_NOT_FOUND, type Writing } from './patients';

/** Body of `POST /patients/{id}/notes`, checked. */
export interface NewNote extends Readonly<Record<string, unknown>> {
  type: string;
  visitId?: string | null;
  confidential?: boolean | null;
}

/** A note in the vendor's fields. Dermifi, "Add clinical note". */
export type NoteView = Record<string, unknown>;

interface NoteContext {
  /** The author as the API shows it. */
  createdBy: { id: string; name: string };
}

const LOCKED = `${CANONICAL_BASE}/StructureDefinition/locked`;
const LOINC = 'http://loinc.org';

/** LOINC's document types for the kinds of notes that have one. */
const TYPES: Readonly<Record<string, string>> = {
  progress_note: '11506-3',
  consultation_note: '11488-4',
  procedure_note: '28570-0',
  history_and_physical: '34117-2',
  operative_note: '11504-8',
  discharge_summary: '18842-5',
};

/** Titles of the sections by their LOINC codes. */
const TITLES: Readonly<Record<string, string>> = {
  '10154-3': 'Chief complaint',
  '10164-2': 'History of present illness',
  '29545-1': 'Examination',
  '51848-0': 'Assessment',
  '18776-5': 'Plan',
};

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const codecs: Readonly<Record<string, CodecMaker>> = {
  'note-type': () => ({
    expected: 'a text',
    toFhir: (value) => {
      if (!isText(value)) return REFUSED;
      const code = TYPES[value];
      return { ...(code !== undefined && { coding: [{ system: LOINC, code }] }), text: value };
    },
    toVendor: (value) => {
      const { coding = [], text } = value as CodeableConcept;
      const known = Object.entries(TYPES).find(([, code]) =>
        coding.some((one) => one.system === LOINC && one.code === code),
      );
      return text ?? known?.[0] ?? conceptText(value as CodeableConcept);
    },
  }),
  narrative: () => ({
    expected: 'a text',
    toFhir: (value) => (isText(value) ? narrativeOf(value) : REFUSED),
    toVendor: (value) => narrativeText(value as Narrative),
  }),
};

const derive: Readonly<Record<string, Derive>> = {
  author: (_value, _bound, context) => (context as NoteContext).createdBy,
  orFalse: (value) => value ?? false,
};

/** `mappings/dermifi/note.yaml`, compiled. */
export const noteMapping: Mapping = loadMapping('dermifi/note', { derive, codecs });

/**
 * Adds a note: signed by its author and locked from the moment it is made.
 * @throws ProblemError not-found for the patient; invalid for a visit that is not the patient's.
 */
export async function createNote(
  store: Store,
  patientId: string,
  input: NewNote,
  writing: Writing,
): Promise<NoteView> {
  const { viewer, by, at, contextOf } = writing;
  return store.transaction(async (tx) => {
    if ((await readPatient(tx, viewer, patientId)) === undefined)
      throw new ProblemError('not-found', PATIENT_NOT_FOUND);
    await requireVisit(tx, viewer, patientId, input.visitId);
    const values = {
      ...input,
      confidential: input.confidential ?? false,
      patientId: `pat_${patientId}`,
      createdAt: at.toISOString(),
    };
    const note = signed(mapped(noteMapping, values)['note'] as Composition, writing);
    requireSound(noteMapping, { note });
    const provenance = provenanceOf({ targets: [`Composition/${note.id}`], activity: 'CREATE', by, at });
    const [committed] = await tx.commit(
      [creating(note), { kind: 'create', resource: provenance }],
      contextOf(patientId),
    );
    const stored = (committed?.resource ?? note) as Composition;
    return viewOf(stored, await authorOf(tx, viewer, stored));
  });
}

function signed(note: Composition, { by, at }: Writing): Composition & { id: string } {
  const author = actorReference(by);
  return {
    ...note,
    id: randomUUID(),
    title: note.type.text ?? 'Note',
    section: note.section?.map((section) => ({
      title: TITLES[section.code?.coding?.[0]?.code ?? ''],
      ...section,
    })),
    author: [author],
    attester: [{ mode: 'professional', time: at.toISOString(), party: author }],
    ...(by.practice !== undefined && { custodian: { reference: `Organization/${by.practice}` } }),
    extension: [...(note.extension ?? []), { url: LOCKED, valueBoolean: true }],
  };
}

async function requireVisit(
  tx: StoreTransaction,
  viewer: Viewer,
  patientId: string,
  visitId: string | null | undefined,
): Promise<void> {
  if (visitId === undefined || visitId === null) return;
  const id = /^visit_([A-Za-z0-9\-.]{1,64})$/.exec(visitId)?.[1];
  const visit = id === undefined ? undefined : await tx.read<Encounter>(viewer, 'Encounter', id);
  const isTheirs =
    visit !== undefined && !visit.deleted && referencedId(visit.resource.subject, 'Patient') === patientId;
  if (isTheirs) return;
  throw fieldProblem('invalid', 'Invalid request parameters', [
    { field: 'visitId', message: 'The patient has no visit with this id' },
  ]);
}

/** Who reads: what a confidential note asks for. Decisions, "Notes". */
export interface NoteReader {
  /** User id. */
  id: string;
  practitioner?: string;
  /** Holds `prescribe` or is an administrator. */
  seesConfidential: boolean;
}

/** Notes of a patient that the reader may see, newest first. */
export async function notesOf(
  store: StoreAccess,
  viewer: Viewer,
  patientId: string,
  reader: NoteReader,
): Promise<NoteView[]> {
  const notes = await found<Composition>(store, viewer, 'Composition', { subject: `Patient/${patientId}` });
  const shown = notes.filter((note) => note.status !== 'entered-in-error' && maySee(note, reader));
  shown.sort((a, b) => Date.parse(b.date) - Date.parse(a.date));
  return Promise.all(shown.map(async (note) => viewOf(note, await authorOf(store, viewer, note))));
}

function maySee(
  { confidentiality, author }: Composition,
  { id, practitioner, seesConfidential }: NoteReader,
): boolean {
  if (confidentiality === undefined || ['N', 'L', 'M', 'U'].includes(confidentiality) || seesConfidential)
    return true;
  return author.some(
    (one) =>
      userIn(one) === id ||
      (practitioner !== undefined && referencedId(one, 'Practitioner') === practitioner),
  );
}

function viewOf(note: Composition, createdBy: { id: string; name: string }): NoteView {
  return noteMapping.read({ note }, 'created', { createdBy } satisfies NoteContext);
}

/** The author as the API shows it: a provider by its id and name, a user that is none by its own. */
async function authorOf(
  store: StoreAccess,
  viewer: Viewer,
  { author }: Composition,
): Promise<{ id: string; name: string }> {
  const [first] = author as Reference[];
  const id = referencedId(first, 'Practitioner');
  const practitioner =
    id === undefined ? undefined : await store.read<Practitioner>(viewer, 'Practitioner', id);
  if (practitioner !== undefined && !practitioner.deleted) {
    return { id: `prov_${practitioner.id}`, name: providerName(practitioner.resource) };
  }
  return { id: userIn(first) ?? '', name: first?.display ?? 'Unknown' };
}

/** A signed note is what it is, whichever face asks: changing or deleting it is refused (decisions, "Notes"). */
export const noteRules: readonly WriteRule[] = [
  {
    type: 'Composition',
    apply: ({ previous }) => {
      if (previous !== undefined && !previous.deleted && isLocked(previous.resource as Composition)) {
        throw new ProblemError('conflict', 'The note is signed and locked: it cannot be changed any more.');
      }
      return Promise.resolve([]);
    },
  },
];

function isLocked({ status, extension }: Composition): boolean {
  return (
    status === 'final' &&
    (extension?.some(({ url, valueBoolean }) => url === LOCKED && valueBoolean === true) ?? false)
  );
}
