/** Finding code systems, value sets and concepts for an operation, or saying that they are not known. */
import type { CodeSystem, Coding, Parameters, ParametersParameter, ValueSet } from '@medplum/fhirtypes';
import { ProblemError } from '../problem';
import { codeTable, conceptOf, tableOf, type CodeTable, type Concept } from './code-systems';
import { compileValueSet, valueSet, type CompiledValueSet } from './value-sets';

export const parameters = (parameter: ParametersParameter[]): Parameters => ({
  resourceType: 'Parameters',
  parameter,
});

function unknown(what: string): ProblemError {
  return new ProblemError('not-found', `The ${what} is not known here.`, {
    issues: [{ severity: 'error', code: 'not-found', diagnostics: `The ${what} is not known here.` }],
  });
}

export const missing = (message: string): ProblemError => new ProblemError('malformed', message);

export function requireTable(system: string | undefined, resource?: CodeSystem): CodeTable {
  if (resource !== undefined) return tableOf(resource);
  if (system === undefined) throw missing('A code system is needed.');
  const table = codeTable(system);
  if (table === undefined) throw unknown('code system');
  return table;
}

export function requireValueSet(url: string | undefined, resource: ValueSet | undefined): CompiledValueSet {
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
  /** The code's system, where it is not one that is shipped. */
  codeSystem?: CodeSystem;
}

export const codingOf = (input: CodeInput): Coding =>
  input.coding ?? { system: input.system, version: input.version, code: input.code };

export function requireConcept(input: CodeInput): { table: CodeTable; concept: Concept } {
  const coding = codingOf(input);
  if (coding.code === undefined) throw missing('A code is needed.');
  const table = requireTable(coding.system, input.codeSystem);
  const concept = conceptOf(table, coding.code);
  if (concept === undefined) throw unknown('code');
  return { table, concept };
}
