/**
 * FHIR JSON in and out with decimals kept as written (R4 json.html#primitive, datatypes.html#decimal:
 * "the precision of the decimal value has significance").
 *
 * Objects hold plain JavaScript numbers. Where a literal differs from what JavaScript would write, the
 * object (or array) that contains it carries the enumerable symbol property `DECIMALS`, a map from key to
 * literal. It survives spread and `Object.assign`; `JSON.stringify`, BSON and `structuredClone` do not see
 * it, so copies are made by `cloneResource`. A literal counts only while its value is still the number
 * beside it: who changes the number needs to know nothing.
 */
import type { Resource } from '@medplum/fhirtypes';
import { ProblemError } from './problem';

/** Key of the literals that JavaScript numbers cannot reproduce. */
const DECIMALS: unique symbol = Symbol('decimals');

type Literals = Record<string, string>;
type Node = Record<string | symbol, unknown>;

/** How deeply objects and lists may be nested; no FHIR resource comes near it. */
const MAX_DEPTH = 200;

/** One decimal literal: `path` is the dot path from the resource (`component.0.valueQuantity.value`). */
export interface DecimalLiteral {
  path: string;
  text: string;
}

interface Scan {
  keys: number;
  /** The text with its odd literals as marked strings; the text itself when it has none. */
  marked: string;
}

const malformed = (message: string): ProblemError => new ProblemError('malformed', message);

const QUOTE = 34;
const BACKSLASH = 92;

function endOfString(text: string, start: number): number {
  let i = start + 1;
  for (;;) {
    const end = text.indexOf('"', i);
    if (end < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
    i = end + 1;
  }
}

function endOfNumber(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const inNumber = (c >= 48 && c <= 57) || c === 43 || c === 45 || c === 46 || c === 69 || c === 101;
    if (!inNumber) break;
  }
  return i;
}

/** A number of up to 15 digits without fraction or exponent is written as it was read; others are compared. */
function isOdd(literal: string): boolean {
  return String(Number(literal)) !== literal;
}

/** https://www.rfc-editor.org/rfc/rfc8259#section-6 */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Stands before literals that pass through `JSON.parse` or `JSON.stringify` as strings; no client can guess it. */
const MARK = `decimal-${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}:`;

/**
 * One pass over the text: depth, number of keys (colons outside strings), and the literals to keep, which are marked so
 * that the engine's own parser reads the rest. What is no JSON number stays as it is, for that parser to refuse.
 */
function scan(text: string): Scan {
  let keys = 0;
  let depth = 0;
  let marked = '';
  let taken = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) i = endOfString(text, i);
    else if (c === 58) keys++;
    else if (c === 123 || c === 91) {
      if (++depth > MAX_DEPTH) throw malformed('The body is nested too deeply.');
    } else if (c === 125 || c === 93) depth--;
    else if (c === 45 || (c >= 48 && c <= 57)) {
      const end = endOfNumber(text, i);
      const literal = text.slice(i, end);
      if (isOdd(literal) && NUMBER.test(literal)) {
        marked += `${text.slice(taken, i)}"${MARK}${literal}"`;
        taken = end;
      }
      i = end - 1;
    }
  }
  return { keys, marked: taken === 0 ? text : marked + text.slice(taken) };
}

/** Turns marked literals into numbers that know their text, and counts the keys that really are there. */
function settle(node: Node): number {
  const keys = Object.keys(node);
  let count = Array.isArray(node) ? 0 : keys.length;
  for (const key of keys) {
    if (key === '__proto__' || key.startsWith(MARK))
      throw malformed('The body has a key that is not allowed.');
    const child = node[key];
    if (typeof child === 'string' && child.startsWith(MARK)) readLiteral(node, key, child.slice(MARK.length));
    else if (typeof child === 'object' && child !== null) count += settle(child as Node);
  }
  return count;
}

/** A number that JavaScript cannot hold at all would become `null` in the store. */
function readLiteral(node: Node, key: string, literal: string): void {
  const value = Number(literal);
  if (!Number.isFinite(value)) throw malformed('The body has a number that is out of range.');
  node[key] = value;
  keepLiteral(node, key, literal);
}

function keepLiteral(node: Node, key: string, text: string): void {
  const literals = (node[DECIMALS] as Literals | undefined) ?? {};
  literals[key] = text;
  node[DECIMALS] = literals;
}

/**
 * Parses any JSON text as `parseFhirJson` does, without asking for a resource (JSON Patch, Merge Patch).
 * @throws ProblemError 400 for text that is not JSON, repeats a key, has a `__proto__` key or is too deep.
 */
export function parseJson(text: string): unknown {
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  const { keys, marked } = scan(body);
  const whole: Node = {};
  try {
    whole['value'] = JSON.parse(marked);
  } catch {
    // The parser's messages quote the body, which may be clinical.
    throw malformed('The body is not well-formed JSON.');
  }
  if (settle(whole) - 1 !== keys) throw malformed('The body repeats a key or has one that is not allowed.');
  return whole['value'];
}

