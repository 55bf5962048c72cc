import { Int32, Timestamp } from 'bson';
import {
  add,
  bsonType,
  BsonType,
  CommandError,
  compareBson,
  identical,
  integer,
  isDocument,
  isNumber,
  MISSING,
  multiply,
  numericOf,
  plain,
  typeName,
} from '../value';
import { arrayModifier } from './array-modifiers';
import type { Modifier } from './ast';

type Apply = Modifier['apply'];

function modifier(name: string, apply: Apply, options: Partial<Modifier> = {}): Modifier {
  return { name, creates: true, toleratesBlockedPath: false, onInsert: false, ...options, apply };
}

/** Compiles one operator's argument for one field (manual: "Update Operators"). */
export function parseModifier(name: string, field: string, argument: unknown): Modifier {
  switch (name) {
    case '$set':
      return modifier(name, setTo(argument));
    case '$setOnInsert':
      return modifier(name, setTo(argument), { onInsert: true });
    case '$unset':
      return modifier(name, () => MISSING, { creates: false, toleratesBlockedPath: true });
    case '$inc':
    case '$mul':
      return modifier(name, arithmetic(name, field, argument));
    case '$min':
      return modifier(
        name,
        keep(argument, (order) => order < 0),
      );
    case '$max':
      return modifier(
        name,
        keep(argument, (order) => order > 0),
      );
    case '$currentDate':
      return modifier(name, currentDate(argument));
    case '$bit':
      return modifier(name, bitwise(argument));
    default: {
      const inArray = arrayModifier(name, field, argument);
      if (inArray) return modifier(name, inArray.apply, { creates: inArray.creates });
      throw new CommandError(
        9,
        `Unknown modifier: ${name}. Expected a valid update modifier or pipeline-style update specified as an array`,
      );
    }
  }
}

function setTo(value: unknown): Apply {
  return (current) => (current !== MISSING && identical(current, value) ? current : value);
}

function keep(operand: unknown, better: (order: number) => boolean): Apply {
  return (current) => (current === MISSING || better(compareBson(operand, current)) ? operand : current);
}

function arithmetic(name: '$inc' | '$mul', field: string, operand: unknown): Apply {
  const verb = name === '$inc' ? 'increment' : 'multiply';
  if (!isNumber(operand))
    throw new CommandError(
      14,
      `Cannot ${verb} with non-numeric argument: {${field}: <${typeName(operand)}>}`,
    );
  const combine = name === '$inc' ? add : multiply;
  return (current, path) => {
    if (current === MISSING) return name === '$inc' ? operand : combine(operand, new Int32(0));
    if (!isNumber(current))
      throw new CommandError(
        14,
        `Cannot apply ${name} to a value of non-numeric type. The document has the field '${lastOf(path)}' of non-numeric type ${typeName(current)}`,
      );
    const result = combine(current, operand);
    if (result === undefined)
      throw new CommandError(
        2,
        `Failed to apply ${name} operations to the current value of type (NumberLong): integer overflow at '${path}'`,
      );
    return identical(result, current) ? current : result;
  };
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function currentDate(argument: unknown): Apply {
  const type = currentDateType(argument);
  return (_current, _path, { now }) =>
    type === 'date' ? now : new Timestamp({ t: Math.floor(now.getTime() / 1000), i: 1 });
}

function currentDateType(argument: unknown): 'date' | 'timestamp' {
  if (typeof argument === 'boolean') return 'date';
  if (!isDocument(argument))
    throw new CommandError(
      2,
      `${typeName(argument)} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression ({$type: 'timestamp/date'}).`,
    );
  const options = plain(argument);
  for (const name of Object.keys(options))
    if (name !== '$type') throw new CommandError(2, `Unrecognized $currentDate option: ${name}`);
  const type = options['$type'];
  if (type === 'date' || type === 'timestamp') return type;
  throw new CommandError(
    2,
    "The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: 'date'}}}",
  );
}

function isInteger(value: unknown): boolean {
  const type = bsonType(value);
  return type === BsonType.int || type === BsonType.long;
}

const BIT_OPERATIONS: Record<string, (a: bigint, b: bigint) => bigint> = {
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
};

function bitwise(argument: unknown): Apply {
  if (!isDocument(argument))
    throw new CommandError(
      2,
      `The $bit modifier is not compatible with a ${typeName(argument)}. You must pass in an embedded document: {$bit: {field: {and/or/xor: #}}`,
    );
  const operations = Object.entries(plain(argument)).map(([name, operand]) => bitOperation(name, operand));
  if (operations.length === 0)
    throw new CommandError(
      2,
      'You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}',
    );
  return (current, path) => {
    if (current !== MISSING && !isInteger(current))
      throw new CommandError(
        2,
        `Cannot apply $bit to a value of non-integral type. The document has the field ${lastOf(path)} of non-integer type ${typeName(current)}`,
      );
    const start: unknown = current === MISSING ? new Int32(0) : current;
    const result = operations.reduce((value, apply) => apply(value), start);
    return current !== MISSING && identical(result, current) ? current : result;
  };
}

function bitOperation(name: string, operand: unknown): (value: unknown) => unknown {
  const operation = Object.hasOwn(BIT_OPERATIONS, name) ? BIT_OPERATIONS[name] : undefined;
  if (!operation)
    throw new CommandError(
      2,
      `The $bit modifier only supports 'and', 'or', and 'xor', not '${name}' which is an unknown operator: {${name}: <${typeName(operand)}>}`,
    );
  if (!isInteger(operand))
    throw new CommandError(
      2,
      `The $bit modifier field must be an Integer(32/64 bit); a '${typeName(operand)}' is not supported here: {${name}: <${typeName(operand)}>}`,
    );
  return (value) => {
    const wide = bsonType(value) === BsonType.long || bsonType(operand) === BsonType.long;
    return integer(operation(BigInt(numericOf(value) as number), BigInt(numericOf(operand) as number)), wide);
  };
}
