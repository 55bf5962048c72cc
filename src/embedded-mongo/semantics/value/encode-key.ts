import type { Code, ObjectId, Timestamp } from 'bson';
import { binaryParts, regexParts } from './compare';
import type { ExactDecimal, Numeric } from './numbers';
import { compareNumeric, exactDecimal, numericOf, toDouble } from './numbers';
import type { Document } from './types';
import { plain, Rank, rankOf } from './types';

/*
 * A key is one byte for the type, in BSON order, and a payload that ends itself:
 *   numbers   8 bytes of the greatest double not above the value, in order; then 0, or 1 and 17 bytes of the exact
 *             decimal where the value is no double (Long beyond 2^53, most Decimal128)
 *   strings   UTF-8, bytes 00 and 01 as 01 01 and 01 02, then 00
 *   documents for every field type, name, payload; then 00.  Arrays the same without names
 *   binary    length (4 bytes), subtype, bytes
 * No key is the beginning of another, so that concatenated keys order like the tuple of their values, and inverting all
 * bytes of a key makes it descending. None begins with 00 or FF.
 */
const END = 0x00;
/** Stands before 01 for a byte 00 and before 02 for a byte 01. */
const ESCAPE = 0x01;

/** Bytes that grow; one scratch buffer serves all encodings, since encoding never pauses. */
class KeyWriter {
  buffer = Buffer.allocUnsafe(4096);
  length = 0;

  private ensure(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + bytes));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }

  byte(value: number): void {
    this.ensure(1);
    this.buffer[this.length++] = value;
  }

  bytes(value: Uint8Array): void {
    this.ensure(value.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
  }

  uint32(value: number): void {
    this.ensure(4);
    this.length = this.buffer.writeUInt32BE(value >>> 0, this.length);
  }

  /** Escaped and terminated UTF-8. ASCII, the common case, is written without a call out of JavaScript. */
  text(value: string): void {
    this.ensure(value.length * 6 + 1);
    const { buffer } = this;
    const start = this.length;
    let at = start;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) {
        this.wideText(value);
        return;
      }
      if (unit <= ESCAPE) {
        buffer[at++] = ESCAPE;
        buffer[at++] = unit + 1;
      } else buffer[at++] = unit;
    }
    buffer[at++] = END;
    this.length = at;
  }

  private wideText(value: string): void {
    const utf8 = Buffer.from(value, 'utf8');
    this.ensure(utf8.length * 2 + 1);
    for (const byte of utf8) {
      if (byte <= ESCAPE) {
        this.buffer[this.length++] = ESCAPE;
        this.buffer[this.length++] = byte + 1;
      } else this.buffer[this.length++] = byte;
    }
    this.buffer[this.length++] = END;
  }

  invert(from: number): void {
    const { buffer, length } = this;
    for (let i = from; i < length; i++) buffer[i] = ~(buffer[i] as number) & 0xff;
  }
}

const writer = new KeyWriter();

/**
 * Encodes a value so that comparing the bytes orders as {@link compareBson} does, `descending` the other way
 * round. Keys are self-delimiting: a compound key is the concatenation of its parts.
 */
export function encodeKey(value: unknown, descending = false): Buffer {
  writer.length = 0;
  appendKey(value, descending);
  return written();
}

/** Encodes compound keys, each value ascending or descending; the keys share one piece of memory. */
export function encodeCompoundKeys(
  tuples: readonly (readonly unknown[])[],
  descending: readonly boolean[],
): Buffer[] {
  writer.length = 0;
  const ends: number[] = [];
  for (const tuple of tuples) {
    appendTuple(tuple, descending);
    ends.push(writer.length);
  }
  const all = written();
  let start = 0;
  return ends.map((end) => {
    const key = all.subarray(start, end);
    start = end;
    return key;
  });
}

function appendTuple(values: readonly unknown[], descending: readonly boolean[]): void {
  for (let i = 0; i < values.length; i++) appendKey(values[i], descending[i] ?? false);
}

/** A copy of what was written; small ones come from Node's shared pool. */
function written(): Buffer {
  const { buffer, length } = writer;
  const copy = Buffer.allocUnsafe(length);
  buffer.copy(copy, 0, 0, length);
  return copy;
}

function appendKey(value: unknown, descending: boolean): void {
  const start = writer.length;
  const rank = rankOf(value);
  writer.byte(typeByte(rank));
  writePayload(rank, value);
  if (descending) writer.invert(start);
}

