/** The words of a `_filter` expression. https://hl7.org/fhir/R4/search_filter.html */

export type FilterToken =
  | { kind: 'open' | 'close' | 'bracket-open' | 'bracket-close' | 'end' }
  | { kind: 'word' | 'text'; text: string };

const SINGLE: Record<string, FilterToken> = {
  '(': { kind: 'open' },
  ')': { kind: 'close' },
  '[': { kind: 'bracket-open' },
  ']': { kind: 'bracket-close' },
};

const TEXT = /"((?:[^"\\]|\\.)*)"/y;
const WORD = /[^\s()[\]"]+/y;

function textOf(escaped: string): string | undefined {
  try {
    return JSON.parse(`"${escaped}"`) as string;
  } catch {
    return undefined;
  }
}

/** @returns undefined when a text is not closed. */
export function tokenizeFilter(expression: string): FilterToken[] | undefined {
  const tokens: FilterToken[] = [];
  for (let i = 0; i < expression.length;) {
    const c = expression.charAt(i);
    const single = SINGLE[c];
    if (/\s/.test(c)) i++;
    else if (single !== undefined) {
      tokens.push(single);
      i++;
    } else {
      const pattern = c === '"' ? TEXT : WORD;
      pattern.lastIndex = i;
      const match = pattern.exec(expression);
      const text = c === '"' ? textOf(match?.[1] ?? '\\') : match?.[0];
      if (match === null || text === undefined) return undefined;
      tokens.push({ kind: c === '"' ? 'text' : 'word', text });
      i = pattern.lastIndex;
    }
  }
  tokens.push({ kind: 'end' });
  return tokens;
}
