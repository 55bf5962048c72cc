import { Int32 } from 'bson';
import {
  bsonType,
  BsonType,
  CommandError,
  compileRegex,
  compareStrings,
  isDocument,
  isNumber,
  numericOf,
  plain,
  regexParts,
  toDouble,
  typeName,
} from '../value';
import type { Document } from '../value';
import { coerceToString } from './coerce';
import type { Compile, Evaluate, Operator, OperatorTable, Scope } from './evaluation';
import { positional } from './evaluation';
import { isNullish } from './logic';

const ASCII_UPPER = /[a-z]/g;
const ASCII_LOWER = /[A-Z]/g;

function concat(values: unknown[]): unknown {
  let text = '';
  let isNull = false;
  for (const value of values) {
    if (isNullish(value)) isNull = true;
    else if (typeof value !== 'string')
      throw new CommandError(16702, `$concat only supports strings, not ${typeName(value)}`);
    else text += value;
    if (isNull) return null;
  }
  return text;
}

function integerArgument(value: unknown, name: string, which: string, code: number): number {
  const number = isNumber(value) ? toDouble(numericOf(value)) : Number.NaN;
  if (!Number.isInteger(number))
    throw new CommandError(
      code,
      `${name}: ${which} must be a numeric type representable as a 32-bit integral value (is BSON type ${typeName(value)})`,
    );
  return number;
}

function substrCodePoints([value, start, length]: unknown[], name: string): unknown {
  const text = [...coerceToString(value)];
  const from = integerArgument(start, name, 'starting index', 34450);
  const count = integerArgument(length, name, 'length', 34452);
  if (from < 0) throw new CommandError(34451, `${name}: the starting index must be a non-negative integer.`);
  if (count < 0) throw new CommandError(34454, `${name}: length must be a nonnegative integer.`);
  return text.slice(from, from + count).join('');
}

