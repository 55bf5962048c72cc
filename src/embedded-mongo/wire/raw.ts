import { BsonFormatError } from './format-error';
import { valueEnd } from './values';

export { BsonFormatError };

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

/** Elements of the document at `at`. Lengths are checked against the document's own. */
export function* rawElements(bytes: Buffer, at = 0): Generator<RawElement, void, void> {
  const end = documentEnd(bytes, at) - 1;
  for (let offset = at + 4; offset < end;) {
    const type = bytes[offset] ?? 0;
    const nameEnd = bytes.indexOf(0, offset + 1);
    if (nameEnd < 0 || nameEnd >= end) throw new BsonFormatError('a field name does not end');
    const start = nameEnd + 1;
    const next = valueEnd(bytes, type, start, end);
    yield { name: bytes.toString('utf8', offset + 1, nameEnd), type, offset, start, end: next };
    offset = next;
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
