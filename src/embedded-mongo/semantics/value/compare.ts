import type { Binary, BSONRegExp, Code, ObjectId, Timestamp } from 'bson';
import { compareNumeric, numericOf } from './numbers';
import type { Document } from './types';
import { plain, Rank, rankOf } from './types';

/**
 * BSON's total order over all values (manual: "Comparison/Sort Order"): first by type, numbers of all four
 * types by exact value (NaN lowest, -0 equals 0), strings by UTF-8 bytes, documents field by field (type, name,
 * value), arrays element by element, binary by length, subtype, bytes.
 * @returns negative, zero or positive
 */
export function compareBson(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  if (typeof a === 'number' && typeof b === 'number') return compareNumeric(a, b);
  const rank = rankOf(a);
  const other = rankOf(b);
  return rank !== other ? rank - other : compareSameRank(rank, a, b);
}

/** Whether two values are the same to MongoDB: 1, 1.0, NumberLong(1) and NumberDecimal("1.00") are. */
export function equalBson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a === 'string' && typeof b === 'string') return false;
  return compareBson(a, b) === 0;
}

/** Whether a value is among values that {@link compareBson} has sorted. */
export function isAmong(sorted: readonly unknown[], value: unknown): boolean {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const order = compareBson(sorted[middle], value);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}

function compareSameRank(rank: number, a: unknown, b: unknown): number {
  switch (rank) {
    case Rank.number:
      return compareNumeric(numericOf(a), numericOf(b));
    case Rank.string:
      return compareStrings(String(a), String(b));
    case Rank.object:
      return compareDocuments(plain(a as object), plain(b as object));
    case Rank.array:
      return compareArrays(a as unknown[], b as unknown[]);
    case Rank.binData:
      return compareBinary(binaryParts(a), binaryParts(b));
    case Rank.objectId:
      return compareBytes((a as ObjectId).id, (b as ObjectId).id);
    case Rank.bool:
      return Number(a) - Number(b);
    case Rank.date:
      return Math.sign((a as Date).getTime() - (b as Date).getTime());
    case Rank.timestamp:
      return (a as Timestamp).compare(b as Timestamp);
    case Rank.regex:
      return compareRegex(regexParts(a), regexParts(b));
    case Rank.javascript:
    case Rank.javascriptWithScope:
      return compareCode(a as Code, b as Code);
    default:
      return 0; // MinKey, MaxKey, null, undefined: one value each
  }
}

/** Orders strings by their UTF-8 bytes: UTF-16 units agree with that except for surrogates. */
export function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return codePointOrder(left) - codePointOrder(right);
  }
  return a.length - b.length;
}

function codePointOrder(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

function compareDocuments(a: Document, b: Document): number {
  const left = Object.keys(a);
  const right = Object.keys(b);
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const nameA = left[i] as string;
    const nameB = right[i] as string;
    const valueA = a[nameA];
    const valueB = b[nameB];
    const order =
      rankOf(valueA) - rankOf(valueB) || compareStrings(nameA, nameB) || compareBson(valueA, valueB);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareArrays(a: unknown[], b: unknown[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compareBson(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Subtype and content of binary data, wrapped or promoted. */
export function binaryParts(value: unknown): { subtype: number; bytes: Uint8Array } {
  if (value instanceof Uint8Array) return { subtype: 0, bytes: value };
  const binary = value as Binary;
  return { subtype: binary.sub_type, bytes: binary.buffer.subarray(0, binary.position) };
}

function compareBinary(
  a: { subtype: number; bytes: Uint8Array },
  b: { subtype: number; bytes: Uint8Array },
): number {
  return a.bytes.length - b.bytes.length || a.subtype - b.subtype || compareBytes(a.bytes, b.bytes);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

/** Pattern and options of a regular expression value, wrapped or promoted. */
export function regexParts(value: unknown): { pattern: string; options: string } {
  if (value instanceof RegExp) {
    const options = (value.ignoreCase ? 'i' : '') + (value.multiline ? 'm' : '') + (value.dotAll ? 's' : '');
    return { pattern: value.source, options };
  }
  const regex = value as BSONRegExp;
  return { pattern: regex.pattern, options: regex.options };
}

function compareRegex(
  a: { pattern: string; options: string },
  b: { pattern: string; options: string },
): number {
  return compareStrings(a.pattern, b.pattern) || compareStrings(a.options, b.options);
}

function compareCode(a: Code, b: Code): number {
  const byText = compareStrings(String(a.code), String(b.code));
  return byText || (a.scope && b.scope ? compareDocuments(a.scope, b.scope) : 0);
}
