import { Double, Int32 } from 'bson';
import {
  bsonType,
  BsonType,
  compareBson,
  isNumber,
  MISSING,
  notSupported,
  numericOf,
  toDouble,
} from '../value';
import { sumOf } from './arithmetic';
import type { Operator, OperatorTable } from './evaluation';
import { argumentList } from './evaluation';
import { isNullish } from './logic';

/** The sum of the numbers among the values; others are left out. */
export function total(values: Iterable<unknown>): unknown {
  let sum: unknown = new Int32(0);
  for (const value of values) if (value !== MISSING && isNumber(value)) sum = sumOf(sum, value);
  return sum;
}

/** The mean of the numbers among the values, null when there is none. */
export function average(values: Iterable<unknown>): unknown {
  const numbers = [...values].filter((value) => value !== MISSING && isNumber(value));
  if (numbers.length === 0) return null;
  if (numbers.some((value) => bsonType(value) === BsonType.decimal)) throw notSupported('$avg of Decimal128');
  return new Double(toDouble(numericOf(total(numbers))) / numbers.length);
}

/** The least (sign 1) or greatest (sign -1) value; null and missing are left out. */
export function extreme(values: Iterable<unknown>, sign: 1 | -1): unknown {
  let best: unknown = MISSING;
  for (const value of values)
    if (!isNullish(value) && (best === MISSING || sign * compareBson(value, best) < 0)) best = value;
  return best === MISSING ? null : best;
}

/** With one argument that is a list, its elements are summarized; with several, the arguments. */
function summary(of: (values: unknown[]) => unknown): Operator {
  return (argument, compile, name) => {
    const list = argumentList(name, argument, 0, Infinity);
    const evaluates = list.map(compile);
    return (scope) => {
      const values = evaluates.map((evaluate) => evaluate(scope));
      return of(values.length === 1 && Array.isArray(values[0]) ? (values[0] as unknown[]) : values);
    };
  };
}

export const summaryOperators: OperatorTable = {
  $sum: summary(total),
  $avg: summary(average),
  $min: summary((values) => extreme(values, 1)),
  $max: summary((values) => extreme(values, -1)),
};
