/** BSON read without decoding it: https://bsonspec.org/spec.html */

export const enum BsonType {
  Double = 0x01,
  String = 0x02,
  Object = 0x03,
  Array = 0x04,
  Binary = 0x05,
  ObjectId = 0x07,
  Boolean = 0x08,
  Date = 0x09,
  Null = 0x0a,
  Int32 = 0x10,
  Long = 0x12,
}

/** One element of a document: its name, type, and where its value lies in the bytes. */
export interface RawElement {
  name: string;
  type: number;
  /** Where the element begins (its type byte). */
  offset: number;
  start: number;
  end: number;
}

/** Malformed BSON. */
export class BsonFormatError extends Error {}

/** Elements of the document at `at`. Lengths are checked against the document's own. */
export function* rawElements(bytes: Buffer, at = 0): Generator<RawElement, void, void> {
  const end = documentEnd(bytes, at) - 1;
  for (let offset = at + 4; offset < end;) {
    const type = bytes[offset] ?? 0;
    const nameEnd = bytes.indexOf(0, offset + 1);
    if (nameEnd < 0 || nameEnd >= end) throw new BsonFormatError('a field name does not end');
    const start = nameEnd + 1;
    const size = valueSize(bytes, type, start, end);
    if (size < 0 || start + size > end) throw new BsonFormatError('a value exceeds its document');
    yield { name: bytes.toString('utf8', offset + 1, nameEnd), type, offset, start, end: start + size };
    offset = start + size;
  }
}

/** Where the document at `at` ends, having checked its length and its closing zero. */
export function documentEnd(bytes: Buffer, at: number): number {
  if (at + 5 > bytes.length) throw new BsonFormatError('a document is cut short');
  const size = bytes.readInt32LE(at);
  if (size < 5 || at + size > bytes.length || bytes[at + size - 1] !== 0) {
    throw new BsonFormatError('a document has a wrong length');
  }
  return at + size;
}

/** A BSON document of the given raw elements. */
export function enclose(elements: readonly Buffer[]): Buffer {
  let size = 5;
  for (const { length } of elements) size += length;
  const document = Buffer.allocUnsafe(size);
  let at = document.writeInt32LE(size, 0);
  for (const element of elements) at += element.copy(document, at);
  document[at] = 0;
  return document;
}

/** The element `name` of a document, found without decoding the others. */
export function rawElement(bytes: Buffer, name: string): RawElement | undefined {
  for (const element of rawElements(bytes)) if (element.name === name) return element;
  return undefined;
}

const FIXED: Readonly<Record<number, number>> = {
  0x01: 8,
  0x06: 0,
  0x07: 12,
  0x08: 1,
  0x09: 8,
  0x0a: 0,
  0x10: 4,
  0x11: 8,
  0x12: 8,
  0x13: 16,
  0x7f: 0,
  0xff: 0,
};

function valueSize(bytes: Buffer, type: number, start: number, end: number): number {
  const fixed = FIXED[type];
  if (fixed !== undefined) return fixed;
  if (type === 0x0b) {
    const first = bytes.indexOf(0, start);
    const second = first < 0 ? -1 : bytes.indexOf(0, first + 1);
    return second < 0 ? -1 : second + 1 - start;
  }
  if (start + 4 > end) return -1;
  const length = bytes.readInt32LE(start);
  if (length < 0) return -1;
  switch (type) {
    case 0x02:
    case 0x0d:
    case 0x0e:
      return 4 + length;
    case 0x03:
    case 0x04:
    case 0x0f:
      return length < 5 ? -1 : length;
    case 0x05:
      return 5 + length;
    case 0x0c:
      return 4 + length + 12;
    default:
      throw new BsonFormatError(`unknown BSON type 0x${type.toString(16)}`);
  }
}
