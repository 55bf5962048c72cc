/** Functions of FHIRPath over one text, and conversions. https://hl7.org/fhirpath/N1/#string-manipulation */
import { dateRange } from '../dates';
import { freeNode, isObject, type Node } from './nodes';
import {
  FhirPathError,
  NOTHING,
  numberOf,
  single,
  stringOf,
  truth,
  type Evaluate,
  type FunctionCompiler,
  type Scope,
} from './scope';

const text = (value: string): readonly Node[] => [freeNode(value, 'string')];

/** A function of one text and of texts given as arguments; empty when any of them is. */
function ofText(arity: number, fn: (value: string, args: string[]) => readonly Node[]): FunctionCompiler {
  return (target, args) => (input, scope) => {
    const value = stringOf(target(input, scope));
    const given = args.slice(0, arity).map((arg) => stringOf(arg(scope.self, scope)));
    if (value === undefined || given.length < arity || given.includes(undefined)) return NOTHING;
    return fn(value, given as string[]);
  };
}

function substring(target: Evaluate, [start, length]: Evaluate[]): Evaluate {
  return (input, scope) => {
    const value = stringOf(target(input, scope));
    const from = start === undefined ? undefined : numberOf(start(scope.self, scope));
    if (value === undefined || from === undefined || from < 0 || from >= value.length) return NOTHING;
    const count = length === undefined ? undefined : numberOf(length(scope.self, scope));
    return text(count === undefined ? value.slice(from) : value.slice(from, from + Math.max(0, count)));
  };
}

const patterns = new Map<string, RegExp>();

/** Regular expressions of definitions are few; those of clients must not fill the memory. */
function patternOf(source: string, flags: string): RegExp {
  const key = `${flags}/${source}`;
  const known = patterns.get(key);
  if (known !== undefined) return known;
  if (patterns.size > 1000) patterns.clear();
  let pattern: RegExp;
  try {
    pattern = new RegExp(source, flags);
  } catch {
    throw new FhirPathError('The regular expression cannot be read');
  }
  patterns.set(key, pattern);
  return pattern;
}

function converted(target: Evaluate, convert: (node: Node, scope: Scope) => readonly Node[]): Evaluate {
  return (input, scope) => {
    const node = single(target(input, scope));
    return node === undefined ? NOTHING : convert(node, scope);
  };
}

function toInteger({ value }: Node): readonly Node[] {
  if (typeof value === 'boolean') return [freeNode(value ? 1 : 0, 'integer')];
  const isInteger = typeof value === 'number' ? Number.isInteger(value) : /^[+-]?\d+$/.test(String(value));
  return isInteger ? [freeNode(Number(value), 'integer')] : NOTHING;
}

function toDecimal({ value }: Node): readonly Node[] {
  if (typeof value === 'boolean') return [freeNode(value ? 1 : 0, 'decimal')];
  const isNumber = typeof value === 'number' || /^[+-]?\d+(\.\d+)?$/.test(String(value));
  return isNumber ? [freeNode(Number(value), 'decimal')] : NOTHING;
}

function toText({ value }: Node): readonly Node[] {
  return value === undefined || isObject(value) ? NOTHING : text(String(value));
}

const YES = new Set(['true', 't', 'yes', 'y', '1', '1.0']);
const NO = new Set(['false', 'f', 'no', 'n', '0', '0.0']);

function toBoolean({ value }: Node): readonly Node[] {
  const word = String(value).toLowerCase();
  return YES.has(word) ? truth(true) : NO.has(word) ? truth(false) : NOTHING;
}

function toDateTyped(type: 'date' | 'dateTime') {
  return ({ value }: Node): readonly Node[] => {
    if (typeof value !== 'string' || dateRange(value) === undefined) return NOTHING;
    return [freeNode(type === 'date' ? value.slice(0, 10) : value, type)];
  };
}

const conversion =
  (convert: (node: Node) => readonly Node[]): FunctionCompiler =>
  (target) =>
    converted(target, convert);

const convertible =
  (convert: (node: Node) => readonly Node[]): FunctionCompiler =>
  (target) =>
    converted(target, (node) => truth(convert(node).length > 0));

const measured =
  (fn: (value: number) => number): FunctionCompiler =>
  (target) =>
  (input, scope) => {
    const value = numberOf(target(input, scope));
    return value === undefined
      ? NOTHING
      : [freeNode(fn(value), Number.isInteger(fn(value)) ? 'integer' : 'decimal')];
  };

/** One moment for every call of an evaluation would need the scope; a millisecond's drift changes no rule. */
const now = (): string => new Date().toISOString();

export const STRING_FUNCTIONS: Record<string, FunctionCompiler> = {
  substring,
  startsWith: ofText(1, (value, [prefix = '']) => truth(value.startsWith(prefix))),
  endsWith: ofText(1, (value, [suffix = '']) => truth(value.endsWith(suffix))),
  contains: ofText(1, (value, [part = '']) => truth(value.includes(part))),
  indexOf: ofText(1, (value, [part = '']) => [freeNode(value.indexOf(part), 'integer')]),
  matches: ofText(1, (value, [pattern = '']) => truth(patternOf(pattern, 's').test(value))),
  replace: ofText(2, (value, [from = '', to = '']) => text(value.split(from).join(to))),
  replaceMatches: ofText(2, (value, [pattern = '', to = '']) =>
    text(value.replace(patternOf(pattern, 'gs'), to)),
  ),
  upper: ofText(0, (value) => text(value.toUpperCase())),
  lower: ofText(0, (value) => text(value.toLowerCase())),
  trim: ofText(0, (value) => text(value.trim())),
  length: ofText(0, (value) => [freeNode(value.length, 'integer')]),
  split: ofText(1, (value, [separator = '']) =>
    value.split(separator).map((part) => freeNode(part, 'string')),
  ),
  toChars: ofText(0, (value) => [...value].map((char) => freeNode(char, 'string'))),
  join:
    (target, [separator]) =>
    (input, scope) => {
      const between = separator === undefined ? '' : (stringOf(separator(scope.self, scope)) ?? '');
      const parts = target(input, scope);
      return parts.length === 0 ? NOTHING : text(parts.map(({ value }) => String(value)).join(between));
    },
  toInteger: conversion(toInteger),
  toDecimal: conversion(toDecimal),
  toString: conversion(toText),
  toBoolean: conversion(toBoolean),
  toDate: conversion(toDateTyped('date')),
  toDateTime: conversion(toDateTyped('dateTime')),
  convertsToInteger: convertible(toInteger),
  convertsToDecimal: convertible(toDecimal),
  convertsToString: convertible(toText),
  convertsToBoolean: convertible(toBoolean),
  convertsToDate: convertible(toDateTyped('date')),
  convertsToDateTime: convertible(toDateTyped('dateTime')),
  abs: measured(Math.abs),
  ceiling: measured(Math.ceil),
  floor: measured(Math.floor),
  truncate: measured(Math.trunc),
  now: () => () => [freeNode(now(), 'dateTime')],
  today: () => () => [freeNode(now().slice(0, 10), 'date')],
};
