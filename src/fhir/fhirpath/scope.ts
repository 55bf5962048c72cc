/** The shape of compiled FHIRPath, and how collections become booleans and single values. */
import { freeNode, type Node } from './nodes';

export interface Scope {
  /** `%resource`, `%rootResource`, `%context`. */
  resource: Node;
  root: Node;
  context: Node;
  /** Other variables, as plain values. */
  variables: Readonly<Record<string, unknown>>;
  /** `$this`, `$index` and `$total` of the innermost function that sets them. */
  self: readonly Node[];
  index: number;
  total: readonly Node[];
  /** Items looked at so far. */
  steps: number;
}

export type Evaluate = (input: readonly Node[], scope: Scope) => readonly Node[];

/** Makes the evaluation of a call from its (already compiled) target and arguments. */
export type FunctionCompiler = (target: Evaluate, args: Evaluate[]) => Evaluate;

/** The expression uses something that is left to the general evaluator. */
export class NotCompiled extends Error {}

/** The expression cannot be evaluated on what it met; the message holds no value. */
export class FhirPathError extends Error {
  override name = 'FhirPathError';
}

export const NOTHING: readonly Node[] = [];
const TRUE: readonly Node[] = [freeNode(true, 'boolean')];
const FALSE: readonly Node[] = [freeNode(false, 'boolean')];

export const truth = (value: boolean): readonly Node[] => (value ? TRUE : FALSE);

/** Singleton evaluation to a boolean: one item that is no boolean counts as true. undefined is "empty". */
export function booleanOf(nodes: readonly Node[]): boolean | undefined {
  if (nodes.length === 0) return undefined;
  if (nodes.length > 1) throw new FhirPathError('Expected one item where a boolean is needed');
  const value = nodes[0]?.value;
  return typeof value === 'boolean' ? value : true;
}

export const isTrue = (nodes: readonly Node[]): boolean => booleanOf(nodes) === true;

export function single(nodes: readonly Node[]): Node | undefined {
  if (nodes.length > 1) throw new FhirPathError('Expected one item, found several');
  return nodes[0];
}

/** The one string of a collection; undefined when it is empty or no text. */
export function stringOf(nodes: readonly Node[]): string | undefined {
  const value = single(nodes)?.value;
  return typeof value === 'string' ? value : undefined;
}

export function numberOf(nodes: readonly Node[]): number | undefined {
  const value = single(nodes)?.value;
  return typeof value === 'number' ? value : undefined;
}

/** What an expression may look at before it is given up: clients send expressions too (patches, parameters). */
const MAX_STEPS = 2_000_000;

/** Evaluates `inner` for one item as `$this`. */
export function within(scope: Scope, item: Node, index: number, inner: Evaluate): readonly Node[] {
  if (++scope.steps > MAX_STEPS) throw new FhirPathError('The expression takes too many steps');
  const { self, index: before } = scope;
  const one = [item];
  scope.self = one;
  scope.index = index;
  const result = inner(one, scope);
  scope.self = self;
  scope.index = before;
  return result;
}
