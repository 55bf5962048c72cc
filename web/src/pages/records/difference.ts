import { diffLines } from 'diff';
import type { Stored } from '../../api/fhir';

/** One line of the older and of the newer version; undefined where a side has none. */
export interface LinePair {
  before: string | undefined;
  after: string | undefined;
}

/** Lines that are alike, folded away but for those beside a change, or lines that are not. */
export interface Stretch {
  isAlike: boolean;
  pairs: readonly LinePair[];
}

/**
 * How two versions differ, line by line of their JSON. Fields are put in order first, so that a field that only moved
 * is no difference.
 */
export function differenceOf(before: Stored | undefined, after: Stored | undefined): Stretch[] {
  const stretches: Stretch[] = [];
  let removed: string[] = [];
  const flush = (added: readonly string[]): void => {
    const length = Math.max(removed.length, added.length);
    if (length === 0) return;
    const pairs = Array.from({ length }, (_none, i) => ({ before: removed[i], after: added[i] }));
    stretches.push({ isAlike: false, pairs });
    removed = [];
  };
  for (const part of diffLines(jsonOf(before), jsonOf(after))) {
    const lines = part.value.replace(/\n$/, '').split('\n');
    if (part.removed) removed = lines;
    else if (part.added) flush(lines);
    else {
      flush([]);
      stretches.push({ isAlike: true, pairs: lines.map((line) => ({ before: line, after: line })) });
    }
  }
  flush([]);
  return stretches;
}

function jsonOf(resource: Stored | undefined): string {
  return resource === undefined ? '' : `${JSON.stringify(inOrder(resource), null, 2)}\n`;
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, each]) => [name, inOrder(each)]));
}
