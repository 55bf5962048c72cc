/** Operators of FHIRPath. https://hl7.org/fhirpath/N1/#operations */
import { dateRange } from '../dates';
import { freeNode, isObject, type Node } from './nodes';
import { booleanOf, FhirPathError, NOTHING, single, truth, type Evaluate } from './scope';

const DATE_TYPES = new Set(['date', 'dateTime', 'instant']);

/** A time of day as a moment of one fixed day, so that it compares as dates do. */
const asDate = (value: string, type: string): string => (type === 'time' ? `2000-01-01T${value}Z` : value);

function areDates(a: Node, b: Node): boolean {
  const isDate = (node: Node): boolean => DATE_TYPES.has(node.type) || node.type === 'time';
  return typeof a.value === 'string' && typeof b.value === 'string' && (isDate(a) || isDate(b));
}

/** -1, 0, 1, or undefined where the precision of dates does not decide it. */
function compareDates(a: Node, b: Node): number | undefined {
  const left = dateRange(asDate(String(a.value), a.type));
  const right = dateRange(asDate(String(b.value), b.type === 'string' ? a.type : b.type));
  if (left === undefined || right === undefined) return undefined;
  if (left.high < right.low) return -1;
  if (left.low > right.high) return 1;
  return left.low === right.low && left.high === right.high ? 0 : undefined;
}

function isQuantity(node: Node): node is Node & { value: Record<string, unknown> } {
  return isObject(node.value) && typeof node.value['value'] === 'number';
}

const unitOf = (value: Record<string, unknown>): unknown => value['code'] ?? value['unit'];

function compareValues(a: Node, b: Node): number | undefined {
  if (areDates(a, b)) return compareDates(a, b);
  if (isQuantity(a) && isQuantity(b)) {
    if (unitOf(a.value) !== unitOf(b.value)) return undefined;
    return Math.sign(Number(a.value['value']) - Number(b.value['value']));
  }
  const [x, y] = [a.value, b.value];
  if (typeof x === 'number' && typeof y === 'number') return Math.sign(x - y);
  if (typeof x === 'string' && typeof y === 'string') return x < y ? -1 : x > y ? 1 : 0;
  if (x === undefined || y === undefined) return undefined;
  throw new FhirPathError('Values of these types cannot be compared');
}

function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => deepEqual(a[key], b[key]));
}

/** Equality of two items; undefined where dates of different precision leave it open. */
function equalNodes(a: Node, b: Node): boolean | undefined {
  if (a.value === b.value && !isObject(a.value))
    return a.value !== undefined || deepEqual(a.sibling, b.sibling);
  if (areDates(a, b)) {
    const order = compareDates(a, b);
    return order === undefined ? undefined : order === 0;
  }
  return deepEqual(a.value, b.value);
}

function equal(left: readonly Node[], right: readonly Node[]): boolean | undefined {
  if (left.length === 0 || right.length === 0) return undefined;
  if (left.length !== right.length) return false;
  for (const [i, item] of left.entries()) {
    const other = right[i];
    const same = other === undefined ? false : equalNodes(item, other);
    if (same !== true) return same;
  }
  return true;
}

const folded = (value: unknown): unknown =>
  typeof value === 'string' ? value.toLowerCase().replace(/\s+/g, ' ').trim() : value;

function equivalent(left: readonly Node[], right: readonly Node[]): boolean {
  if (left.length !== right.length) return false;
  const rest = [...right];
  return left.every((item) => {
    const at = rest.findIndex(
      (other) => deepEqual(folded(item.value), folded(other.value)) || equalNodes(item, other) === true,
    );
    if (at >= 0) rest.splice(at, 1);
    return at >= 0;
  });
}

export const includesNode = (nodes: readonly Node[], item: Node): boolean =>
  nodes.some((other) => equalNodes(other, item) === true);

/** The items of a collection without repetitions. */
export function distinct(nodes: readonly Node[]): readonly Node[] {
  if (nodes.length < 2) return nodes;
  if (nodes.length > 16 && nodes.every(({ value }) => typeof value === 'string')) {
    return [...new Map(nodes.map((node) => [node.value, node])).values()];
  }
  const kept: Node[] = [];
  for (const node of nodes) if (!includesNode(kept, node)) kept.push(node);
  return kept;
}

