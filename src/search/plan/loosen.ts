/** For lean types: what their index can say of a match. The rest is checked with `evaluate`. */
import { leanForm } from '../lean';
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
    case 'entry': {
      if (match.keys.every((key) => leanForm(key) === undefined)) return match;
      return anyOf(match.keys.map(loosenedEntry));
    }
    case 'prefix':
    case 'pattern': {
      const form = leanForm(match.key);
      if (form === undefined) return match;
      return 'prefix' in form ? { kind: 'prefix', key: form.prefix } : entry(form.entry);
    }
    case 'contained': {
      const inner = loosened(match.match);
      return inner === match.match ? match : { ...match, match: inner };
    }
    default:
      return match;
  }
}

function loosenedEntry(key: string): Match {
  const form = leanForm(key);
  if (form === undefined) return entry(key);
  return 'prefix' in form ? { kind: 'prefix', key: form.prefix } : entry(form.entry);
}
