/** Functions of FHIRPath over collections. https://hl7.org/fhirpath/N1/#functions */
import {
  freeNode,
  isObject,
  isOfType,
  pushAllChildren,
  pushChildren,
  resolveReference,
  type Node,
} from './nodes';
import { distinct, includesNode } from './operators';
import {
  booleanOf,
  isTrue,
  NOTHING,
  numberOf,
  stringOf,
  truth,
  within,
  type Evaluate,
  type FunctionCompiler,
} from './scope';
import { STRING_FUNCTIONS } from './strings';

const identity: Evaluate = (input) => input;

/** A function of the whole collection. */
const ofAll =
  (fn: (nodes: readonly Node[], args: Evaluate[]) => readonly Node[]): FunctionCompiler =>
  (target, args) =>
  (input, scope) =>
    fn(target(input, scope), args);

/** A function of the collection and one other collection. */
const ofTwo =
  (fn: (nodes: readonly Node[], other: readonly Node[]) => readonly Node[]): FunctionCompiler =>
  (target, [other = identity]) =>
  (input, scope) =>
    fn(target(input, scope), other(scope.self, scope));

const where: FunctionCompiler =
  (target, [criteria = identity]) =>
  (input, scope) => {
    const nodes = target(input, scope);
    if (nodes.length === 0) return NOTHING;
    return nodes.filter((node, i) => isTrue(within(scope, node, i, criteria)));
  };

const exists: FunctionCompiler = (target, args) => {
  const [criteria] = args;
  if (criteria === undefined) return (input, scope) => truth(target(input, scope).length > 0);
  return (input, scope) =>
    truth(target(input, scope).some((node, i) => isTrue(within(scope, node, i, criteria))));
};

const all: FunctionCompiler =
  (target, [criteria = identity]) =>
  (input, scope) =>
    truth(target(input, scope).every((node, i) => isTrue(within(scope, node, i, criteria))));

const select: FunctionCompiler =
  (target, [projection = identity]) =>
  (input, scope) =>
    target(input, scope).flatMap((node, i) => within(scope, node, i, projection));

const repeat: FunctionCompiler =
  (target, [projection = identity]) =>
  (input, scope) => {
    const found: Node[] = [];
    let layer = target(input, scope).flatMap((node, i) => within(scope, node, i, projection));
    while (layer.length > 0) {
      const fresh = layer.filter((node) => !includesNode(found, node));
      found.push(...fresh);
      layer = fresh.flatMap((node, i) => within(scope, node, i, projection));
    }
    return found;
  };

const aggregate: FunctionCompiler =
  (target, [aggregator = identity, initial]) =>
  (input, scope) => {
    const before = scope.total;
    let total = initial?.(scope.self, scope) ?? NOTHING;
    for (const [i, node] of target(input, scope).entries()) {
      scope.total = total;
      total = within(scope, node, i, aggregator);
    }
    scope.total = before;
    return total;
  };

const iif: FunctionCompiler =
  (target, [criterion = identity, then = identity, otherwise]) =>
  (input, scope) => {
    const focus = target(input, scope);
    const branch = isTrue(criterion(focus, scope)) ? then : otherwise;
    return branch?.(focus, scope) ?? NOTHING;
  };

const skip: FunctionCompiler =
  (target, [count = identity]) =>
  (input, scope) =>
    target(input, scope).slice(Math.max(0, numberOf(count(scope.self, scope)) ?? 0));

const take: FunctionCompiler =
  (target, [count = identity]) =>
  (input, scope) =>
    target(input, scope).slice(0, Math.max(0, numberOf(count(scope.self, scope)) ?? 0));

const extension: FunctionCompiler =
  (target, [url = identity]) =>
  (input, scope) => {
    const wanted = stringOf(url(scope.self, scope));
    const found: Node[] = [];
    for (const node of target(input, scope)) pushChildren(node, 'extension', found);
    return found.filter((node) => isObject(node.value) && node.value['url'] === wanted);
  };

