/** The terminology operations over what is shipped. https://hl7.org/fhir/R4/terminology-service.html */
import type {
  CodeableConcept,
  CodeSystem,
  Coding,
  Parameters,
  ParametersParameter,
  ValueSet,
  ValueSetExpansionContains,
} from '@medplum/fhirtypes';
import { ProblemError } from '../problem';
import { codeTable, conceptOf, isA, tableOf, type CodeTable, type Concept } from './code-systems';
import { compileValueSet, membershipOf, valueSet, type CompiledValueSet, type Member } from './value-sets';

const parameters = (parameter: ParametersParameter[]): Parameters => ({
  resourceType: 'Parameters',
  parameter,
});

function unknown(what: string): ProblemError {
  return new ProblemError('not-found', `The ${what} is not known here.`, {
    issues: [{ severity: 'error', code: 'not-found', diagnostics: `The ${what} is not known here.` }],
  });
}

const missing = (message: string): ProblemError => new ProblemError('malformed', message);

function requireTable(system: string | undefined, resource?: CodeSystem): CodeTable {
  if (resource !== undefined) return tableOf(resource);
  if (system === undefined) throw missing('A code system is needed.');
  const table = codeTable(system);
  if (table === undefined) throw unknown('code system');
  return table;
}

function requireValueSet(url: string | undefined, resource: ValueSet | undefined): CompiledValueSet {
  if (resource !== undefined) return compileValueSet(resource);
  if (url === undefined) throw missing('A value set is needed: url or valueSet.');
  const set = valueSet(url) ?? implicitValueSet(url);
  if (set === undefined) throw unknown('value set');
  return set;
}

/** `CodeSystem.valueSet`, and `system?vs`: all codes of one system. */
function implicitValueSet(url: string): CompiledValueSet | undefined {
  const system = url.endsWith('?vs') ? url.slice(0, -3) : undefined;
  if (system === undefined || codeTable(system) === undefined) return undefined;
  return compileValueSet({
    resourceType: 'ValueSet',
    url,
    status: 'active',
    compose: { include: [{ system }] },
  });
}

export interface CodeInput {
  system?: string;
  version?: string;
  code?: string;
  coding?: Coding;
}

const codingOf = (input: CodeInput): Coding =>
  input.coding ?? { system: input.system, version: input.version, code: input.code };

function requireConcept(input: CodeInput): { table: CodeTable; concept: Concept } {
  const coding = codingOf(input);
  if (coding.code === undefined) throw missing('A code is needed.');
  const table = requireTable(coding.system);
  const concept = conceptOf(table, coding.code);
  if (concept === undefined) throw unknown('code');
  return { table, concept };
}

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
  codeSystem?: CodeSystem;
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

export interface ExpandInput {
  url?: string;
  valueSet?: ValueSet;
  /** Each word must begin a word of the display, or be the beginning of the code; case is folded. */
  filter?: string;
  offset?: number;
  count?: number;
  includeDesignations?: boolean;
}

function matches(member: Member, words: readonly string[]): boolean {
  const text = ` ${member.display ?? ''} ${member.code}`.toLowerCase();
  return words.every((word) =>
    new RegExp(`[^\\p{L}\\p{N}]${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`, 'u').test(text),
  );
}

function expansionEntry(member: Member, withDesignations: boolean): ValueSetExpansionContains {
  const concept = withDesignations ? codeTable(member.system)?.concepts.get(member.code) : undefined;
  const designation = concept?.source.designation;
  return {
    system: member.system,
    ...(member.abstract ? { abstract: true } : {}),
    code: member.code,
    ...(member.display === undefined ? {} : { display: member.display }),
    ...(designation === undefined ? {} : { designation }),
  };
}

/** What may be listed at once without `count`. */
const MAX_EXPANSION = 10_000;

/**
 * ValueSet/$expand with filter and paging; `expansion.total` counts all that match.
 * @throws ProblemError 404 for an unknown value set, 422 when its systems are not shipped or it is too large
 */
export function expand(input: ExpandInput): ValueSet {
  const set = requireValueSet(input.url, input.valueSet);
  if (!set.closed)
    throw new ProblemError(
      'invalid',
      'The value set draws on code systems that are not shipped here; it cannot be expanded.',
    );
  const words = (input.filter ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const found = words.length === 0 ? set.members : set.members.filter((member) => matches(member, words));
  const offset = input.offset ?? 0;
  if (input.count === undefined && found.length > MAX_EXPANSION) {
    throw new ProblemError(
      'invalid',
      `The expansion has more than ${MAX_EXPANSION} codes: ask with count and offset.`,
    );
  }
  const page = found.slice(offset, input.count === undefined ? undefined : offset + input.count);
  const asked = (['filter', 'offset', 'count'] as const).filter((name) => input[name] !== undefined);
  return {
    ...set.source,
    compose: undefined,
    text: undefined,
    expansion: {
      timestamp: new Date().toISOString(),
      total: found.length,
      offset,
      parameter: asked.map((name) =>
        name === 'filter' ? { name, valueString: input.filter } : { name, valueInteger: input[name] },
      ),
      contains: page.map((member) => expansionEntry(member, input.includeDesignations === true)),
    },
  };
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

/** Whether a code is in the value set at a URL: search's `:in` and `:not-in`. @throws ProblemError 404 */
export function isInValueSet(url: string, system: string | undefined, code: string): boolean {
  return membershipOf(requireValueSet(url, undefined), system, code) === 'yes';
}

/** The codes of a value set, to be put into a query: search's `:in`. @throws ProblemError 404, 422 as `expand` */
export function membersOfValueSet(url: string): readonly Member[] {
  const set = requireValueSet(url, undefined);
  if (!set.closed)
    throw new ProblemError(
      'invalid',
      'The value set draws on code systems that are not shipped here; it cannot be searched.',
    );
  return set.members;
}

/** A code with all codes below it (search's `:below`), or above it (`:above`). @throws ProblemError 404 */
export function relatedCodes(system: string, code: string, direction: 'below' | 'above'): string[] {
  const { table, concept } = requireConcept({ system, code });
  const related = [...table.concepts.keys()].filter((other) =>
    direction === 'below' ? isA(table, other, concept.code) : isA(table, concept.code, other),
  );
  return related;
}