/**
 * Parses a FHIR resource, keeping the text of decimals.
 * @throws ProblemError 400 when the text is not a JSON object with a `resourceType`, or see `parseJson`.
 */
export function parseFhirJson(text: string): Resource {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed('The body is not a FHIR resource: a JSON object is expected.');
  }
  if (typeof (value as Node)['resourceType'] !== 'string') {
    throw malformed('The body is not a FHIR resource: resourceType is missing.');
  }
  return value as Resource;
}

function hasDecimals(value: object): boolean {
  if ((value as Node)[DECIMALS] !== undefined) return true;
  for (const key in value) {
    const child = (value as Node)[key];
    if (typeof child === 'object' && child !== null && hasDecimals(child)) return true;
  }
  return false;
}

const MARKED = new RegExp(`"${MARK}([^"]*)"`, 'g');

function literalOf(holder: unknown, key: string, value: unknown): string | undefined {
  if (typeof value !== 'number') return undefined;
  const text = ((holder as Node)[DECIMALS] as Literals | undefined)?.[key];
  return text !== undefined && Number(text) === value ? text : undefined;
}

/**
 * Writes a resource (or any JSON value) as JSON text, decimals as they were read.
 * @param options.plain it is known to have no literals, so that none are looked for.
 */
export function stringifyFhirJson(
  resource: unknown,
  options: { pretty?: boolean; plain?: boolean } = {},
): string {
  const indent = options.pretty ? 2 : undefined;
  const isPlain = options.plain === true || typeof resource !== 'object' || resource === null;
  if (isPlain || !hasDecimals(resource)) {
    return JSON.stringify(resource, undefined, indent);
  }
  const marked = JSON.stringify(
    resource,
    function (this: unknown, key: string, value: unknown) {
      const text = literalOf(this, key, value);
      return text === undefined ? value : MARK + text;
    },
    indent,
  );
  return marked.replace(MARKED, '$1');
}

function collectDecimals(value: object, path: string, into: DecimalLiteral[]): void {
  const node = value as Node;
  for (const key in node) {
    const child = node[key];
    const at = path === '' ? key : `${path}.${key}`;
    if (typeof child === 'object' && child !== null) collectDecimals(child, at, into);
    else {
      const text = literalOf(node, key, child);
      if (text !== undefined) into.push({ path: at, text });
    }
  }
}

/** The literals that `restoreDecimals` needs to put back after storage that keeps numbers only. */
export function decimalsOf(resource: object): DecimalLiteral[] {
  const found: DecimalLiteral[] = [];
  if (hasDecimals(resource)) collectDecimals(resource, '', found);
  return found;
}

/** Puts literals back, in place; those whose path is gone or whose number has changed are ignored. */
export function restoreDecimals<T extends object>(resource: T, decimals: readonly DecimalLiteral[]): T {
  for (const { path, text } of decimals) {
    const keys = path.split('.');
    const last = keys.pop();
    let node: unknown = resource;
    for (const key of keys)
      node = typeof node === 'object' && node !== null ? (node as Node)[key] : undefined;
    if (last === undefined || typeof node !== 'object' || node === null) continue;
    if ((node as Node)[last] === Number(text)) keepLiteral(node as Node, last, text);
  }
  return resource;
}

/** The literal of the number at `holder[key]`, when it has one of its own. */
export function decimalText(holder: object, key: string): string | undefined {
  return literalOf(holder, key, (holder as Node)[key]);
}

/** Keeps the literal that the number at `holder[key]` was read from, where JavaScript would write another. */
export function keepDecimal(holder: object, key: string, text: string): void {
  if (isOdd(text)) keepLiteral(holder as Node, key, text);
}

/** Lets the number at `to[toKey]` keep the literal of `from[fromKey]`, when both are one number. */
export function copyDecimal(from: object, fromKey: string, to: object, toKey: string): void {
  const text = literalOf(from, fromKey, (from as Node)[fromKey]);
  if (text !== undefined && (to as Node)[toKey] === Number(text)) keepLiteral(to as Node, toKey, text);
}

/** A deep copy of plain JSON data that keeps decimals (`structuredClone` loses symbols). */
export function cloneResource<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const list = value.map((item: unknown) => cloneResource(item));
    copyLiterals(value, list);
    return list as T;
  }
  const copy: Node = {};
  for (const key of Object.keys(value)) copy[key] = cloneResource((value as Node)[key]);
  copyLiterals(value, copy);
  return copy as T;
}

function copyLiterals(from: object, to: object): void {
  const literals = (from as Node)[DECIMALS] as Literals | undefined;
  if (literals !== undefined) (to as Node)[DECIMALS] = { ...literals };
}
