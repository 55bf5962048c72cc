import { Decimal128, Double, Int32, Long, ObjectId } from 'bson';
import {
  bsonType,
  BsonType,
  CommandError,
  decimalOf,
  encodeDecimal,
  isNumber,
  isTruthy,
  MISSING,
  notSupported,
  numericOf,
  toDouble,
  truncated,
  typeName,
} from '../value';
import { coerceToString } from './coerce';
import { parseDate } from './dates';
import type { Compile, Evaluate, Operator, OperatorTable } from './evaluation';
import { positional } from './evaluation';
import { isNullish } from './logic';
import { namedArguments } from './strings';

function failure(message: string): CommandError {
  return new CommandError(241, message);
}

function unsupported(value: unknown, to: string): CommandError {
  return failure(`Unsupported conversion from ${typeName(value)} to ${to} in $convert with no onError value`);
}

function unparsable(to: string): CommandError {
  return failure(`Failed to parse number in $convert with no onError value: the string is no ${to}`);
}

function toWhole(value: unknown, to: 'int' | 'long'): unknown {
  const bits = to === 'int' ? 32 : 64;
  const whole = wholeOf(value, to);
  if (whole === undefined || whole !== BigInt.asIntN(bits, whole))
    throw failure(`Conversion would overflow target type in $convert with no onError value: to ${to}`);
  return to === 'int' ? new Int32(Number(whole)) : Long.fromBigInt(whole);
}

function wholeOf(value: unknown, to: 'int' | 'long'): bigint | undefined {
  if (isNumber(value)) return truncated(value);
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'string') {
    if (!/^[+-]?\d+$/.test(value)) throw unparsable(to);
    return BigInt(value.replace(/^\+/, ''));
  }
  if (value instanceof Date && to === 'long') return BigInt(value.getTime());
  throw unsupported(value, to);
}

function toDoubleValue(value: unknown): unknown {
  if (bsonType(value) === BsonType.decimal) {
    const double = toDouble(numericOf(value));
    if (!Number.isFinite(double) && Number.isFinite(Number(String(value).replace(/E.*/, ''))))
      throw failure('Conversion would overflow target type in $convert with no onError value: to double');
    return new Double(double);
  }
  if (isNumber(value)) return new Double(toDouble(numericOf(value)));
  if (typeof value === 'boolean') return new Double(value ? 1 : 0);
  if (value instanceof Date) return new Double(value.getTime());
  if (typeof value !== 'string') throw unsupported(value, 'double');
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value)) throw unparsable('double');
  return new Double(Number(value));
}

function toDecimal(value: unknown): unknown {
  if (isNumber(value)) return bsonType(value) === BsonType.decimal ? value : encodeDecimal(decimalOf(value));
  if (typeof value === 'boolean') return Decimal128.fromString(value ? '1' : '0');
  if (value instanceof Date) return Decimal128.fromString(String(value.getTime()));
  if (typeof value !== 'string') throw unsupported(value, 'decimal');
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value)) throw unparsable('decimal');
  return Decimal128.fromStringWithRounding(value);
}

function toText(value: unknown): unknown {
  switch (bsonType(value)) {
    case BsonType.bool:
      return value === true ? 'true' : 'false';
    case BsonType.string:
    case BsonType.double:
    case BsonType.int:
    case BsonType.long:
    case BsonType.decimal:
    case BsonType.date:
    case BsonType.objectId:
      return coerceToString(value);
    default:
      throw unsupported(value, 'string');
  }
}

function toDate(value: unknown): unknown {
  switch (bsonType(value)) {
    case BsonType.date:
      return value;
    case BsonType.double:
    case BsonType.long:
    case BsonType.decimal:
      return new Date(Number(truncated(value) ?? Number.NaN));
    case BsonType.objectId:
      return (value as ObjectId).getTimestamp();
    case BsonType.string:
      return parseDate(String(value));
    default:
      throw unsupported(value, 'date');
  }
}

function toObjectId(value: unknown): unknown {
  if (bsonType(value) === BsonType.objectId) return value;
  if (typeof value !== 'string') throw unsupported(value, 'objectId');
  if (!/^[0-9a-fA-F]{24}$/.test(value))
    throw failure('Failed to parse objectId in $convert with no onError value');
  return ObjectId.createFromHexString(value);
}

const CONVERSIONS: Record<number, (value: unknown) => unknown> = {
  [BsonType.int]: (value) => toWhole(value, 'int'),
  [BsonType.long]: (value) => toWhole(value, 'long'),
  [BsonType.double]: toDoubleValue,
  [BsonType.decimal]: toDecimal,
  [BsonType.string]: toText,
  [BsonType.bool]: (value) => (!isNumber(value) && typeof value !== 'boolean' ? true : isTruthy(value)),
  [BsonType.date]: toDate,
  [BsonType.objectId]: toObjectId,
};

function shorthand(type: number): Operator {
  return positional(1, 1, ([value]) => (isNullish(value) ? null : CONVERSIONS[type]?.(value)));
}

function targetType(to: unknown): number {
  const type =
    typeof to === 'string'
      ? (BsonType as Record<string, number>)[to]
      : isNumber(to)
        ? toDouble(numericOf(to))
        : undefined;
  if (type === undefined)
    throw new CommandError(typeof to === 'string' ? 2 : 9, "$convert's 'to' argument is no type");
  if (!CONVERSIONS[type]) throw notSupported(`$convert to this type`);
  return type;
}

function convert(argument: unknown, compile: Compile, name: string): Evaluate {
  const spec = namedArguments(name, argument, ['input', 'to', 'onError', 'onNull'], ['input', 'to'], 9);
  const input = compile(spec['input']);
  const to = compile(spec['to']);
  const onError = 'onError' in spec ? compile(spec['onError']) : undefined;
  const onNull = 'onNull' in spec ? compile(spec['onNull']) : undefined;
  return (scope) => {
    const value = input(scope);
    const target = to(scope);
    if (isNullish(value)) return onNull ? onNull(scope) : null;
    if (isNullish(target)) return null;
    const type = targetType(target);
    try {
      return CONVERSIONS[type]?.(value);
    } catch (error) {
      if (onError && error instanceof CommandError && error.code === 241) return onError(scope);
      throw error;
    }
  };
}

export const conversionOperators: OperatorTable = {
  $convert: convert,
  $toInt: shorthand(BsonType.int),
  $toLong: shorthand(BsonType.long),
  $toDouble: shorthand(BsonType.double),
  $toDecimal: shorthand(BsonType.decimal),
  $toString: shorthand(BsonType.string),
  $toBool: shorthand(BsonType.bool),
  $toDate: shorthand(BsonType.date),
  $toObjectId: shorthand(BsonType.objectId),
  $type: positional(1, 1, ([value]) => (value === MISSING ? 'missing' : typeName(value))),
  $isNumber: positional(1, 1, ([value]) => value !== MISSING && isNumber(value)),
};
