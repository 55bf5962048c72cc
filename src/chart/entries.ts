import type { AllergyIntolerance, CodeableConcept, Condition, MedicationStatement } from '@medplum/fhirtypes';
import { CANONICAL_BASE } from '../fhir';

/** What a practice lists of a patient: allergies, medications, conditions. */
export type Entry = AllergyIntolerance | MedicationStatement | Condition;

const POSITION = `${CANONICAL_BASE}/StructureDefinition/list-position`;

const codesOf = (concept: CodeableConcept | undefined): string[] =>
  concept?.coding?.flatMap(({ code }) => code ?? []) ?? [];

const WRONG = ['entered-in-error', 'refuted'];
const STILL_THERE = ['active', 'recurrence', 'relapse'];

/** Whether an entry still holds; what an encounter only diagnosed is not on the list of conditions. */
function isCurrent(entry: Entry): boolean {
  if (entry.resourceType === 'MedicationStatement')
    return ['active', 'intended'].includes(entry.status ?? '');
  if (codesOf(entry.verificationStatus).some((code) => WRONG.includes(code))) return false;
  const clinical = codesOf(entry.clinicalStatus);
  if (clinical.length > 0 && !clinical.some((code) => STILL_THERE.includes(code))) return false;
  if (entry.resourceType === 'AllergyIntolerance') return true;
  const categories = (entry.category ?? []).flatMap(codesOf);
  return !categories.includes('encounter-diagnosis') || categories.includes('problem-list-item');
}

function positionOf(entry: Entry): number {
  return entry.extension?.find(({ url }) => url === POSITION)?.valueUnsignedInt ?? Number.MAX_SAFE_INTEGER;
}

/** The entries that hold, in the order they were entered in; what others wrote comes last, oldest first. */
export function inOrder<T extends Entry>(entries: readonly T[]): T[] {
  const writtenAt = ({ meta }: T): string => meta?.lastUpdated ?? '';
  return entries
    .filter(isCurrent)
    .sort((a, b) => positionOf(a) - positionOf(b) || writtenAt(a).localeCompare(writtenAt(b)));
}

function at<T extends Entry>(entry: T, position: number): T {
  const others = (entry.extension ?? []).filter(({ url }) => url !== POSITION);
  return { ...entry, extension: [...others, { url: POSITION, valueUnsignedInt: position }] };
}

/** An entry that no longer holds; its history stays. */
function ended<T extends Entry>(entry: T): T {
  if (entry.resourceType === 'MedicationStatement') return { ...entry, status: 'stopped' };
  const kind = entry.resourceType === 'Condition' ? 'condition' : 'allergyintolerance';
  const system = `http://terminology.hl7.org/CodeSystem/${kind}-clinical`;
  return { ...entry, clinicalStatus: { coding: [{ system, code: 'inactive' }] } };
}

/**
 * A list replaced by another one: entries that say the same stay the resources they are, others are new or end.
 * @param textOf what an entry says to a reader
 */
export function replaced<T extends Entry>(
  present: readonly T[],
  wanted: readonly T[],
  textOf: (entry: T) => string | undefined,
): { list: T[]; ended: T[] } {
  const left = [...present];
  const list = wanted.map((entry, position) => {
    const same = left.findIndex((one) => textOf(one) === textOf(entry));
    const [known] = same < 0 ? [] : left.splice(same, 1);
    return at(known ?? entry, position);
  });
  return { list, ended: left.map(ended) };
}
