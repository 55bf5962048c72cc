import type { Stored } from '../../api/fhir';

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** Fields that tell what a resource is about, the most telling first. */
const TELLING = [
  'name',
  'title',
  'code',
  'vaccineCode',
  'medicationCodeableConcept',
  'appointmentType',
  'serviceType',
  'description',
  'type',
  'reasonCode',
  'class',
  'criteria',
  'identifier',
];
const DATED = [
  'date',
  'effectiveDateTime',
  'effectivePeriod',
  'onsetDateTime',
  'period',
  'start',
  'authoredOn',
  'performedDateTime',
  'performedPeriod',
  'occurrenceDateTime',
  'recorded',
  'issued',
  'sent',
  'created',
  'birthDate',
];
const ABOUT = ['subject', 'patient', 'for', 'beneficiary'];

/** What a resource is called, in a few words; its type when nothing tells. */
export function titleOf(resource: Stored): string {
  const fields = resource as unknown as Fields;
  for (const name of TELLING) {
    const words = wordsOf(fields[name]);
    if (words !== undefined) return words;
  }
  return '';
}

/** `status` or its like. */
export function statusOf(resource: Stored): string {
  const fields = resource as unknown as Fields;
  const clinical = wordsOf(fields['clinicalStatus']);
  const active = fields['active'];
  return (
    text(fields['status']) ??
    clinical ??
    (typeof active === 'boolean' ? (active ? 'active' : 'inactive') : '')
  );
}

/** The time that it is about, as FHIR writes one: a date or an instant. */
export function dateOf(resource: Stored): string | undefined {
  const fields = resource as unknown as Fields;
  for (const name of DATED) {
    const value = fields[name];
    const at = text(value) ?? (isObject(value) ? text(value['start']) : undefined);
    if (at !== undefined) return at;
  }
  return undefined;
}

/** Reference to whom it is about. */
export function subjectOf(resource: Stored): string | undefined {
  const fields = resource as unknown as Fields;
  const named = ABOUT.map((name) => fields[name]).find(isObject);
  return named === undefined ? undefined : text(named['reference']);
}

/** Words of a text, concept, name, coding or identifier; of a list, those of its first. */
function wordsOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return wordsOf(value[0]);
  if (!isObject(value)) return text(value);
  const { given, family, coding, display, code } = value;
  if (given !== undefined || family !== undefined) {
    const parts = [...(Array.isArray(given) ? given : []), family];
    return parts.flatMap((part) => text(part) ?? []).join(' ');
  }
  return text(value['text']) ?? text(display) ?? wordsOf(coding) ?? text(code) ?? text(value['value']);
}
