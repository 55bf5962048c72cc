import { Decimal128 } from 'bson';

/** A Decimal128 with its sign and exponent as stored, also for zero: `0.00` is not `0`. */
export interface DecimalParts {
  readonly negative: boolean;
  readonly coefficient: bigint;
  readonly exponent: number;
}

const MAX_COEFFICIENT = 10n ** 34n - 1n;
const MIN_EXPONENT = -6176;
const MAX_EXPONENT = 6111;

/** Decodes IEEE 754-2008 decimal128 (BID); NaN and infinities come as numbers. Non-canonical values are zero. */
export function decodeDecimal(value: Decimal128): DecimalParts | number {
  const view = new DataView(value.bytes.buffer, value.bytes.byteOffset, 16);
  const low = view.getBigUint64(0, true);
  const high = view.getBigUint64(8, true);
  const negative = high >> 63n === 1n;
  const combination = Number((high >> 58n) & 0x1fn);
  if (combination === 0x1f) return Number.NaN;
  if (combination === 0x1e) return negative ? -Infinity : Infinity;
  const large = combination >= 0x18;
  const exponent = Number((high >> (large ? 47n : 49n)) & 0x3fffn) + MIN_EXPONENT;
  const magnitude = large ? 0n : ((high & 0x1ffffffffffffn) << 64n) | low;
  return { negative, coefficient: magnitude > MAX_COEFFICIENT ? 0n : magnitude, exponent };
}

/** The Decimal128 nearest to an exact value: 34 digits, ties to even. */
export function encodeDecimal(parts: DecimalParts | number): Decimal128 {
  if (typeof parts === 'number')
    return Decimal128.fromString(Number.isNaN(parts) ? 'NaN' : parts < 0 ? '-Infinity' : 'Infinity');
  let { coefficient, exponent } = parts;
  const sign = parts.negative ? '-' : '';
  const excess = Math.max(coefficient.toString().length - 34, MIN_EXPONENT - exponent, 0);
  if (excess > 0) {
    coefficient = divideHalfEven(coefficient, 10n ** BigInt(excess));
    exponent += excess;
    if (coefficient > MAX_COEFFICIENT) {
      coefficient /= 10n;
      exponent += 1;
    }
  }
  while (exponent > MAX_EXPONENT && coefficient !== 0n && coefficient * 10n <= MAX_COEFFICIENT) {
    coefficient *= 10n;
    exponent -= 1;
  }
  if (coefficient === 0n) exponent = Math.max(MIN_EXPONENT, Math.min(MAX_EXPONENT, exponent));
  else if (exponent > MAX_EXPONENT) return Decimal128.fromString(`${sign}Infinity`);
  return Decimal128.fromString(`${sign}${coefficient}E${exponent}`);
}

function divideHalfEven(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  const twice = (value % by) * 2n;
  return twice > by || (twice === by && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

/** A double as MongoDB takes it into decimal arithmetic: rounded to 15 significant digits. */
export function decimalOfDouble(value: number): DecimalParts | number {
  if (!Number.isFinite(value)) return value;
  if (value === 0) return { negative: Object.is(value, -0), coefficient: 0n, exponent: 0 };
  const [digits = '0', exponent = '0'] = Math.abs(value).toExponential(14).split('e');
  return {
    negative: value < 0,
    coefficient: BigInt(digits.replace('.', '')),
    exponent: Number(exponent) - 14,
  };
}

function signed(parts: DecimalParts): bigint {
  return parts.negative ? -parts.coefficient : parts.coefficient;
}

/** Sum with the smaller exponent of both, before rounding. */
export function addDecimals(a: DecimalParts | number, b: DecimalParts | number): DecimalParts | number {
  if (typeof a === 'number' || typeof b === 'number')
    return (typeof a === 'number' ? a : 0) + (typeof b === 'number' ? b : 0);
  const exponent = Math.min(a.exponent, b.exponent);
  const sum =
    signed(a) * 10n ** BigInt(a.exponent - exponent) + signed(b) * 10n ** BigInt(b.exponent - exponent);
  const negative = sum < 0n || (sum === 0n && a.negative && b.negative);
  return { negative, coefficient: sum < 0n ? -sum : sum, exponent };
}

/** Product with the sum of the exponents, before rounding. */
export function multiplyDecimals(a: DecimalParts | number, b: DecimalParts | number): DecimalParts | number {
  if (typeof a === 'number' || typeof b === 'number') return factor(a) * factor(b);
  return {
    negative: a.negative !== b.negative,
    coefficient: a.coefficient * b.coefficient,
    exponent: a.exponent + b.exponent,
  };
}

function factor(value: DecimalParts | number): number {
  if (typeof value === 'number') return value;
  if (value.coefficient === 0n) return value.negative ? -0 : 0;
  return value.negative ? -1 : 1;
}

/** Quotient to 34 digits, with the difference of the exponents where that is exact. */
export function divideDecimals(a: DecimalParts | number, b: DecimalParts | number): DecimalParts | number {
  if (typeof a === 'number' || typeof b === 'number') return divideSpecial(a, b);
  const negative = a.negative !== b.negative;
  if (b.coefficient === 0n) return a.coefficient === 0n ? Number.NaN : negative ? -Infinity : Infinity;
  const ideal = a.exponent - b.exponent;
  if (a.coefficient === 0n) return { negative, coefficient: 0n, exponent: ideal };
  const shift = 36 + b.coefficient.toString().length;
  const scaled = a.coefficient * 10n ** BigInt(shift);
  let coefficient = scaled / b.coefficient;
  let exponent = ideal - shift;
  if (scaled % b.coefficient !== 0n)
    return { negative, coefficient: coefficient * 10n + 1n, exponent: exponent - 1 };
  while (exponent < ideal && coefficient % 10n === 0n) {
    coefficient /= 10n;
    exponent += 1;
  }
  return { negative, coefficient, exponent };
}

function divideSpecial(a: DecimalParts | number, b: DecimalParts | number): DecimalParts | number {
  if (typeof b === 'number' && typeof a !== 'number' && !Number.isNaN(b))
    return { negative: a.negative !== b < 0, coefficient: 0n, exponent: MIN_EXPONENT };
  return factor(a) / factor(b);
}
