import { BsonFormatError } from './format-error';
import { valueEnd } from './values';

/** Names of top-level fields, found in BSON without making strings of what is there. */
export class FieldNames {
  /** The names, as UTF-8, by their length. */
  private readonly byLength: Uint8Array[][] = [];

  constructor(names: Iterable<string>) {
    for (const name of names) {
      const bytes = Buffer.from(name, 'utf8');
      (this.byLength[bytes.length] ??= []).push(bytes);
    }
  }

  /** Whether the bytes from `start` to `end` are one of the names. */
  has(bytes: Buffer, start: number, end: number): boolean {
    const candidates = this.byLength[end - start];
    if (!candidates) return false;
    for (const name of candidates) {
      let i = 0;
      while (i < name.length && name[i] === bytes[start + i]) i++;
      if (i === name.length) return true;
    }
    return false;
  }
}

/** A document with only the named top-level fields, or without them (`keep` false), byte for byte as they are. */
export function selectNames(bytes: Buffer, names: FieldNames, keep: boolean): Buffer {
  const end = bytes.length - 1;
  const selected = Buffer.allocUnsafe(bytes.length);
  let at = 4;
  let runFrom = 4;
  let offset = 4;
  while (offset < end) {
    const nameEnd = zeroAfter(bytes, offset + 1, end);
    const next = valueEnd(bytes, bytes[offset] ?? 0, nameEnd + 1, end);
    if (names.has(bytes, offset + 1, nameEnd) !== keep) {
      at += bytes.copy(selected, at, runFrom, offset);
      runFrom = next;
    }
    offset = next;
  }
  at += bytes.copy(selected, at, runFrom, end);
  selected[at] = 0;
  selected.writeInt32LE(at + 1, 0);
  return selected.subarray(0, at + 1);
}

function zeroAfter(bytes: Buffer, at: number, end: number): number {
  let position = at;
  while (bytes[position] !== 0) if (++position >= end) throw new BsonFormatError('a field name does not end');
  return position;
}
