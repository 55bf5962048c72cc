import { CommandError, compareBson, isAmong, isTruthy, typeName } from '../value';
import type { OperatorTable } from './evaluation';
import { positional } from './evaluation';
import { isNullish } from './logic';

/** The distinct elements in BSON order, which is how MongoDB answers with sets. */
function distinctSorted(values: readonly unknown[]): unknown[] {
  const sorted = [...values].sort(compareBson);
  return sorted.filter((value, i) => i === 0 || compareBson(sorted[i - 1], value) !== 0);
}

function needSet(value: unknown, name: string, code: number): unknown[] {
  if (!Array.isArray(value))
    throw new CommandError(
      code,
      `All operands of ${name} must be arrays. One argument is of type: ${typeName(value)}`,
    );
  return value as unknown[];
}

function union(values: unknown[], name: string): unknown {
  if (values.some(isNullish)) return null;
  return distinctSorted(values.flatMap((value) => needSet(value, name, 17043)));
}

function intersection(values: unknown[], name: string): unknown {
  if (values.some(isNullish)) return null;
  const [first = [], ...others] = values.map((value) => distinctSorted(needSet(value, name, 17047)));
  return first.filter((value) => others.every((other) => isAmong(other, value)));
}

function difference([a, b]: unknown[], name: string): unknown {
  if (isNullish(a) || isNullish(b)) return null;
  const without = distinctSorted(needSet(b, name, 17049));
  const kept: unknown[] = [];
  for (const value of needSet(a, name, 17048))
    if (!isAmong(without, value) && !kept.some((other) => compareBson(other, value) === 0)) kept.push(value);
  return kept;
}

function equalSets(values: unknown[], name: string): boolean {
  const [first = [], ...others] = values.map((value) => distinctSorted(needSet(value, name, 17044)));
  return others.every((other) => compareBson(first, other) === 0);
}

function isSubset([a, b]: unknown[], name: string): boolean {
  const all = distinctSorted(needSet(b, name, 17042));
  return needSet(a, name, 17046).every((value) => isAmong(all, value));
}

export const setOperators: OperatorTable = {
  $setUnion: positional(0, Infinity, union),
  $setIntersection: positional(0, Infinity, intersection),
  $setDifference: positional(2, 2, difference),
  $setEquals: positional(2, Infinity, equalSets),
  $setIsSubset: positional(2, 2, isSubset),
  $allElementsTrue: positional(1, 1, ([value], name) => needSet(value, name, 17040).every(isTruthy)),
  $anyElementTrue: positional(1, 1, ([value], name) => needSet(value, name, 17041).some(isTruthy)),
};
