import type { CodeableConcept, HumanName, Practitioner } from '@medplum/fhirtypes';
import { inUseFirst } from '../fhir';

/** `First Last` of a name; its text where it has no parts. */
export function personName(names: readonly HumanName[] | undefined): string | undefined {
  const name = inUseFirst(names).find(({ given, family, text }) => (given ?? family ?? text) !== undefined);
  if (name === undefined) return undefined;
  const parts = [name.given?.[0], name.family].filter((part) => part !== undefined && part !== '');
  return parts.length > 0 ? parts.join(' ') : name.text;
}

/** `MD, PhD` of a name's suffixes. */
export function titleOf(names: readonly HumanName[] | undefined): string | undefined {
  const suffixes = inUseFirst(names).find(({ suffix }) => suffix !== undefined)?.suffix;
  return suffixes?.join(', ');
}

/** A provider as the API shows it: `Dr. First Last` for MD and DO, else `First Last` (decisions, "Names"). */
export function providerName(practitioner: Practitioner): string {
  const name = personName(practitioner.name) ?? 'Unknown';
  const degrees = (titleOf(practitioner.name) ?? '').replaceAll('.', '').split(/[\s,/]+/);
  return degrees.includes('MD') || degrees.includes('DO') ? `Dr. ${name}` : name;
}

/** What a concept says to a reader. */
export function conceptText(concept: CodeableConcept | undefined): string | undefined {
  const coding = concept?.coding?.find(({ display, code }) => (display ?? code) !== undefined);
  return concept?.text ?? coding?.display ?? coding?.code;
}
