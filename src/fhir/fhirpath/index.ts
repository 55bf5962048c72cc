/**
 * FHIRPath, compiled to closures over R4's definitions (a library's evaluation of one invariant took 100 to
 * 170 microseconds, ours takes one or two). What this compiler does not know is evaluated by `fhirpath` of
 * the U.S. National Library of Medicine. https://hl7.org/fhirpath/N1/ and https://hl7.org/fhir/R4/fhirpath.html
 */
import { LRUCache } from 'lru-cache';
import { ProblemError } from '../problem';
import { compile, scopeOf } from './compile';
import { generalEvaluator } from './general';
import { resourceNode, type Node } from './nodes';
import { parseFhirPath } from './parse';
import { NotCompiled, type Evaluate } from './scope';

export { FhirPathSyntaxError } from './tokens';
export { FhirPathError } from './scope';

/** Variables: `resource`, `rootResource` and `context` as FHIR says, others by their name without `%`. */
export interface FhirPathVariables {
  resource?: object;
  rootResource?: object;
  context?: object;
  [name: string]: unknown;
}

/** One result with its FHIR type (`Quantity`, `code`, `Patient.contact`). */
export interface TypedValue {
  value: unknown;
  type: string;
}

/** Evaluates on nodes; validation and patch use it, others take `compileFhirPath`. */
export type NodeEvaluator = (
  context: Node,
  resource: Node,
  root: Node,
  variables: Readonly<Record<string, unknown>>,
) => readonly Node[];

/** Expressions come from definitions (a few thousand) and from clients (bounded by this). */
const cache = new LRUCache<string, NodeEvaluator>({ max: 5000 });

function evaluatorOf(expression: string): NodeEvaluator {
  let evaluate: Evaluate;
  try {
    evaluate = compile(parseFhirPath(expression));
  } catch (error) {
    if (error instanceof NotCompiled) return generalEvaluator(expression);
    throw error;
  }
  return (context, resource, root, variables) => {
    const scope = scopeOf(context, resource, root, variables);
    return evaluate(scope.self, scope);
  };
}

/** The evaluator of an expression, compiled once. @throws FhirPathSyntaxError */
export function nodeEvaluator(expression: string): NodeEvaluator {
  const known = cache.get(expression);
  if (known !== undefined) return known;
  const made = evaluatorOf(expression);
  cache.set(expression, made);
  return made;
}

const NO_VARIABLES: Readonly<Record<string, unknown>> = {};

function nodesAt(expression: string): (resource: object, variables?: FhirPathVariables) => readonly Node[] {
  const evaluate = nodeEvaluator(expression);
  return (input, variables) => {
    const context = resourceNode(input);
    const resource = variables?.resource === undefined ? context : resourceNode(variables.resource);
    const root = variables?.rootResource === undefined ? resource : resourceNode(variables.rootResource);
    return evaluate(context, resource, root, variables ?? NO_VARIABLES);
  };
}

/**
 * Compiles an expression for resources of any type; results are plain values, primitives that carry only
 * extensions left out. Compiled expressions are cached.
 * @throws FhirPathSyntaxError when it is no FHIRPath; the returned function throws FhirPathError when a value
 * does not fit (several items where one is needed).
 */
export function compileFhirPath(
  expression: string,
): (resource: object, variables?: FhirPathVariables) => unknown[] {
  const nodes = nodesAt(expression);
  return (resource, variables) =>
    nodes(resource, variables).flatMap(({ value }) => (value === undefined ? [] : [value]));
}

/** As `compileFhirPath`, each result with its FHIR type: what search needs to index `value[x]`. */
export function compileTypedFhirPath(
  expression: string,
): (resource: object, variables?: FhirPathVariables) => TypedValue[] {
  const nodes = nodesAt(expression);
  return (resource, variables) =>
    nodes(resource, variables).flatMap(({ value, type }) => (value === undefined ? [] : [{ value, type }]));
}

/** Longer expressions of clients are refused before they are parsed and remembered. */
const MAX_CLIENT_LENGTH = 4_000;

/** A client's expression: syntax errors become a problem that names `where`. @throws ProblemError 400 */
export function compileClientFhirPath(expression: string, where: string): NodeEvaluator {
  if (expression.length > MAX_CLIENT_LENGTH) throw new ProblemError('malformed', `${where} is too long.`);
  try {
    return nodeEvaluator(expression);
  } catch {
    // The error quotes the expression, which may name a patient's data.
    throw new ProblemError('malformed', `${where} is not a FHIRPath expression.`);
  }
}
