import { compileFilter, isOperatorDocument, parseFilter } from '../filter';
import {
  arrayIndex,
  bsonType,
  BsonType,
  CommandError,
  compareBson,
  equalBson,
  field,
  identical,
  isDocument,
  isNumber,
  MISSING,
  numericOf,
  plain,
  toDouble,
  typeName,
} from '../value';
import type { Document } from '../value';
import type { Modifier } from './ast';

type Apply = Modifier['apply'];

/** Compiles `$push`, `$addToSet`, `$pull`, `$pullAll` and `$pop`; undefined for other operators. */
export function arrayModifier(
  name: string,
  fieldName: string,
  argument: unknown,
): { apply: Apply; creates: boolean } | undefined {
  switch (name) {
    case '$push':
      return { apply: push(argument), creates: true };
    case '$addToSet':
      return { apply: addToSet(argument), creates: true };
    case '$pull':
      return { apply: removeWhere(pullTest(argument)), creates: false };
    case '$pullAll':
      return { apply: removeWhere(pullAllTest(argument)), creates: false };
    case '$pop':
      return { apply: pop(fieldName, argument), creates: false };
    default:
      return undefined;
  }
}

function settled(current: unknown, next: unknown[]): unknown {
  return current !== MISSING && identical(current, next) ? current : next;
}

/** `$push` inserts at `$position`, then sorts, then slices. */
function push(argument: unknown): Apply {
  const clauses = isDocument(argument) && '$each' in argument ? parsePush(plain(argument)) : undefined;
  const { values, position, order, slice } = clauses ?? { values: [argument] };
  return (current, path) => {
    if (current !== MISSING && !Array.isArray(current))
      throw new CommandError(
        2,
        `The field '${path}' must be an array but is of type ${typeName(current)} in the document`,
      );
    const array: unknown[] = current === MISSING ? [] : [...(current as unknown[])];
    array.splice(insertionPoint(array.length, position), 0, ...values);
    if (order) array.sort(order);
    return settled(
      current,
      slice === undefined ? array : slice >= 0 ? array.slice(0, slice) : array.slice(slice),
    );
  };
}

function insertionPoint(length: number, position: number | undefined): number {
  if (position === undefined) return length;
  return position < 0 ? Math.max(0, length + position) : Math.min(position, length);
}

interface PushClauses {
  values: unknown[];
  position?: number;
  order?: (a: unknown, b: unknown) => number;
  slice?: number;
}

function parsePush(argument: Document): PushClauses {
  for (const name of Object.keys(argument))
    if (!['$each', '$position', '$slice', '$sort'].includes(name))
      throw new CommandError(2, `Unrecognized clause in $push: ${name}`);
  const each = argument['$each'];
  if (!Array.isArray(each))
    throw new CommandError(
      2,
      `The argument to $each in $push must be an array but it was of type: ${typeName(each)}`,
    );
  const clauses: PushClauses = { values: each as unknown[] };
  if ('$slice' in argument)
    clauses.slice = clauseInteger('$slice', argument['$slice'], ' but was given type: ');
  if ('$position' in argument)
    clauses.position = clauseInteger('$position', argument['$position'], ', not of type: ');
  if ('$sort' in argument) clauses.order = parseSort(argument['$sort']);
  return clauses;
}

function clauseInteger(name: string, value: unknown, wording: string): number {
  const number = isNumber(value) ? toDouble(numericOf(value)) : Number.NaN;
  if (!Number.isInteger(number))
    throw new CommandError(2, `The value for ${name} must be an integer value${wording}${typeName(value)}`);
  return number;
}

function direction(value: unknown): number {
  const number = isNumber(value) ? toDouble(numericOf(value)) : 0;
  if (number !== 1 && number !== -1)
    throw new CommandError(2, 'The $sort element value must be either 1 or -1');
  return number;
}

