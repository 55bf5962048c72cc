import type { Condition, Conjunction } from './conditions';
import { fieldMustExist } from './conditions';
import type { FieldBounds, IndexScan, SortField, UsableIndex } from './index-scan';
import { intervalsOf, multikeyPathsOf, orderOf, readableBounds } from './index-scan';
import type { Range } from './ranges';
import { intersect, rangesOf } from './ranges';

/** Ways to bound one index that are looked at; a filter with more equalities on one array is served by the first ones. */
const MOST_CANDIDATES = 24;

/** All the ways an index can serve a conjunction, each with at least one bounded field or the order asked. */
export function scansOf(
  index: UsableIndex,
  { conditions }: Conjunction,
  sort: readonly SortField[],
): IndexScan[] {
  if (index.sparse && !index.pattern.some(([path]) => fieldMustExist(conditions, path))) return [];
  const scans: IndexScan[] = [];
  const visit = (bounds: FieldBounds[], bound: ReadonlyMap<string, number>): void => {
    if (scans.length >= MOST_CANDIDATES) return;
    const field = index.pattern[bounds.length];
    const pointsSoFar = bounds.every(({ ranges }) => ranges.every(({ point }) => point));
    const choices = field && pointsSoFar ? choicesFor(index, field, conditions, bound) : [];
    if (choices.length === 0) {
      const scan = scanOf(index, bounds, sort);
      if (scan) scans.push(scan);
      return;
    }
    for (const choice of choices) visit([...bounds, choice.bounds], choice.bound);
  };
  visit([], new Map());
  return scans;
}

function scanOf(
  index: UsableIndex,
  wanted: readonly FieldBounds[],
  sort: readonly SortField[],
): IndexScan | undefined {
  const bounds = readableBounds(wanted);
  const order = orderOf(index, bounds, sort);
  if (bounds.length === 0 && (sort.length === 0 || !order)) return undefined;
  return { index, bounds, intervals: intervalsOf(index, bounds), order };
}

interface Choice {
  bounds: FieldBounds;
  /** Arrays that bounds already speak of, and the `$elemMatch` they do it for (0: no one). */
  bound: ReadonlyMap<string, number>;
}

/**
 * The ways to bound one field. Over an array, two conditions may be met by two elements, so only one of them bounds the
 * field, and no two fields of the same array are bounded, unless the conditions stand under one `$elemMatch`.
 */
function choicesFor(
  index: UsableIndex,
  [path, direction]: readonly [string, 1 | -1],
  conditions: readonly Condition[],
  bound: ReadonlyMap<string, number>,
): Choice[] {
  const arrays = multikeyPathsOf(index, path);
  const usable = conditions
    .filter((condition) => condition.path === path && mayFollow(condition, arrays, bound))
    .flatMap((condition) => {
      const ranges = rangesOf(condition.filter, direction === -1);
      return ranges ? [{ condition, ranges }] : [];
    });
  return combine(usable, arrays).map((bounds) => {
    const group = bounds.conditions[0]?.group ?? 0;
    return { bounds, bound: new Map([...bound, ...arrays.map((array) => [array, group] as const)]) };
  });
}

interface Usable {
  condition: Condition;
  ranges: Range[];
}

function combine(usable: readonly Usable[], arrays: readonly string[]): FieldBounds[] {
  const together = (condition: Condition): string =>
    arrays.every((array) => covers(condition, array))
      ? `group ${condition.group}`
      : `alone ${usable.findIndex((one) => one.condition === condition)}`;
  const sets = new Map<string, Usable[]>();
  for (const one of usable) {
    const key = together(one.condition);
    sets.set(key, [...(sets.get(key) ?? []), one]);
  }
  return [...sets.values()].map((set) => ({
    ranges: set
      .slice(1)
      .reduce<readonly Range[]>((ranges, one) => intersect(ranges, one.ranges), set[0]?.ranges ?? []),
    conditions: set.map(({ condition }) => condition),
  }));
}

/** Whether conditions of this one's group are all about one element of the array. */
function covers({ group, groupPath }: Condition, array: string): boolean {
  return group > 0 && (groupPath === array || groupPath.startsWith(`${array}.`));
}

function mayFollow(
  condition: Condition,
  arrays: readonly string[],
  bound: ReadonlyMap<string, number>,
): boolean {
  return arrays.every(
    (array) => !bound.has(array) || (bound.get(array) === condition.group && covers(condition, array)),
  );
}
