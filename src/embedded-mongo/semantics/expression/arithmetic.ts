import { Double, Int32, Long } from 'bson';
import {
  add,
  bsonType,
  BsonType,
  CommandError,
  decimalOf,
  divideDecimals,
  encodeDecimal,
  exactDecimal,
  integer,
  isNumber,
  multiply,
  notSupported,
  numericOf,
  toDouble,
  typeName,
} from '../value';
import type { Operator, OperatorTable } from './evaluation';
import { positional } from './evaluation';
import { isNullish } from './logic';
import { Total } from './totals';

function isDecimal(value: unknown): boolean {
  return bsonType(value) === BsonType.decimal;
}

function isWhole(value: unknown): boolean {
  const type = bsonType(value);
  return type === BsonType.int || type === BsonType.long;
}

function asDouble(value: unknown): number {
  return toDouble(numericOf(value));
}

function asBigint(value: unknown): bigint {
  return BigInt(numericOf(value) as number | bigint);
}

/** Sums; 64-bit overflow becomes a double. A date plus milliseconds is a date. */
function addAll(values: unknown[]): unknown {
  const total = new Total();
  let date: Date | undefined;
  for (const value of values) {
    if (isNullish(value)) return null;
    if (value instanceof Date) {
      if (date) throw new CommandError(16612, 'only one date allowed in an $add expression');
      date = value;
    } else if (!isNumber(value))
      throw new CommandError(14, `$add only supports numeric or date types, not ${typeName(value)}`);
    else total.add(value);
  }
  return date ? new Date(date.getTime() + Math.round(asDouble(total.sum()))) : total.sum();
}

function multiplyAll(values: unknown[]): unknown {
  let product: unknown = new Int32(1);
  for (const value of values) {
    if (isNullish(value)) return null;
    if (!isNumber(value))
      throw new CommandError(14, `$multiply only supports numeric types, not ${typeName(value)}`);
    product = multiply(product, value) ?? new Double(asDouble(product) * asDouble(value));
  }
  return product;
}

function subtract([a, b]: unknown[]): unknown {
  if (isNullish(a) || isNullish(b)) return null;
  if (a instanceof Date) {
    if (b instanceof Date) return Long.fromNumber(a.getTime() - b.getTime());
    if (isNumber(b)) return new Date(a.getTime() - Math.round(asDouble(b)));
  }
  if (!isNumber(a) || !isNumber(b))
    throw new CommandError(14, `can't $subtract ${typeName(b)} from ${typeName(a)}`);
  if (isDecimal(a) || isDecimal(b)) return add(a, multiply(b, new Int32(-1)));
  if (isWhole(a) && isWhole(b)) {
    const wide = bsonType(a) === BsonType.long || bsonType(b) === BsonType.long;
    return integer(asBigint(a) - asBigint(b), wide) ?? new Double(asDouble(a) - asDouble(b));
  }
  return new Double(asDouble(a) - asDouble(b));
}

function divide([a, b]: unknown[]): unknown {
  if (isNullish(a) || isNullish(b)) return null;
  if (!isNumber(a) || !isNumber(b))
    throw new CommandError(14, `$divide only supports numeric types, not ${typeName(a)} and ${typeName(b)}`);
  if (isDecimal(a) || isDecimal(b)) return divideAsDecimals(a, b);
  if (asDouble(b) === 0) throw new CommandError(2, "can't $divide by zero");
  return new Double(asDouble(a) / asDouble(b));
}

function divideAsDecimals(a: unknown, b: unknown): unknown {
  const divisor = decimalOf(b);
  if (typeof divisor === 'object' && divisor.coefficient === 0n)
    throw new CommandError(2, "can't $divide by zero");
  return encodeDecimal(divideDecimals(decimalOf(a), divisor));
}

function modulo([a, b]: unknown[]): unknown {
  if (isNullish(a) || isNullish(b)) return null;
  if (!isNumber(a) || !isNumber(b))
    throw new CommandError(16611, `$mod only supports numeric types, not ${typeName(a)} and ${typeName(b)}`);
  if (isDecimal(a) || isDecimal(b)) throw notSupported('$mod on Decimal128');
  if (asDouble(b) === 0) throw new CommandError(16610, "can't $mod by zero");
  if (!isWhole(a) || !isWhole(b)) return new Double(asDouble(a) % asDouble(b));
  const wide = bsonType(a) === BsonType.long || bsonType(b) === BsonType.long;
  return integer(asBigint(a) % asBigint(b), wide);
}

/** A function of one number that keeps integers as they are, or handles them on its own. */
function unary(doubles: (value: number) => number, whole?: (value: unknown) => unknown): Operator {
  return positional(1, 1, ([value], name) => {
    if (isNullish(value)) return null;
    if (!isNumber(value))
      throw new CommandError(28765, `${name} only supports numeric types, not ${typeName(value)}`);
    if (isDecimal(value)) throw notSupported(`${name} on Decimal128`);
    if (whole && isWhole(value)) return whole(value);
    return new Double(doubles(asDouble(value)));
  });
}

