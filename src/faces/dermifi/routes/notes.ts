import { createNote, type NewNote } from '../../../chart';
import { exactly, INSTANT, listOf, object, orNull, type Schema, text } from '../../../contract';
import type { DermifiEndpoint } from '../endpoint';
import { bodyReader, queryReader } from '../requests';
import { KNOWN, NAMED, nullable } from '../schemas';
import type { DermifiServices } from '../services';
import { patientId, writingOf } from './patients';

const section = (description: string, example: string): Schema => orNull(text(50_000, description, example));

const NEW_NOTE: Schema = object(
  {
    type: text(100, 'Kind of note.', 'progress_note'),
    visitId: {
      type: ['string', 'null'],
      maxLength: 80,
      description: 'Visit that it is about.',
      example: 'visit_789',
    },
    content: {
      ...object({
        chiefComplaint: section('Why the patient came.', 'Follow-up for acne treatment'),
        hpi: section('History of present illness.', 'Patient reports improvement with tretinoin...'),
        examination: section('What was found.', 'Facial examination shows decreased comedones...'),
        assessment: section('What is thought of it.', 'Acne vulgaris - improving'),
        plan: section('What is to be done.', 'Continue current regimen, follow-up in 6 weeks'),
      }),
      minProperties: 1,
      'x-some': true,
      'x-expected': 'an object with at least one section',
    },
    icd10Codes: {
      type: ['array', 'null'],
      maxItems: 50,
      items: {
        type: 'string',
        pattern: '^[A-Z][0-9][0-9A-Z](\\.[0-9A-Z]{1,4})?$',
        'x-expected': 'an ICD-10-CM code such as L70.0',
        example: 'L70.0',
      },
    },
    cptCodes: {
      type: ['array', 'null'],
      maxItems: 50,
      items: {
        type: 'string',
        pattern: '^[0-9]{4}[0-9A-Z]$',
        'x-expected': 'a CPT code such as 99213',
        example: '99213',
      },
    },
    confidential: {
      type: ['boolean', 'null'],
      description: 'Only for the author, prescribers and administrators.',
    },
  },
  ['type', 'content'],
);

const codes = listOf({ type: 'string' });

/** A note as it is shown. */
const NOTE: Schema = exactly({
  id: { type: 'string' },
  patientId: { type: 'string' },
  type: KNOWN,
  visitId: KNOWN,
  content: nullable(
    exactly({ chiefComplaint: KNOWN, hpi: KNOWN, examination: KNOWN, assessment: KNOWN, plan: KNOWN }),
  ),
  icd10Codes: codes,
  cptCodes: codes,
  createdAt: INSTANT,
  createdBy: NAMED,
  signedAt: { ...INSTANT, type: ['string', 'null'] },
  locked: { type: 'boolean' },
});

const noQuery = queryReader({});
const readNew = bodyReader<NewNote>(NEW_NOTE);

/** Dermifi, "Add clinical note". */
export function noteEndpoints({ store }: DermifiServices): DermifiEndpoint[] {
  return [
    {
      tag: 'Patients',
      method: 'post',
      path: '/patients/:id/notes',
      summary: 'Add clinical note: it is signed and locked at once.',
      interaction: 'create',
      action: 'C',
      right: 'write',
      body: { name: 'NewNote', schema: NEW_NOTE },
      status: 201,
      answer: { name: 'Note', schema: NOTE },
      async handle(x) {
        const id = patientId(x);
        noQuery(x);
        return { status: 201, body: await createNote(store, id, readNew(x), writingOf(x)) };
      },
    },
  ];
}
