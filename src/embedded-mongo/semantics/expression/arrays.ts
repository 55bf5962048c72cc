import { Int32 } from 'bson';
import {
  CommandError,
  equalBson,
  isDocument,
  isNumber,
  MISSING,
  numericOf,
  plain,
  setField,
  toDouble,
  typeName,
} from '../value';
import type { Document } from '../value';
import type { OperatorTable } from './evaluation';
import { positional } from './evaluation';
import { isNullish } from './logic';

function needArray(value: unknown, code: number, message: string): unknown[] {
  if (!Array.isArray(value)) throw new CommandError(code, `${message} ${typeName(value)}`);
  return value as unknown[];
}

function needInt(value: unknown, code: number, message: string): number {
  const number = isNumber(value) ? toDouble(numericOf(value)) : Number.NaN;
  if (!Number.isInteger(number)) throw new CommandError(code, `${message} ${typeName(value)}`);
  return number;
}

function elementAt([array, index]: unknown[], name: string): unknown {
  if (isNullish(array) || isNullish(index)) return null;
  const list = needArray(array, 28689, `${name}'s first argument must be an array, but is`);
  if (!isNumber(index))
    throw new CommandError(
      28690,
      `${name}'s second argument must be a numeric value, but is ${typeName(index)}`,
    );
  const at = needInt(index, 28691, `${name}'s second argument must be representable as a 32-bit integer:`);
  const position = at < 0 ? list.length + at : at;
  return position >= 0 && position < list.length ? list[position] : MISSING;
}

function endElement(last: boolean): OperatorTable[string] {
  return positional(1, 1, ([array], name) => elementAt([array, new Int32(last ? -1 : 0)], name));
}

function slice(values: unknown[]): unknown {
  const [array, second, third] = values;
  if (values.some(isNullish)) return null;
  const list = needArray(array, 28724, 'First argument to $slice must be an array, but is of type:');
  const first = needInt(second, 28725, 'Second argument to $slice must be a 32-bit integer, but is of type:');
  if (values.length === 2) return first >= 0 ? list.slice(0, first) : list.slice(first);
  const count = needInt(third, 28727, 'Third argument to $slice must be a 32-bit integer, but is of type:');
  if (count <= 0) throw new CommandError(28729, `Third argument to $slice must be positive: ${count}`);
  const start = first < 0 ? Math.max(0, list.length + first) : first;
  return list.slice(start, start + count);
}

function concatArrays(values: unknown[]): unknown {
  const result: unknown[] = [];
  for (const value of values) {
    if (isNullish(value)) return null;
    result.push(...needArray(value, 28664, '$concatArrays only supports arrays, not'));
  }
  return result;
}

function range([start, end, step]: unknown[]): unknown {
  const from = needInt(start, 34443, '$range requires a numeric starting value, found value of type:');
  const to = needInt(end, 34445, '$range requires a numeric ending value, found value of type:');
  const by =
    step === undefined
      ? 1
      : needInt(step, 34447, '$range requires a numeric step value, found value of type:');
  if (by === 0) throw new CommandError(34449, '$range requires a non-zero step value');
  const count = Math.max(0, Math.ceil((to - from) / by));
  if (count > 1_000_000) throw new CommandError(146, '$range would use too much memory');
  return Array.from({ length: count }, (_, i) => new Int32(from + i * by));
}

function indexOfArray(values: unknown[]): unknown {
  const [array, search, start, end] = values;
  if (isNullish(array)) return null;
  const list = needArray(array, 40090, '$indexOfArray requires an array as a first argument, found:');
  const from =
    start === undefined
      ? 0
      : needInt(start, 40096, '$indexOfArray requires an integral starting index, found a value of type:');
  const to =
    end === undefined
      ? list.length
      : needInt(end, 40096, '$indexOfArray requires an integral ending index, found a value of type:');
  if (from < 0 || to < 0) throw new CommandError(40097, '$indexOfArray requires a nonnegative index');
  for (let i = from; i < Math.min(to, list.length); i++)
    if (search !== MISSING && equalBson(list[i], search)) return new Int32(i);
  return new Int32(-1);
}

function arrayToObject([value]: unknown[]): unknown {
  if (isNullish(value)) return null;
  const list = needArray(value, 40386, '$arrayToObject requires an array input, found:');
  const result: Document = {};
  for (const entry of list) {
    const [key, inner] = Array.isArray(entry) ? pairOf(entry as unknown[]) : keyValueOf(entry);
    if (typeof key !== 'string')
      throw new CommandError(
        40394,
        `$arrayToObject requires an object with keys 'k' and 'v', where the value of 'k' must be of type string. Found type: ${typeName(key)}`,
      );
    setField(result, key, inner);
  }
  return result;
}

function pairOf(pair: unknown[]): unknown[] {
  if (pair.length !== 2)
    throw new CommandError(
      40397,
      `$arrayToObject requires an array of size 2 arrays,found array of size: ${pair.length}`,
    );
  return pair;
}

function keyValueOf(entry: unknown): unknown[] {
  if (!isDocument(entry))
    throw new CommandError(40398, `Unrecognised input type format for $arrayToObject: ${typeName(entry)}`);
  const document = plain(entry);
  if (Object.keys(document).length !== 2 || !('k' in document) || !('v' in document))
    throw new CommandError(40393, "$arrayToObject requires an object with keys 'k' and 'v'");
  return [document['k'], document['v']];
}

function objectToArray([value]: unknown[]): unknown {
  if (isNullish(value)) return null;
  if (!isDocument(value))
    throw new CommandError(40390, `$objectToArray requires a document input, found: ${typeName(value)}`);
  return Object.entries(plain(value)).map(([k, v]) => ({ k, v }));
}

export const arrayOperators: OperatorTable = {
  $size: positional(
    1,
    1,
    ([value]) =>
      new Int32(needArray(value, 17124, 'The argument to $size must be an array, but was of type:').length),
  ),
  $isArray: positional(1, 1, ([value]) => Array.isArray(value)),
  $arrayElemAt: positional(2, 2, elementAt),
  $first: endElement(false),
  $last: endElement(true),
  $slice: positional(2, 3, slice),
  $concatArrays: positional(0, Infinity, concatArrays),
  $reverseArray: positional(1, 1, ([value]) =>
    isNullish(value)
      ? null
      : [
          ...needArray(value, 34435, 'The argument to $reverseArray must be an array, but was of type:'),
        ].reverse(),
  ),
  $range: positional(2, 3, range),
  $indexOfArray: positional(2, 4, indexOfArray),
  $in: positional(2, 2, ([value, array]) => {
    const list = needArray(array, 40081, '$in requires an array as a second argument, found:');
    return value !== MISSING && list.some((element) => equalBson(element, value));
  }),
  $arrayToObject: positional(1, 1, arrayToObject),
  $objectToArray: positional(1, 1, objectToArray),
};
