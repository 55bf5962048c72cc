import { Decimal128, Double, Int32, Long } from 'bson';
import type { DecimalParts } from './decimal';
import { addDecimals, decimalOfDouble, decodeDecimal, encodeDecimal, multiplyDecimals } from './decimal';
import { numericOf, toDouble } from './numbers';
import { bsonType, BsonType } from './types';

const MIN_INT = -0x80000000n;
const MAX_INT = 0x7fffffffn;

/** Sum in the wider of both types; undefined when 64-bit integers overflow. */
export function add(a: unknown, b: unknown): unknown {
  return combine(
    a,
    b,
    (x, y) => x + y,
    (x, y) => x + y,
    addDecimals,
  );
}

/** Product in the wider of both types; undefined when 64-bit integers overflow. */
export function multiply(a: unknown, b: unknown): unknown {
  return combine(
    a,
    b,
    (x, y) => x * y,
    (x, y) => x * y,
    multiplyDecimals,
  );
}

type Decimals = (a: DecimalParts | number, b: DecimalParts | number) => DecimalParts | number;

function combine(
  a: unknown,
  b: unknown,
  integers: (x: bigint, y: bigint) => bigint,
  doubles: (x: number, y: number) => number,
  decimals: Decimals,
): unknown {
  const left = bsonType(a);
  const right = bsonType(b);
  if (left === BsonType.decimal || right === BsonType.decimal)
    return encodeDecimal(decimals(decimalOf(a), decimalOf(b)));
  if (left === BsonType.double || right === BsonType.double)
    return new Double(doubles(toDouble(numericOf(a)), toDouble(numericOf(b))));
  const wide = left === BsonType.long || right === BsonType.long;
  return integer(integers(BigInt(numericOf(a) as number), BigInt(numericOf(b) as number)), wide);
}

/** An int, or a long where `wide` or where it does not fit; undefined beyond 64 bits. */
export function integer(value: bigint, wide: boolean): unknown {
  if (!wide && value >= MIN_INT && value <= MAX_INT) return new Int32(Number(value));
  return value === BigInt.asIntN(64, value) ? Long.fromBigInt(value) : undefined;
}

/** Any number as decimal parts; doubles are rounded to 15 digits. */
export function decimalOf(value: unknown): DecimalParts | number {
  if (value instanceof Decimal128) return decodeDecimal(value);
  const numeric = numericOf(value);
  if (bsonType(value) === BsonType.double) return decimalOfDouble(Number(numeric));
  const whole = BigInt(numeric as number);
  return { negative: whole < 0n, coefficient: whole < 0n ? -whole : whole, exponent: 0 };
}