function absoluteWhole(value: unknown): unknown {
  const whole = asBigint(value);
  const result = integer(whole < 0n ? -whole : whole, bsonType(value) === BsonType.long);
  if (result === undefined) throw new CommandError(28680, "can't take $abs of long long min");
  return result;
}

/** `$round` (half to even) and `$trunc` at a decimal place, done on the exact decimal form. */
function atPlace(halfEven: boolean): Operator {
  return positional(1, 2, ([value, place], name) => {
    if (isNullish(value) || place === null) return null;
    if (!isNumber(value))
      throw new CommandError(51081, `${name} only supports numeric types, not ${typeName(value)}`);
    const places = place === undefined ? 0 : asDouble(place);
    if (!Number.isInteger(places) || places < -20 || places > 100)
      throw new CommandError(
        51082,
        `cannot apply ${name} with precision value ${String(places)} value must be in [-20, 100]`,
      );
    if (isDecimal(value)) throw notSupported(`${name} on Decimal128`);
    if (isWhole(value)) return places >= 0 ? value : roundWhole(value, places, halfEven);
    return new Double(roundDouble(asDouble(value), places, halfEven));
  });
}

function roundWhole(value: unknown, places: number, halfEven: boolean): unknown {
  const unit = 10n ** BigInt(-places);
  return integer(roundTo(asBigint(value), unit, halfEven) * unit, bsonType(value) === BsonType.long);
}

function roundTo(value: bigint, unit: bigint, halfEven: boolean): bigint {
  const quotient = value / unit;
  if (!halfEven) return quotient;
  const twice = 2n * (value % unit);
  const size = twice < 0n ? -twice : twice;
  const up = size > unit || (size === unit && quotient % 2n !== 0n);
  return up ? quotient + (value < 0n ? -1n : 1n) : quotient;
}

/** Rounds the exact value of the double, to 34 digits as MongoDB takes it. */
function roundDouble(value: number, places: number, halfEven: boolean): number {
  if (!Number.isFinite(value)) return value;
  if (places === 0) return halfEven ? roundHalfEven(value) : Math.trunc(value);
  const { coefficient, exponent } = exactDecimal(value);
  const parts = decimalOf(
    encodeDecimal({
      negative: coefficient < 0n,
      coefficient: coefficient < 0n ? -coefficient : coefficient,
      exponent,
    }),
  );
  if (typeof parts === 'number' || -parts.exponent <= places) return value;
  const unit = 10n ** BigInt(-parts.exponent - places);
  const rounded = roundTo(parts.coefficient, unit, halfEven);
  return Number(`${parts.negative ? '-' : ''}${rounded}e${-places}`);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function power([base, exponent]: unknown[]): unknown {
  if (isNullish(base) || isNullish(exponent)) return null;
  if (!isNumber(base)) throw new CommandError(28762, `$pow's base must be numeric, not ${typeName(base)}`);
  if (!isNumber(exponent))
    throw new CommandError(28763, `$pow's exponent must be numeric, not ${typeName(exponent)}`);
  if (isDecimal(base) || isDecimal(exponent)) throw notSupported('$pow on Decimal128');
  if (asDouble(base) === 0 && asDouble(exponent) < 0)
    throw new CommandError(28764, '$pow cannot take a base of 0 and a negative exponent');
  if (isWhole(base) && isWhole(exponent) && asDouble(exponent) >= 0 && asDouble(exponent) < 64) {
    const wide = bsonType(base) === BsonType.long || bsonType(exponent) === BsonType.long;
    const exact = integer(asBigint(base) ** asBigint(exponent), wide);
    if (exact !== undefined) return exact;
  }
  return new Double(asDouble(base) ** asDouble(exponent));
}

function logarithm(of: (value: number) => number): Operator {
  return unary((value) => {
    if (value <= 0)
      throw new CommandError(28766, `the argument of a logarithm must be a positive number, but is ${value}`);
    return of(value);
  });
}

export const arithmeticOperators: OperatorTable = {
  $add: positional(0, Infinity, addAll),
  $multiply: positional(0, Infinity, multiplyAll),
  $subtract: positional(2, 2, subtract),
  $divide: positional(2, 2, divide),
  $mod: positional(2, 2, modulo),
  $abs: unary(Math.abs, absoluteWhole),
  $ceil: unary(Math.ceil, (value) => value),
  $floor: unary(Math.floor, (value) => value),
  $round: atPlace(true),
  $trunc: atPlace(false),
  $sqrt: unary((value) => {
    if (value < 0) throw new CommandError(28714, "$sqrt's argument must be greater than or equal to 0");
    return Math.sqrt(value);
  }),
  $pow: positional(2, 2, power),
  $exp: unary(Math.exp),
  $ln: logarithm(Math.log),
  $log10: logarithm(Math.log10),
};