/** `$substr` and `$substrBytes` count UTF-8 bytes, and may not cut a character. */
function substrBytes([value, start, length]: unknown[], name: string): unknown {
  const bytes = Buffer.from(coerceToString(value), 'utf8');
  const from = integerArgument(start, name, 'starting index', 16034);
  const count = integerArgument(length, name, 'length', 16035);
  if (from < 0) throw new CommandError(50752, `${name}:  starting index must be non-negative (got: ${from})`);
  const end = count < 0 ? bytes.length : Math.min(from + count, bytes.length);
  if (from >= bytes.length) return '';
  if (isContinuation(bytes[from]))
    throw new CommandError(28656, `${name}:  Invalid range, starting index is a UTF-8 continuation byte.`);
  if (end < bytes.length && isContinuation(bytes[end]))
    throw new CommandError(
      28657,
      `${name}:  Invalid range, ending index is in the middle of a UTF-8 character.`,
    );
  return bytes.toString('utf8', from, end);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function needString(value: unknown, name: string, what: string, code: number): string {
  if (typeof value !== 'string') throw new CommandError(code, `${name} ${what}, found: ${typeName(value)}`);
  return value;
}

function split([value, separator]: unknown[]): unknown {
  if (isNullish(value) || isNullish(separator)) return null;
  const text = needString(
    value,
    '$split',
    'requires an expression that evaluates to a string as a first argument',
    40085,
  );
  const by = needString(
    separator,
    '$split',
    'requires an expression that evaluates to a string as a second argument',
    40086,
  );
  if (by === '') throw new CommandError(40087, '$split requires a non-empty separator');
  return text.split(by);
}

function indexOfCodePoints(values: unknown[]): unknown {
  const [value, search, start, end] = values;
  if (isNullish(value)) return null;
  const text = [...needString(value, '$indexOfCP', 'requires a string as the first argument', 40091)];
  const token = [...needString(search, '$indexOfCP', 'requires a string as the second argument', 40092)];
  const from = start === undefined ? 0 : integerArgument(start, '$indexOfCP', 'starting index', 40096);
  const to = end === undefined ? text.length : integerArgument(end, '$indexOfCP', 'ending index', 40096);
  if (from < 0 || to < 0) throw new CommandError(40097, '$indexOfCP requires a nonnegative index');
  const limit = Math.min(to, text.length);
  for (let i = from; i + token.length <= limit; i++)
    if (token.every((char, k) => text[i + k] === char)) return new Int32(i);
  return new Int32(-1);
}

const WHITESPACE = new Set(
  '\0 \t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a',
);

function trim(left: boolean, right: boolean): Operator {
  return (argument, compile, name) => {
    const spec = namedArguments(name, argument, ['input', 'chars'], ['input'], 50696);
    const input = compile(spec['input']);
    const chars = 'chars' in spec ? compile(spec['chars']) : undefined;
    return (scope) => {
      const value = input(scope);
      const set = chars?.(scope);
      if (isNullish(value) || (chars && isNullish(set))) return null;
      const text = [...needString(value, name, 'requires its input to be a string', 50699)];
      const drop = chars
        ? new Set(needString(set, name, "requires 'chars' to be a string", 50700))
        : WHITESPACE;
      let from = 0;
      let to = text.length;
      while (left && from < to && drop.has(text[from] ?? '')) from += 1;
      while (right && to > from && drop.has(text[to - 1] ?? '')) to -= 1;
      return text.slice(from, to).join('');
    };
  };
}

/** The fields of an operator that takes a document; all others are an error. */
export function namedArguments(
  name: string,
  argument: unknown,
  known: readonly string[],
  required: readonly string[],
  code: number,
): Document {
  if (!isDocument(argument))
    throw new CommandError(
      code,
      `${name} only supports an object as an argument, found ${typeName(argument)}`,
    );
  const spec = plain(argument);
  for (const field of Object.keys(spec))
    if (!known.includes(field)) throw new CommandError(code, `${name} found an unknown argument: ${field}`);
  for (const field of required)
    if (!(field in spec)) throw new CommandError(code, `Missing '${field}' parameter to ${name}`);
  return spec;
}

function replace(all: boolean): Operator {
  return (argument, compile, name) => {
    const names = ['input', 'find', 'replacement'];
    const spec = namedArguments(name, argument, names, names, 51751);
    const evaluates = names.map((field) => compile(spec[field]));
    return (scope) => {
      const values = evaluates.map((evaluate) => evaluate(scope));
      values.forEach((value, i) => {
        if (!isNullish(value))
          needString(value, name, `requires that '${names[i] ?? ''}' be a string`, 51746 - i);
      });
      if (values.some(isNullish)) return null;
      const [input, find, by] = values as [string, string, string];
      return all ? input.replaceAll(find, () => by) : input.replace(find, () => by);
    };
  };
}

function regexMatch(argument: unknown, compile: Compile, name: string): Evaluate {
  const spec = namedArguments(name, argument, ['input', 'regex', 'options'], ['input', 'regex'], 51103);
  const input = compile(spec['input']);
  const regex = compile(spec['regex']);
  const options = 'options' in spec ? compile(spec['options']) : undefined;
  return (scope) => {
    const text = input(scope);
    const test = regexOf(name, regex(scope), options?.(scope), scope);
    if (!isNullish(text) && typeof text !== 'string')
      throw new CommandError(51104, `${name} needs 'input' to be of type string`);
    return typeof text === 'string' && test !== undefined && test(text);
  };
}

function regexOf(
  name: string,
  pattern: unknown,
  options: unknown,
  _scope: Scope,
): ((text: string) => boolean) | undefined {
  if (isNullish(pattern)) return undefined;
  if (options !== undefined && !isNullish(options) && typeof options !== 'string')
    throw new CommandError(51106, `${name} needs 'options' to be of type string`);
  const given = typeof options === 'string' ? options : '';
  if (typeof pattern === 'string') return compileRegex(pattern, given).test;
  if (bsonType(pattern) !== BsonType.regex)
    throw new CommandError(51105, `${name} needs 'regex' to be of type string or regex`);
  const parts = regexParts(pattern);
  if (parts.options !== '' && given !== '')
    throw new CommandError(
      51107,
      `${name} found regex option(s) specified in both 'regex' and 'option' fields`,
    );
  return compileRegex(parts.pattern, given || parts.options).test;
}

function length(measure: (text: string) => number, code: number): Operator {
  return positional(
    1,
    1,
    ([value], name) => new Int32(measure(needString(value, name, 'requires a string argument', code))),
  );
}

export const stringOperators: OperatorTable = {
  $concat: positional(0, Infinity, concat),
  $toLower: positional(1, 1, ([value]) =>
    coerceToString(value).replace(ASCII_LOWER, (char) => char.toLowerCase()),
  ),
  $toUpper: positional(1, 1, ([value]) =>
    coerceToString(value).replace(ASCII_UPPER, (char) => char.toUpperCase()),
  ),
  $substr: positional(3, 3, substrBytes),
  $substrBytes: positional(3, 3, substrBytes),
  $substrCP: positional(3, 3, substrCodePoints),
  $strLenCP: length((text) => [...text].length, 34471),
  $strLenBytes: length((text) => Buffer.byteLength(text), 34473),
  $strcasecmp: positional(2, 2, ([a, b]) => {
    const fold = (value: unknown): string =>
      coerceToString(value).replace(ASCII_UPPER, (char) => char.toUpperCase());
    return new Int32(Math.sign(compareStrings(fold(a), fold(b))));
  }),
  $split: positional(2, 2, split),
  $indexOfCP: positional(2, 4, indexOfCodePoints),
  $trim: trim(true, true),
  $ltrim: trim(true, false),
  $rtrim: trim(false, true),
  $replaceOne: replace(false),
  $replaceAll: replace(true),
  $regexMatch: regexMatch,
};
