import { compareBson, MISSING } from '../value';
import type { Operator, OperatorTable } from './evaluation';
import { argumentList } from './evaluation';
import { isNullish } from './logic';
import { Total } from './totals';

/** The total of the numbers among the values; others are left out. */
function totalOf(values: Iterable<unknown>): Total {
  const total = new Total();
  for (const value of values) total.add(value);
  return total;
}

/** The least (sign 1) or greatest (sign -1) value; null and missing are left out. */
function extreme(values: Iterable<unknown>, sign: 1 | -1): unknown {
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
  $sum: summary((values) => totalOf(values).sum()),
  $avg: summary((values) => totalOf(values).mean()),
  $min: summary((values) => extreme(values, 1)),
  $max: summary((values) => extreme(values, -1)),
};