const optional = (value: boolean | undefined): readonly Node[] =>
  value === undefined ? NOTHING : truth(value);

function ordering(test: (order: number) => boolean) {
  return (left: readonly Node[], right: readonly Node[]): readonly Node[] => {
    const [a, b] = [single(left), single(right)];
    const order = a === undefined || b === undefined ? undefined : compareValues(a, b);
    return order === undefined ? NOTHING : truth(test(order));
  };
}

/** Decimals are added without the binary rounding that would make 0.1 + 0.2 differ from 0.3. */
const rounded = (value: number): number => Number(value.toPrecision(15));

const calculation: Record<string, (a: number, b: number) => number | undefined> = {
  '+': (a, b) => rounded(a + b),
  '-': (a, b) => rounded(a - b),
  '*': (a, b) => rounded(a * b),
  '/': (a, b) => (b === 0 ? undefined : a / b),
  div: (a, b) => (b === 0 ? undefined : Math.trunc(a / b)),
  mod: (a, b) => (b === 0 ? undefined : a % b),
};

function calculate(operator: string) {
  const compute = calculation[operator];
  return (left: readonly Node[], right: readonly Node[]): readonly Node[] => {
    const [a, b] = [single(left)?.value, single(right)?.value];
    if (a === undefined || b === undefined) return NOTHING;
    if (operator === '+' && typeof a === 'string' && typeof b === 'string')
      return [freeNode(a + b, 'string')];
    if (typeof a !== 'number' || typeof b !== 'number') throw new FhirPathError('Numbers are expected here');
    const result = compute?.(a, b);
    return result === undefined
      ? NOTHING
      : [freeNode(result, Number.isInteger(result) ? 'integer' : 'decimal')];
  };
}

function membership(items: readonly Node[], collection: readonly Node[]): readonly Node[] {
  const item = single(items);
  return item === undefined ? NOTHING : truth(includesNode(collection, item));
}

const text = (nodes: readonly Node[]): string => {
  const value = single(nodes)?.value;
  return typeof value === 'string' ? value : '';
};

/** Operators whose both sides are always evaluated. */
export const EAGER: Record<string, (left: readonly Node[], right: readonly Node[]) => readonly Node[]> = {
  '=': (left, right) => optional(equal(left, right)),
  '!=': (left, right) => {
    const same = equal(left, right);
    return optional(same === undefined ? undefined : !same);
  },
  '~': (left, right) => truth(equivalent(left, right)),
  '!~': (left, right) => truth(!equivalent(left, right)),
  '<': ordering((order) => order < 0),
  '>': ordering((order) => order > 0),
  '<=': ordering((order) => order <= 0),
  '>=': ordering((order) => order >= 0),
  '|': (left, right) =>
    left.length === 0 ? distinct(right) : right.length === 0 ? distinct(left) : distinct([...left, ...right]),
  in: membership,
  contains: (left, right) => membership(right, left),
  '&': (left, right) => [freeNode(text(left) + text(right), 'string')],
  ...Object.fromEntries(Object.keys(calculation).map((operator) => [operator, calculate(operator)])),
};

/** Three-valued logic that looks at the right side only when the left does not decide. */
export const LOGIC: Record<string, (left: Evaluate, right: Evaluate) => Evaluate> = {
  and: (left, right) => (input, scope) => {
    const a = booleanOf(left(input, scope));
    if (a === false) return truth(false);
    const b = booleanOf(right(input, scope));
    return b === false ? truth(false) : a === undefined || b === undefined ? NOTHING : truth(true);
  },
  or: (left, right) => (input, scope) => {
    const a = booleanOf(left(input, scope));
    if (a === true) return truth(true);
    const b = booleanOf(right(input, scope));
    return b === true ? truth(true) : a === undefined || b === undefined ? NOTHING : truth(false);
  },
  xor: (left, right) => (input, scope) => {
    const a = booleanOf(left(input, scope));
    const b = booleanOf(right(input, scope));
    return a === undefined || b === undefined ? NOTHING : truth(a !== b);
  },
  implies: (left, right) => (input, scope) => {
    const a = booleanOf(left(input, scope));
    if (a === false) return truth(true);
    const b = booleanOf(right(input, scope));
    return b === true ? truth(true) : a === undefined || b === undefined ? NOTHING : truth(false);
  },
};
