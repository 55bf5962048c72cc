import { BsonFormatError } from './format-error';
import { fixedSize, int32 } from './values';

/** Documents within documents: MongoDB's own limit. */
const MOST_LEVELS = 200;

/** Checks a whole document that a client sent, without decoding it. @throws BsonFormatError */
export function checkDocument(bytes: Buffer): void {
  if (checkLevel(bytes, 0, bytes.length, 1) !== bytes.length) fail('bytes follow the document');
}

/** @returns where the document at `at` ends */
function checkLevel(bytes: Buffer, at: number, limit: number, level: number): number {
  if (level > MOST_LEVELS) fail('documents lie too deep within each other');
  if (at + 5 > limit) fail('a document is cut short');
  const end = at + int32(bytes, at);
  if (end < at + 5 || end > limit || bytes[end - 1] !== 0) fail('a document has a wrong length');
  let position = at + 4;
  while (position < end - 1) {
    const type = bytes[position] ?? 0;
    position = textEnd(bytes, position + 1, end);
    const size = fixedSize(type);
    if (size >= 0) {
      if (type === 0x08 && (bytes[position] ?? 2) > 1) fail('a boolean is neither true nor false');
      position += size;
    } else position = checkSized(bytes, type, position, end, level);
    if (position > end - 1) fail('a value exceeds its document');
  }
  return end;
}

/** A value that says its own length. @returns where it ends */
function checkSized(bytes: Buffer, type: number, at: number, end: number, level: number): number {
  if (type === 0x0b) return textEnd(bytes, textEnd(bytes, at, end), end);
  if (at + 4 > end) fail('a value is cut short');
  const length = int32(bytes, at);
  switch (type) {
    case 0x03:
    case 0x04:
      return checkLevel(bytes, at, end, level + 1);
    case 0x02:
    case 0x0d:
    case 0x0e:
      return stringEnd(bytes, at, end);
    case 0x0c:
      return stringEnd(bytes, at, end) + 12;
    case 0x05:
      if (length < 0) fail('a length is negative');
      return at + 5 + length;
    case 0x0f: {
      const scopeEnd = checkLevel(bytes, stringEnd(bytes, at + 4, end), end, level + 1);
      if (scopeEnd !== at + length) fail('a code has a wrong length');
      return scopeEnd;
    }
    default:
      return fail(`unknown BSON type 0x${type.toString(16)}`);
  }
}

function stringEnd(bytes: Buffer, at: number, end: number): number {
  const length = int32(bytes, at);
  const last = at + 4 + length;
  if (length < 1 || last > end || bytes[last - 1] !== 0) fail('a string has a wrong length');
  return last;
}

/** After the zero that ends a name. */
function textEnd(bytes: Buffer, at: number, end: number): number {
  let position = at;
  while (bytes[position] !== 0) if (++position >= end) fail('a field name does not end');
  return position + 1;
}

function fail(what: string): never {
  throw new BsonFormatError(what);
}