function parseSort(sort: unknown): (a: unknown, b: unknown) => number {
  if (isNumber(sort)) {
    const sign = direction(sort);
    return (a, b) => sign * compareBson(a, b);
  }
  if (!isDocument(sort))
    throw new CommandError(
      2,
      'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields',
    );
  const keys = Object.entries(plain(sort)).map(([path, value]) => ({
    parts: path.split('.'),
    sign: direction(value),
  }));
  if (keys.length === 0)
    throw new CommandError(2, 'The $sort pattern is empty when it should be a set of fields.');
  if (keys.some(({ parts }) => parts.includes('')))
    throw new CommandError(2, 'The $sort field cannot be empty');
  return (a, b) => {
    for (const { parts, sign } of keys) {
      const order = compareBson(valueAt(a, parts), valueAt(b, parts));
      if (order !== 0) return sign * order;
    }
    return 0;
  };
}

/** The value at a path of an element, null when there is none; arrays only by position. */
function valueAt(element: unknown, parts: readonly string[]): unknown {
  let value = element;
  for (const name of parts) {
    if (Array.isArray(value)) {
      const index = arrayIndex(name);
      value = index >= 0 && index < value.length ? (value[index] as unknown) : MISSING;
    } else value = isDocument(value) ? field(plain(value), name) : MISSING;
    if (value === MISSING) return null;
  }
  return value;
}

function addToSet(argument: unknown): Apply {
  const values = addToSetValues(argument);
  return (current, path) => {
    if (current !== MISSING && !Array.isArray(current))
      throw new CommandError(
        2,
        `Cannot apply $addToSet to non-array field. Field named '${path}' has non-array type ${typeName(current)}`,
      );
    const array: unknown[] = current === MISSING ? [] : [...(current as unknown[])];
    for (const value of values) if (!array.some((element) => equalBson(element, value))) array.push(value);
    return current !== MISSING && array.length === (current as unknown[]).length ? current : array;
  };
}

function addToSetValues(argument: unknown): unknown[] {
  if (!isDocument(argument) || Object.keys(argument)[0] !== '$each') return [argument];
  const each = argument['$each'];
  if (!Array.isArray(each))
    throw new CommandError(
      14,
      `The argument to $each in $addToSet must be an array but it was of type ${typeName(each)}`,
    );
  if (Object.keys(argument).length > 1)
    throw new CommandError(
      2,
      `Found unexpected fields after $each in $addToSet: ${Object.keys(argument).slice(1).join(', ')}`,
    );
  return each as unknown[];
}

function removeWhere(test: (element: unknown) => boolean): Apply {
  return (current) => {
    if (current === MISSING) return MISSING;
    if (!Array.isArray(current)) throw new CommandError(2, 'Cannot apply $pull to a non-array value');
    const kept = current.filter((element: unknown) => !test(element));
    return kept.length === current.length ? current : kept;
  };
}

/** A document is a query on elements that are documents, operators and patterns apply to the element itself. */
function pullTest(argument: unknown): (element: unknown) => boolean {
  if (isOperatorDocument(argument) || bsonType(argument) === BsonType.regex) {
    const matches = compileFilter(parseFilter({ '': argument }));
    return (element) => matches({ '': element });
  }
  if (!isDocument(argument)) return (element) => equalBson(element, argument);
  const matches = compileFilter(parseFilter(plain(argument)));
  return (element) => isDocument(element) && matches(plain(element));
}

function pullAllTest(argument: unknown): (element: unknown) => boolean {
  if (!Array.isArray(argument))
    throw new CommandError(2, `$pullAll requires an array argument but was given a ${typeName(argument)}`);
  const values = argument as unknown[];
  return (element) => values.some((value) => equalBson(element, value));
}

function pop(fieldName: string, argument: unknown): Apply {
  if (!isNumber(argument))
    throw new CommandError(9, `Expected a number in: ${fieldName}: <${typeName(argument)}>`);
  const end = toDouble(numericOf(argument));
  if (end !== 1 && end !== -1) throw new CommandError(9, `$pop expects 1 or -1, found: ${String(argument)}`);
  return (current, path) => {
    if (current === MISSING) return MISSING;
    if (!Array.isArray(current))
      throw new CommandError(
        14,
        `Path '${path}' contains an element of non-array type '${typeName(current)}'`,
      );
    if (current.length === 0) return current;
    return end === 1 ? current.slice(0, -1) : current.slice(1);
  };
}
