/** Text as it lies in index entries: folded, cut, hashed. */
import { createHash } from 'node:crypto';

/** Longest text of an entry; keys of a database index may not grow without bounds. */
export const TEXT_LIMIT = 100;

/** Ends an entry whose text was cut. */
export const CUT = '\u0002';

/** Separates the parts of an entry; never part of folded text. */
export const TAB = '\t';

const PLAIN = /^[a-z0-9 .,'()/:;@_+-]*$/;

/**
 * Case, accents and runs of white space folded (R4 search.html#string: "case-insensitive and accent-insensitive").
 */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  if (PLAIN.test(lower) && !lower.includes('  ')) return lower.trim();
  return lower
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/ß/g, 'ss')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}

/** The text of an entry: at most `TEXT_LIMIT` characters, marked when something is missing. */
export function cut(text: string): string {
  return text.length <= TEXT_LIMIT ? text : text.slice(0, TEXT_LIMIT) + CUT;
}

const HASHES = new Map<string, string>();
const MAX_HASHES = 20_000;

function hash(text: string, length: number): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, length);
}

/** Eight characters that stand for a code system, a unit's system or another long URI. */
export function short(uri: string): string {
  if (uri === '') return '';
  const known = HASHES.get(uri);
  if (known !== undefined) return known;
  const made = hash(uri, 8);
  if (HASHES.size >= MAX_HASHES) HASHES.clear();
  HASHES.set(uri, made);
  return made;
}

/**
 * A code or identifier as it is compared: case folded ("When in doubt, servers SHOULD treat tokens in a
 * case-insensitive manner", R4 search.html#token); a long one keeps its beginning and a hash of all of it.
 */
export function tokenText(value: string): string {
  const lower = value.toLowerCase();
  return lower.length <= TEXT_LIMIT ? lower : lower.slice(0, TEXT_LIMIT - 24) + hash(lower, 24);
}

/** A URI or reference as it is compared: exactly; a long one keeps its beginning and a hash of all of it. */
export function uriText(value: string): string {
  return value.length <= 2 * TEXT_LIMIT ? value : value.slice(0, 2 * TEXT_LIMIT - 24) + hash(value, 24);
}

/** Regular expression source that matches the text literally. */
export function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
