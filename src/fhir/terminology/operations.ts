/** The terminology operations over what is shipped. https://hl7.org/fhir/R4/terminology-service.html */
import type { CodeableConcept, Coding, Parameters, ParametersParameter, ValueSet } from '@medplum/fhirtypes';
import { conceptOf, isA, type Concept } from './code-systems';
import {
  codingOf,
  missing,
  parameters,
  requireConcept,
  requireTable,
  requireValueSet,
  type CodeInput,
} from './known';
import { membershipOf, type CompiledValueSet } from './value-sets';

function designations({ source }: Concept): ParametersParameter[] {
  return (source.designation ?? []).map(({ language, use, value }) => ({
    name: 'designation',
    part: [
      ...(language === undefined ? [] : [{ name: 'language', valueCode: language }]),
      ...(use === undefined ? [] : [{ name: 'use', valueCoding: use }]),
      { name: 'value', valueString: value },
    ],
  }));
}

function properties(concept: Concept): ParametersParameter[] {
  const stated = (concept.source.property ?? []).map(({ code, ...value }) => ({
    name: 'property',
    part: [
      { name: 'code', valueCode: code },
      { name: 'value', ...value },
    ],
  }));
  const hierarchy = [
    ...concept.parents.map((code) => ['parent', code] as const),
    ...concept.children.map((code) => ['child', code] as const),
  ].map(([name, code]) => ({
    name: 'property',
    part: [
      { name: 'code', valueCode: name },
      { name: 'value', valueCode: code },
    ],
  }));
  return [...stated, ...hierarchy];
}

/** CodeSystem/$lookup. @throws ProblemError 404 for a system or code that is not known, 400 without a code */
export function lookup(input: CodeInput & { property?: string[] }): Parameters {
  const { table, concept } = requireConcept(input);
  const wanted = input.property;
  const named = properties(concept).filter(
    ({ part }) => wanted === undefined || wanted.includes('*') || wanted.includes(part?.[0]?.valueCode ?? ''),
  );
  return parameters([
    { name: 'name', valueString: table.name ?? table.url },
    ...(table.version === undefined ? [] : [{ name: 'version', valueString: table.version }]),
    { name: 'display', valueString: concept.display ?? concept.code },
    ...(concept.source.definition === undefined
      ? []
      : [{ name: 'definition', valueString: concept.source.definition }]),
    ...designations(concept),
    ...named,
  ]);
}

export interface ValidateCodeInput extends CodeInput {
  /** Value set, or for CodeSystem/$validate-code the code system. */
  url?: string;
  valueSet?: ValueSet;
  display?: string;
  codeableConcept?: CodeableConcept;
}

interface Verdict {
  result: boolean;
  message?: string;
  coding?: Coding;
  display?: string;
}

const verdictParameters = ({ result, message, coding, display }: Verdict): Parameters =>
  parameters([
    { name: 'result', valueBoolean: result },
    ...(message === undefined ? [] : [{ name: 'message', valueString: message }]),
    ...(display === undefined ? [] : [{ name: 'display', valueString: display }]),
    ...(coding?.code === undefined ? [] : [{ name: 'code', valueCode: coding.code }]),
    ...(coding?.system === undefined ? [] : [{ name: 'system', valueUri: coding.system }]),
  ]);

const sameDisplay = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();

function checkDisplay(
  concept: { display: string | undefined; source?: Concept['source'] },
  given: string | undefined,
): string | undefined {
  if (given === undefined || concept.display === undefined) return undefined;
  const names = [concept.display, ...(concept.source?.designation ?? []).map(({ value }) => value ?? '')];
  return names.some((name) => sameDisplay(name, given))
    ? undefined
    : 'The display is not one of the code\u2019s.';
}

function codingsOf(input: ValidateCodeInput): Coding[] {
  const codings = input.codeableConcept?.coding ?? [codingOf(input)];
  if (codings.every(({ code }) => code === undefined))
    throw missing('A code, coding or codeableConcept is needed.');
  return codings.map((coding) => ({ ...coding, display: coding.display ?? input.display }));
}

function firstGood(verdicts: Verdict[]): Verdict {
  return (
    verdicts.find(({ result }) => result) ?? verdicts[0] ?? { result: false, message: 'No code was given.' }
  );
}

function inValueSet(set: CompiledValueSet, coding: Coding): Verdict {
  const { system, code = '', display } = coding;
  const membership = membershipOf(set, system, code);
  const member =
    system === undefined ? set.members.find((one) => one.code === code) : set.bySystem.get(system)?.get(code);
  const known = { coding: { system: system ?? member?.system, code } };
  if (membership === 'no') return { result: false, message: 'The code is not in the value set.', ...known };
  if (membership === 'unknown') {
    return {
      result: false,
      message: 'The code cannot be checked: its code system is not shipped.',
      ...known,
    };
  }
  const message = member === undefined ? undefined : checkDisplay(member, display);
  const name = member?.display;
  return {
    result: message === undefined,
    ...(message === undefined ? {} : { message }),
    ...(name === undefined ? {} : { display: name }),
    ...known,
  };
}

/** ValueSet/$validate-code. @throws ProblemError 404 for an unknown value set, 400 without a code */
export function validateCodeInValueSet(input: ValidateCodeInput): Parameters {
  const set = requireValueSet(input.url, input.valueSet);
  return verdictParameters(firstGood(codingsOf(input).map((coding) => inValueSet(set, coding))));
}

/** CodeSystem/$validate-code. @throws ProblemError 404 for an unknown code system, 400 without a code */
export function validateCodeInSystem(input: ValidateCodeInput): Parameters {
  const verdicts = codingsOf(input).map((coding): Verdict => {
    const table = requireTable(input.url ?? coding.system, input.codeSystem);
    const concept = conceptOf(table, coding.code ?? '');
    const known = { coding: { system: table.url, code: coding.code } };
    if (coding.system !== undefined && coding.system !== table.url)
      return { result: false, message: 'The coding is of another code system.', ...known };
    if (concept === undefined)
      return { result: false, message: 'The code is not in the code system.', ...known };
    const message = checkDisplay(concept, coding.display);
    return {
      result: message === undefined,
      ...(message === undefined ? {} : { message }),
      display: concept.display ?? concept.code,
      ...known,
    };
  });
  return verdictParameters(firstGood(verdicts));
}

/** CodeSystem/$subsumes. @throws ProblemError 404 for an unknown system or code, 400 for two systems */
export function subsumes(a: CodeInput, b: CodeInput): Parameters {
  const [left, right] = [requireConcept(a), requireConcept(b)];
  if (left.table.url !== right.table.url) throw missing('Both codes must be of one code system.');
  const up = isA(left.table, left.concept.code, right.concept.code);
  const down = isA(left.table, right.concept.code, left.concept.code);
  const outcome = up && down ? 'equivalent' : down ? 'subsumes' : up ? 'subsumed-by' : 'not-subsumed';
  return parameters([{ name: 'outcome', valueCode: outcome }]);
}
