/** String values. https://hl7.org/fhir/R4/search.html#string */
import { cutEntry, stringPrefix, tokenEntry } from '../../entries';
import { NOTHING, allOf, anyOf, entry } from '../../matches';
import type { Parameter } from '../../parameters/layout';
import type { LongText, Match } from '../../types';
import { soundex } from '../../values/soundex';
import { CUT, TAB, TEXT_LIMIT, escapePattern, fold } from '../../values/text';

/** How text is compared: `:exact`, from its beginning, `:contains`; whole and at its end in `_filter`. */
export type StringComparison = 'exact' | 'start' | 'contains' | 'equal' | 'end';

const isLong = (text: string): boolean => text.length > TEXT_LIMIT;

function exact(code: string, prefix: string, text: string): Match {
  const folded = fold(text);
  if (isLong(folded) || isLong(text)) {
    const long: LongText = { code, how: 'exact', text };
    return { kind: 'prefix', key: prefix + folded.slice(0, TEXT_LIMIT) + CUT, long };
  }
  return entry(folded === text ? prefix + folded : `${prefix}${folded}${TAB}${text}`);
}

function start(code: string, prefix: string, text: string): Match {
  const folded = fold(text);
  if (!isLong(folded)) return { kind: 'prefix', key: prefix + folded };
  const long: LongText = { code, how: 'start', text: folded };
  return { kind: 'prefix', key: prefix + folded.slice(0, TEXT_LIMIT) + CUT, long };
}

/** Entries that were cut may hold the text in what is missing: those the resource itself decides. */
function contains(code: string, key: string, text: string): Match {
  const folded = fold(text);
  const prefix = stringPrefix(key);
  const long: LongText = { code, how: 'contains', text: folded };
  return anyOf([
    { kind: 'pattern', key: prefix, pattern: `^[^${TAB}]*${escapePattern(folded)}` },
    allOf([entry(cutEntry(key)), { kind: 'prefix', key: prefix, long }]),
  ]);
}

function comparisonMatch(code: string, key: string, text: string, how: StringComparison): Match {
  const prefix = stringPrefix(key);
  switch (how) {
    case 'exact':
      return exact(code, prefix, text);
    case 'start':
      return start(code, prefix, text);
    case 'contains':
      return contains(code, key, text);
    case 'equal':
      return { kind: 'pattern', key: prefix + fold(text), pattern: `^(${TAB}|$)` };
    case 'end':
      return { kind: 'pattern', key: prefix, pattern: `^[^${TAB}]*${escapePattern(fold(text))}(${TAB}|$)` };
  }
}

/** The match of a string value, its escapes taken away. */
export function stringMatch(parameter: Parameter, text: string, how: StringComparison): Match {
  if (parameter.code === 'phonetic') {
    const codes = soundex(text);
    if (codes.length === 0) return NOTHING;
    return anyOf(parameter.parts.map(({ key }) => entry(...codes.map((code) => tokenEntry(key, code)))));
  }
  return anyOf(parameter.parts.map(({ key }) => comparisonMatch(parameter.code, key, text, how)));
}
