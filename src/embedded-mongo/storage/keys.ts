import { createHash } from 'node:crypto';
import { ServerError } from '../errors';

/**
 * LMDB keys are at most 1,978 bytes. Longer ones keep a prefix, which preserves their order against every other
 * key that differs within it, and a hash, which keeps equality exact.
 */
const LONGEST_INDEX_KEY = 1300;
const LONGEST_DOCUMENT_KEY = 600;

export interface ShortKey {
  key: Buffer;
  /** The key was cut: it no longer sorts against others with the same prefix. */
  cut: boolean;
}

export function shortenIndexKey(key: Buffer): ShortKey {
  if (!isCut(key)) return { key, cut: false };
  return { key: Buffer.concat([keptPrefix(key), createHash('sha256').update(key).digest()]), cut: true };
}

/** The prefix that a cut key keeps; a bound made of it is inclusive of every key it could stand for. */
export function keptPrefix(key: Buffer): Buffer {
  return key.subarray(0, LONGEST_INDEX_KEY - 32);
}

export function isCut(key: Buffer): boolean {
  return key.length > LONGEST_INDEX_KEY;
}

/** `[collection u32][key of _id]` in `documents`. @throws ServerError 17280 for an _id that is too long */
export function documentKey(collection: number, id: Buffer): Buffer {
  if (id.length > LONGEST_DOCUMENT_KEY) {
    throw new ServerError(
      17280,
      `The _id is too long for the embedded database: its key takes ${id.length} of ${LONGEST_DOCUMENT_KEY} bytes`,
    );
  }
  return withNumber(collection, id);
}

export function withNumber(number: number, rest: Buffer): Buffer {
  const key = Buffer.allocUnsafe(4 + rest.length);
  key.writeUInt32BE(number, 0);
  rest.copy(key, 4);
  return key;
}

export function numberKey(number: number): Buffer {
  const key = Buffer.allocUnsafe(4);
  key.writeUInt32BE(number, 0);
  return key;
}

/**
 * An index entry in `indexes`. Unique: `[index u32][key] -> _id key`. Otherwise `[index u32][key][_id key] -> length
 * of the key (u16)`, so that equal keys sort by _id and each entry names its document.
 */
export function indexEntry(
  index: number,
  unique: boolean,
  key: Buffer,
  id: Buffer,
): { key: Buffer; value: Buffer } {
  if (unique) return { key: withNumber(index, key), value: id };
  const whole = Buffer.allocUnsafe(4 + key.length + id.length);
  whole.writeUInt32BE(index, 0);
  key.copy(whole, 4);
  id.copy(whole, 4 + key.length);
  return { key: whole, value: lengthValue(key.length) };
}

/** Nobody writes into a stored value, so that entries of equal lengths share theirs. */
const lengthValues: Buffer[] = [];

function lengthValue(length: number): Buffer {
  const known = lengthValues[length];
  if (known) return known;
  const value = Buffer.allocUnsafeSlow(2);
  value.writeUInt16BE(length, 0);
  return (lengthValues[length] = value);
}

/** The parts of a stored entry: the index key proper, and the key of the document's _id. */
export function readIndexEntry(unique: boolean, key: Buffer, value: Buffer): { key: Buffer; id: Buffer } {
  if (unique) return { key: key.subarray(4), id: value };
  const end = 4 + value.readUInt16BE(0);
  return { key: key.subarray(4, end), id: key.subarray(end) };
}
