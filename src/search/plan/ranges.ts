/** `date=ge2024-01-01&date=lt2024-02-01`: two ends of one walk through the index. */
import { layout } from '../parameters/registry';
import type { Match } from '../types';

type RangeMatch = Extract<Match, { kind: 'range' }>;
type Bound = string | number | undefined;

const later = (a: Bound, b: Bound): Bound => (a === undefined || (b !== undefined && b > a) ? b : a);
const earlier = (a: Bound, b: Bound): Bound => (a === undefined || (b !== undefined && b < a) ? b : a);

/** Both at once: each alternative of the one with each of the other. */
function both(a: RangeMatch, b: RangeMatch): RangeMatch {
  const { kind, key, narrow } = a;
  const [from, to] = [later(a.from, b.from), earlier(a.to, b.to)];
  return {
    kind,
    key,
    ...(narrow === undefined ? {} : { narrow }),
    any: a.any.flatMap((one) => b.any.map((two) => [...one, ...two])),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/** Whether both are about the same single value: then one entry has to satisfy both. */
function isAboutOne(repeating: ReadonlyMap<string, string>, a: RangeMatch, b: Match): b is RangeMatch {
  const isPlain = (match: RangeMatch): boolean => match.units === undefined && match.systems === undefined;
  return b.kind === 'range' && a.key === b.key && isPlain(a) && isPlain(b) && !repeating.has(a.key);
}

/** Conjuncts with the ranges of single values joined. A field of several values may satisfy each by another one. */
export function joinRanges(type: string, conjuncts: readonly Match[]): Match[] {
  const { repeating, fields } = layout(type);
  const known = new Set(fields.map(({ key }) => key));
  const joined: Match[] = [];
  for (const match of conjuncts) {
    const at =
      match.kind === 'range' && known.has(match.key)
        ? joined.findIndex((other) => other.kind === 'range' && isAboutOne(repeating, other, match))
        : -1;
    const other = joined[at];
    if (match.kind === 'range' && other?.kind === 'range') joined[at] = both(other, match);
    else joined.push(match);
  }
  return joined;
}
