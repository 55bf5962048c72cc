import { BsonFormatError } from './format-error';

/** Sizes of values by BSON type; -1: the value says its own length, -2: there is no such type. */
const SIZES = new Int8Array(256).fill(-2);
for (const [type, size] of [
  [0x01, 8],
  [0x02, -1],
  [0x03, -1],
  [0x04, -1],
  [0x05, -1],
  [0x06, 0],
  [0x07, 12],
  [0x08, 1],
  [0x09, 8],
  [0x0a, 0],
  [0x0b, -1],
  [0x0c, -1],
  [0x0d, -1],
  [0x0e, -1],
  [0x0f, -1],
  [0x10, 4],
  [0x11, 8],
  [0x12, 8],
  [0x13, 16],
  [0x7f, 0],
  [0xff, 0],
] as const)
  SIZES[type] = size;

/** Size of a value of this type, negative where it says its own length or there is no such type. */
export function fixedSize(type: number): number {
  return SIZES[type] ?? -2;
}

/** Where the value at `at` ends. @throws BsonFormatError when that is beyond `limit`, the end of its document */
export function valueEnd(bytes: Buffer, type: number, at: number, limit: number): number {
  const size = SIZES[type] ?? -2;
  const end = size >= 0 ? at + size : sizedEnd(bytes, type, at, limit);
  if (end > limit || end < at) throw new BsonFormatError('a value exceeds its document');
  return end;
}

function sizedEnd(bytes: Buffer, type: number, at: number, limit: number): number {
  if (type === 0x0b) {
    const options = bytes.indexOf(0, at) + 1;
    return options === 0 ? limit + 1 : bytes.indexOf(0, options) + 1;
  }
  if (at + 4 > limit) throw new BsonFormatError('a value is cut short');
  const length = int32(bytes, at);
  if (length < 0) throw new BsonFormatError('a length is negative');
  switch (type) {
    case 0x02:
    case 0x0d:
    case 0x0e:
      return at + 4 + length;
    case 0x03:
    case 0x04:
    case 0x0f:
      return length < 5 ? limit + 1 : at + length;
    case 0x05:
      return at + 5 + length;
    case 0x0c:
      return at + 4 + length + 12;
    default:
      throw new BsonFormatError(`unknown BSON type 0x${type.toString(16)}`);
  }
}

export function int32(bytes: Buffer, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}