/** Ranks from -1 to 127 as bytes from 0x0F to 0x8F: never 00 or FF, inverted or not. */
function typeByte(rank: number): number {
  return rank + 0x10;
}

function writePayload(rank: number, value: unknown): void {
  switch (rank) {
    case Rank.number:
      return writeNumber(numericOf(value));
    case Rank.string:
      return writer.text(String(value));
    case Rank.object:
      return writeDocument(plain(value as object));
    case Rank.array:
      return writeArray(value as unknown[]);
    case Rank.binData:
      return writeBinary(value);
    case Rank.objectId:
      return writer.bytes((value as ObjectId).id);
    case Rank.bool:
      return writer.byte(value === true ? 1 : 0);
    case Rank.date:
      return writeInt64(BigInt((value as Date).getTime()));
    case Rank.timestamp:
      writer.uint32((value as Timestamp).high);
      return writer.uint32((value as Timestamp).low);
    case Rank.regex:
      writer.text(regexParts(value).pattern);
      return writer.text(regexParts(value).options);
    case Rank.javascript:
      return writer.text(String((value as Code).code));
    case Rank.javascriptWithScope:
      writer.text(String((value as Code).code));
      return writeDocument((value as Code).scope ?? {});
    default:
      return; // MinKey, MaxKey, null, undefined are their type
  }
}

function writeDocument(document: Document): void {
  for (const name of Object.keys(document)) {
    const value = document[name];
    const rank = rankOf(value);
    writer.byte(typeByte(rank));
    writer.text(name);
    writePayload(rank, value);
  }
  writer.byte(END);
}

function writeArray(values: unknown[]): void {
  for (const value of values) {
    const rank = rankOf(value);
    writer.byte(typeByte(rank));
    writePayload(rank, value);
  }
  writer.byte(END);
}

function writeBinary(value: unknown): void {
  const { subtype, bytes } = binaryParts(value);
  writer.uint32(bytes.length);
  writer.byte(subtype);
  writer.bytes(bytes);
}

const scratch = new DataView(new ArrayBuffer(8));

function writeInt64(value: bigint): void {
  scratch.setBigInt64(0, value);
  writer.uint32(scratch.getUint32(0) ^ 0x80000000);
  writer.uint32(scratch.getUint32(4));
}

function writeNumber(value: Numeric): void {
  if (typeof value === 'number') {
    writeDouble(value);
    return writer.byte(0);
  }
  const floor = floorDouble(value);
  writeDouble(floor);
  if (compareNumeric(floor, value) === 0) return writer.byte(0);
  writer.byte(1);
  writeDecimal(typeof value === 'object' ? value : exactDecimal(value));
}

/** IEEE bits in order: negative numbers have all bits inverted, others the sign bit; NaN is lowest. */
function writeDouble(value: number): void {
  if (Number.isNaN(value)) {
    writer.uint32(0);
    return writer.uint32(0);
  }
  scratch.setFloat64(0, value === 0 ? 0 : value);
  const high = scratch.getUint32(0);
  const flip = high >>> 31 === 1 ? 0xffffffff : 0;
  writer.uint32(high ^ (flip === 0 ? 0x80000000 : flip));
  writer.uint32(scratch.getUint32(4) ^ flip);
}

/** The greatest double that is not above the value. */
function floorDouble(value: Numeric): number {
  const nearest = toDouble(value);
  return compareNumeric(nearest, value) > 0 ? nextBelow(nearest) : nearest;
}

function nextBelow(value: number): number {
  if (value === Infinity) return Number.MAX_VALUE;
  if (value === 0) return -Number.MIN_VALUE;
  scratch.setFloat64(0, value);
  const bits = scratch.getBigInt64(0);
  scratch.setBigInt64(0, value > 0 ? bits - 1n : bits + 1n);
  return scratch.getFloat64(0);
}

/** 2 bytes of exponent and 15 of 34 left-aligned digits; both inverted below zero. */
function writeDecimal(value: ExactDecimal): void {
  const start = writer.length;
  const negative = value.coefficient < 0n;
  const digits = (negative ? -value.coefficient : value.coefficient).toString();
  const exponent = digits.length + value.exponent + 0x4000;
  writer.byte(exponent >> 8);
  writer.byte(exponent & 0xff);
  writer.bytes(Buffer.from(BigInt(digits.padEnd(34, '0')).toString(16).padStart(30, '0'), 'hex'));
  if (negative) writer.invert(start);
}
