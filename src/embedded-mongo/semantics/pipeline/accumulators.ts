import { Int32 } from 'bson';
import type { Evaluate } from '../expression';
import { compileExpression, distinctKey, isNullish, mergeInto, Total } from '../expression';
import type { Document } from '../value';
import { CommandError, compareBson, isDocument, MISSING, notSupported, plain } from '../value';
import type { Memory } from './stage';

/** The state of one accumulator in one group. */
export interface Accumulator {
  readonly add: (value: unknown, memory: Memory) => void;
  readonly result: () => unknown;
}

/** `{ field: { $sum: expression } }` of a `$group`, compiled. */
export interface AccumulatedField {
  readonly name: string;
  readonly evaluate: Evaluate;
  readonly start: () => Accumulator;
}

const ACCUMULATORS: Record<string, () => Accumulator> = {
  $sum: () => {
    const total = new Total();
    return { add: (value) => total.add(value), result: () => total.sum() };
  },
  $avg: () => {
    const total = new Total();
    return { add: (value) => total.add(value), result: () => total.mean() };
  },
  $min: () => best((order) => order < 0),
  $max: () => best((order) => order > 0),
  $first: () => endValue(false),
  $last: () => endValue(true),
  $push: () => {
    const values: unknown[] = [];
    return {
      add: (value, memory) => {
        if (value === MISSING) return;
        memory.add(value);
        values.push(value);
      },
      result: () => values,
    };
  },
  $addToSet: () => {
    const values = new Map<string, unknown>();
    return {
      add: (value, memory) => {
        if (value === MISSING) return;
        const key = distinctKey(value);
        if (values.has(key)) return;
        memory.add(value);
        values.set(key, value);
      },
      result: () => [...values.values()],
    };
  },
  $mergeObjects: () => {
    const merged: Document = {};
    return { add: (value) => mergeInto(merged, value), result: () => merged };
  },
};

const UNSUPPORTED = new Set([
  '$accumulator',
  '$bottom',
  '$bottomN',
  '$firstN',
  '$lastN',
  '$maxN',
  '$median',
  '$minN',
  '$percentile',
  '$stdDevPop',
  '$stdDevSamp',
  '$top',
  '$topN',
]);

function best(better: (order: number) => boolean): Accumulator {
  let value: unknown = MISSING;
  return {
    add: (next) => {
      if (!isNullish(next) && (value === MISSING || better(compareBson(next, value)))) value = next;
    },
    result: () => (value === MISSING ? null : value),
  };
}

function endValue(last: boolean): Accumulator {
  let value: unknown = null;
  let seen = false;
  return {
    add: (next) => {
      if (last || !seen) value = next === MISSING ? null : next;
      seen = true;
    },
    result: () => value,
  };
}

/** Compiles one field of a `$group`. @throws CommandError 15952, 40234, 40236 as MongoDB */
export function parseAccumulator(
  name: string,
  spec: unknown,
  variables: ReadonlySet<string>,
): AccumulatedField {
  if (name.includes('.')) throw new CommandError(40235, `The field name '${name}' cannot contain '.'`);
  if (name.startsWith('$'))
    throw new CommandError(40236, `The field name '${name}' cannot be an operator name`);
  if (!isDocument(spec)) throw new CommandError(40234, `The field '${name}' must be an accumulator object`);
  const entries = Object.entries(plain(spec));
  const [operator, argument] = entries[0] ?? ['', undefined];
  if (entries.length !== 1) throw new CommandError(40238, `The field '${name}' must specify one accumulator`);
  if (operator === '$count') {
    if (!isDocument(argument) || Object.keys(argument).length > 0)
      throw new CommandError(9, '$count takes no arguments, i.e. $count:{}');
    return { name, evaluate: () => ONE, start: ACCUMULATORS['$sum'] as () => Accumulator };
  }
  const start = Object.hasOwn(ACCUMULATORS, operator) ? ACCUMULATORS[operator] : undefined;
  if (!start) {
    if (UNSUPPORTED.has(operator)) throw notSupported(`The accumulator ${operator}`);
    throw new CommandError(15952, `unknown group operator '${operator}'`);
  }
  if (Array.isArray(argument) && argument.length !== 1)
    throw new CommandError(40237, `The ${operator} accumulator is a unary operator`);
  return {
    name,
    evaluate: compileExpression(Array.isArray(argument) ? argument[0] : argument, variables),
    start,
  };
}

const ONE = new Int32(1);
