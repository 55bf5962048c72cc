import { Decimal128, Double, Int32, Long } from 'bson';
import { decodeDecimal } from './decimal';

/** A finite Decimal128 without loss: coefficient times ten to the exponent. */
export interface ExactDecimal {
  readonly coefficient: bigint;
  readonly exponent: number;
}

/** A numeric value in a form that compares exactly; infinities and NaN are JavaScript numbers. */
export type Numeric = number | bigint | ExactDecimal;

const SAFE_HIGH = 0x200000;

/** The value of a BSON number, wrapped or not. The caller has checked that it is one. */
export function numericOf(value: unknown): Numeric {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof Int32 || value instanceof Double) return Number(value.value);
  if (value instanceof Long) return longValue(value);
  if (value instanceof Decimal128) return decimalValue(value);
  return Number(value);
}

/** A Long as a number where that is exact, otherwise as a bigint. */
function longValue(value: Long): number | bigint {
  return value.high >= -SAFE_HIGH && value.high < SAFE_HIGH
    ? value.high * 0x100000000 + (value.low >>> 0)
    : (BigInt(value.high) << 32n) | BigInt(value.low >>> 0);
}

/** A Decimal128 in its exact form; zeros of all signs and exponents are 0. */
function decimalValue(value: Decimal128): Numeric {
  const parts = decodeDecimal(value);
  if (typeof parts === 'number') return parts;
  if (parts.coefficient === 0n) return 0;
  return { coefficient: parts.negative ? -parts.coefficient : parts.coefficient, exponent: parts.exponent };
}

/** Any finite number as an exact decimal; a double is always one, since 2^-n = 5^n * 10^-n. */
export function exactDecimal(value: number | bigint): ExactDecimal {
  if (typeof value === 'bigint') return { coefficient: value, exponent: 0 };
  if (Number.isInteger(value)) return { coefficient: BigInt(value), exponent: 0 };
  let mantissa = value;
  let halvings = 0;
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    halvings += 1;
  }
  return { coefficient: BigInt(mantissa) * 5n ** BigInt(halvings), exponent: -halvings };
}

/** Orders two numbers exactly; NaN equals NaN and comes before every other number. */
export function compareNumeric(a: Numeric, b: Numeric): number {
  if (typeof a !== 'object' && typeof b !== 'object') {
    if (a < b) return -1;
    if (a > b) return 1;
    if (a == b) return 0; // eslint-disable-line eqeqeq -- number and bigint compare by exact value only with ==
    return compareNaN(a, b);
  }
  if (typeof a === 'number' && !Number.isFinite(a)) return a === Infinity ? 1 : -1;
  if (typeof b === 'number' && !Number.isFinite(b)) return b === Infinity ? -1 : 1;
  return compareDecimals(
    typeof a === 'object' ? a : exactDecimal(a),
    typeof b === 'object' ? b : exactDecimal(b),
  );
}

function compareNaN(a: number | bigint, b: number | bigint): number {
  const first = Number.isNaN(a);
  return first === Number.isNaN(b) ? 0 : first ? -1 : 1;
}

function compareDecimals(a: ExactDecimal, b: ExactDecimal): number {
  const signA = signOf(a.coefficient);
  const signB = signOf(b.coefficient);
  if (signA !== signB) return signA - signB < 0 ? -1 : 1;
  if (signA === 0) return 0;
  const size = magnitude(a) - magnitude(b);
  if (size !== 0) return size < 0 ? -signA : signA;
  const shift = a.exponent - b.exponent;
  const left = shift > 0 ? a.coefficient * 10n ** BigInt(shift) : a.coefficient;
  const right = shift < 0 ? b.coefficient * 10n ** BigInt(-shift) : b.coefficient;
  return left < right ? -1 : left > right ? 1 : 0;
}

function signOf(value: bigint): number {
  return value < 0n ? -1 : value > 0n ? 1 : 0;
}

/** Exponent of the leading digit. */
function magnitude(value: ExactDecimal): number {
  const digits = value.coefficient.toString();
  return digits.length - (digits.startsWith('-') ? 1 : 0) + value.exponent;
}

/** The nearest double, for arithmetic that MongoDB does in doubles. */
export function toDouble(value: Numeric): number {
  return typeof value === 'object' ? Number(`${value.coefficient}e${value.exponent}`) : Number(value);
}

/** A number cut to a 64-bit integer; undefined when it has no such value. */
export function truncated(value: unknown): bigint | undefined {
  const numeric = numericOf(value);
  if (typeof numeric === 'bigint') return numeric;
  if (typeof numeric === 'number' && !Number.isFinite(numeric)) return undefined;
  const whole =
    typeof numeric === 'number'
      ? BigInt(Math.trunc(numeric))
      : numeric.exponent < 0
        ? numeric.coefficient / 10n ** BigInt(-numeric.exponent)
        : numeric.coefficient * 10n ** BigInt(numeric.exponent);
  return whole === BigInt.asIntN(64, whole) ? whole : undefined;
}