const resolve: FunctionCompiler = (target) => (input, scope) =>
  target(input, scope).flatMap((node) => resolveReference(node, scope.root) ?? []);

function descendants(nodes: readonly Node[]): readonly Node[] {
  const found: Node[] = [];
  for (const node of nodes) pushAllChildren(node, found);
  // The list grows while it is walked: each item's children are put behind it.
  for (let i = 0; i < found.length; i++) {
    const node = found[i];
    if (node !== undefined) pushAllChildren(node, found);
  }
  return found;
}

function children(nodes: readonly Node[]): readonly Node[] {
  const found: Node[] = [];
  for (const node of nodes) pushAllChildren(node, found);
  return found;
}

const everyBoolean = (wanted: boolean) =>
  ofAll((nodes) => truth(nodes.every(({ value }) => value === wanted)));
const anyBoolean = (wanted: boolean) => ofAll((nodes) => truth(nodes.some(({ value }) => value === wanted)));

function not(nodes: readonly Node[]): readonly Node[] {
  const value = booleanOf(nodes);
  return value === undefined ? NOTHING : truth(!value);
}

function subset(nodes: readonly Node[], other: readonly Node[]): boolean {
  return nodes.every((node) => includesNode(other, node));
}

/** Narratives are checked where elements are (validation/primitives.ts); as an expression the rule holds. */
const htmlChecks = ofAll(() => truth(true));

const hasValue = ofAll((nodes) => {
  const [only] = nodes;
  return truth(nodes.length === 1 && only?.value !== undefined && !isObject(only.value));
});

function ofTypeNamed(nodes: readonly Node[], type: string): readonly Node[] {
  return nodes.filter((node) => isOfType(node.type, type));
}

/** `ofType(T)` and `as(T)`; R4's own expressions use `as` on lists as a filter, so it filters. */
export const filterByType =
  (target: Evaluate, type: string): Evaluate =>
  (input, scope) =>
    ofTypeNamed(target(input, scope), type);

/** `is(T)` of one item; empty stays empty. */
export const testType =
  (target: Evaluate, type: string): Evaluate =>
  (input, scope) => {
    const [node] = target(input, scope);
    return node === undefined ? NOTHING : truth(isOfType(node.type, type));
  };

export const FUNCTIONS: Record<string, FunctionCompiler> = {
  ...STRING_FUNCTIONS,
  where,
  exists,
  all,
  select,
  repeat,
  aggregate,
  iif,
  skip,
  take,
  extension,
  resolve,
  htmlChecks,
  hasValue,
  empty: ofAll((nodes) => truth(nodes.length === 0)),
  not: ofAll(not),
  count: ofAll((nodes) => [freeNode(nodes.length, 'integer')]),
  distinct: ofAll(distinct),
  isDistinct: ofAll((nodes) => truth(distinct(nodes).length === nodes.length)),
  first: ofAll((nodes) => nodes.slice(0, 1)),
  last: ofAll((nodes) => nodes.slice(-1)),
  tail: ofAll((nodes) => nodes.slice(1)),
  single: ofAll((nodes) => (nodes.length > 1 ? NOTHING : nodes)),
  children: ofAll(children),
  descendants: ofAll(descendants),
  allTrue: everyBoolean(true),
  allFalse: everyBoolean(false),
  anyTrue: anyBoolean(true),
  anyFalse: anyBoolean(false),
  trace: ofAll((nodes) => nodes),
  combine: ofTwo((nodes, other) => [...nodes, ...other]),
  union: ofTwo((nodes, other) => distinct([...nodes, ...other])),
  intersect: ofTwo((nodes, other) => distinct(nodes.filter((node) => includesNode(other, node)))),
  exclude: ofTwo((nodes, other) => nodes.filter((node) => !includesNode(other, node))),
  subsetOf: ofTwo((nodes, other) => truth(subset(nodes, other))),
  supersetOf: ofTwo((nodes, other) => truth(subset(other, nodes))),
};
