/** Required bindings. https://hl7.org/fhir/R4/terminologies.html#required */
import { membershipOf, valueSet, type CompiledValueSet } from '../terminology';
import { isObject, report, type Context } from './context';

export type ValueCheck = (value: unknown, context: Context) => void;

function withCode(set: CompiledValueSet, value: unknown, context: Context): void {
  if (typeof value !== 'string' || membershipOf(set, undefined, value) !== 'no') return;
  report(context, 'code-invalid', `The code is not in the value set ${set.source.url ?? ''}.`);
}

function isAccepted(set: CompiledValueSet, coding: unknown): boolean {
  if (!isObject(coding) || typeof coding['code'] !== 'string') return false;
  const system = typeof coding['system'] === 'string' ? coding['system'] : '';
  return membershipOf(set, system, coding['code']) !== 'no';
}

function withCoding(set: CompiledValueSet, value: unknown, context: Context): void {
  if (!isObject(value) || isAccepted(set, value)) return;
  if (value['code'] === undefined && value['extension'] !== undefined) return;
  report(context, 'code-invalid', `The coding is not in the value set ${set.source.url ?? ''}.`);
}

function withConcept(set: CompiledValueSet, value: unknown, context: Context): void {
  if (!isObject(value)) return;
  const codings = Array.isArray(value['coding']) ? (value['coding'] as unknown[]) : [];
  if (codings.some((coding) => isAccepted(set, coding))) return;
  // data-absent-reason and the like stand in for a code.
  if (codings.length === 0 && value['extension'] !== undefined) return;
  report(context, 'code-invalid', `No coding is from the value set ${set.source.url ?? ''}.`);
}

function withQuantity(set: CompiledValueSet, value: unknown, context: Context): void {
  if (!isObject(value) || typeof value['code'] !== 'string') return;
  if (!isAccepted(set, value))
    report(context, 'code-invalid', `The unit is not in the value set ${set.source.url ?? ''}.`);
}

type SetCheck = (set: CompiledValueSet, value: unknown, context: Context) => void;

const BY_TYPE: Readonly<Record<string, SetCheck>> = {
  code: withCode,
  string: withCode,
  uri: withCode,
  Coding: withCoding,
  CodeableConcept: withConcept,
  Quantity: withQuantity,
};

/** The check of a required binding for a type; undefined where a type has no code. The value set loads on first use. */
export function bindingCheck(type: string, canonical: string): ValueCheck | undefined {
  const check = BY_TYPE[type];
  if (check === undefined) return undefined;
  let set: CompiledValueSet | undefined;
  let loaded = false;
  return (value, context) => {
    if (!loaded) {
      set = valueSet(canonical);
      loaded = true;
    }
    if (set !== undefined) check(set, value, context);
  };
}
