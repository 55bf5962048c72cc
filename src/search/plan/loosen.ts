/** For lean types: what their index can say of a match. The rest is checked with `evaluate`. */
import { detailOf } from '../lean';
import { ALL, anyOf, allOf, entry } from '../matches';
import type { Match } from '../types';

/** A match that holds wherever the given one does, and asks only for entries that lean types have; itself if it does. */
export function loosened(match: Match): Match {
  switch (match.kind) {
    case 'and':
    case 'or': {
      const of = match.of.map(loosened);
      if (of.every((part, i) => part === match.of[i])) return match;
      return match.kind === 'and' ? allOf(of) : anyOf(of);
    }
    case 'not':
      // What is left of the opposite of more would be too little.
      return loosened(match.of) === match.of ? match : ALL;
    case 'entry':
      return match.keys.every((key) => detailOf(key) === undefined)
        ? match
        : anyOf(match.keys.map(loosenedEntry));
    case 'prefix':
    case 'pattern': {
      const detail = detailOf(match.key);
      return detail === undefined ? match : { kind: 'prefix', key: detail.key };
    }
    case 'contained': {
      const inner = loosened(match.match);
      return inner === match.match ? match : { ...match, match: inner };
    }
    default:
      return match;
  }
}

function loosenedEntry(full: string): Match {
  const detail = detailOf(full);
  if (detail === undefined) return entry(full);
  const { key, code } = detail;
  return code === '' ? { kind: 'prefix', key } : entry(`${key}=${code}`);
}
