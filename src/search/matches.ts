/** Building matches: the same as writing them out, without needless nesting. */
import type { Match } from './types';

/** Holds for everything. */
export const ALL: Match = { kind: 'and', of: [] };
/** Holds for nothing. */
export const NOTHING: Match = { kind: 'or', of: [] };

const isAll = (match: Match): boolean => match.kind === 'and' && match.of.length === 0;
export const isNothing = (match: Match): boolean => match.kind === 'or' && match.of.length === 0;

export function entry(...keys: string[]): Match {
  return { kind: 'entry', keys };
}

/** None of it; what is negated twice is itself. */
export function negate(match: Match): Match {
  if (isAll(match)) return NOTHING;
  if (isNothing(match)) return ALL;
  return match.kind === 'not' ? match.of : { kind: 'not', of: match };
}

/** All of these; single matches and nested conjunctions are flattened. */
export function allOf(matches: readonly Match[]): Match {
  const flat = matches.flatMap((match) => (match.kind === 'and' ? match.of : [match]));
  if (flat.some(isNothing)) return NOTHING;
  return flat.length === 1 && flat[0] !== undefined ? flat[0] : { kind: 'and', of: flat };
}

/** Any of these; entries become one list, which the database answers with one walk. */
export function anyOf(matches: readonly Match[]): Match {
  if (matches.length === 1 && matches[0] !== undefined) return matches[0];
  const flat = matches.flatMap((match) => (match.kind === 'or' ? match.of : [match]));
  if (flat.some(isAll)) return ALL;
  const keys = flat.flatMap((match) => (match.kind === 'entry' ? match.keys : []));
  const ids = flat.flatMap((match) => (match.kind === 'ids' ? match.ids : []));
  const rest = flat.filter(({ kind }) => kind !== 'entry' && kind !== 'ids');
  const merged: Match[] = [
    ...(keys.length > 0 ? [entry(...new Set(keys))] : []),
    ...(ids.length > 0 ? [{ kind: 'ids', ids: [...new Set(ids)] } as const] : []),
    ...rest,
  ];
  return merged.length === 1 && merged[0] !== undefined ? merged[0] : { kind: 'or', of: merged };
}
