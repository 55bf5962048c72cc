import type { Document, Filter } from '../semantics';
import { FieldNames, selectNames } from '../wire/fields';
import { documentEnd, enclose, rawElements } from '../wire/raw';
import { decode, encodeUnlimited } from './codec';

const namesOf = new WeakMap<ReadonlySet<string>, FieldNames>();

/** Decodes only the named fields of a document's top level: most of a large document is never looked at. */
export function decodeFields(bytes: Buffer, fields: ReadonlySet<string> | undefined): Document {
  if (!fields) return decode(bytes);
  let names = namesOf.get(fields);
  if (!names) namesOf.set(fields, (names = new FieldNames(fields)));
  return decode(selectNames(bytes, names, true));
}

/** The named fields that are not the same bytes in both documents. */
export function differingFields(a: Buffer, b: Buffer, names: ReadonlySet<string>): Set<string> {
  const differing = new Set<string>();
  const before = new Map<string, Buffer>();
  for (const { name, offset, end } of rawElements(a))
    if (names.has(name)) before.set(name, a.subarray(offset, end));
  for (const { name, offset, end } of rawElements(b)) {
    if (!names.has(name)) continue;
    const old = before.get(name);
    before.delete(name);
    if (!old || old.compare(b, offset, end) !== 0) differing.add(name);
  }
  for (const name of before.keys()) differing.add(name);
  return differing;
}

/**
 * The document with its fields `before` (the decoded part of it) as they are in `after`, all others byte for byte.
 * undefined where the order of the fields cannot be kept so, and the whole has to be encoded.
 */
export function replaceFields(bytes: Buffer, before: Document, after: Document): Buffer | undefined {
  const old = Object.keys(before);
  const kept = old.filter((name) => Object.hasOwn(after, name));
  const names = Object.keys(after);
  const survivors = names.filter((name) => Object.hasOwn(before, name));
  if (kept.some((name, i) => name !== survivors[i])) return undefined;
  const elements: Buffer[] = [];
  let met = 0;
  let from = 4;
  for (const { name, offset, end } of rawElements(bytes)) {
    if (!Object.hasOwn(before, name)) continue;
    met++;
    if (Object.hasOwn(after, name) && Object.is(before[name], after[name])) continue;
    if (offset > from) elements.push(bytes.subarray(from, offset));
    if (Object.hasOwn(after, name)) elements.push(encodeElement(name, after[name]));
    from = end;
  }
  if (met !== old.length) return undefined;
  elements.push(bytes.subarray(from, documentEnd(bytes, 0) - 1));
  for (const name of names) if (!Object.hasOwn(before, name)) elements.push(encodeElement(name, after[name]));
  return enclose(elements);
}

function encodeElement(name: string, value: unknown): Buffer {
  const document = encodeUnlimited({ [name]: value });
  return document.subarray(4, document.length - 1);
}

/**
 * A projection that does nothing but show, or leave out, whole top-level fields: it is done on the bytes. undefined for
 * all others.
 */
export function plainProjection(spec: Document): ((bytes: Buffer) => Buffer) | undefined {
  const fields = Object.entries(spec);
  const others = fields.filter(([path]) => path !== '_id');
  const plain = (value: unknown): boolean => typeof value === 'boolean' || isNumber(value);
  if (fields.some(([path, value]) => /[.$]/.test(path) || !plain(value))) return undefined;
  const shown = others.filter(([, value]) => !isNothing(value)).map(([path]) => path);
  if (shown.length > 0 && shown.length < others.length) return undefined;
  const id = spec['_id'];
  if (shown.length > 0 || (others.length === 0 && id !== undefined && !isNothing(id))) {
    const names = new FieldNames(id !== undefined && isNothing(id) ? shown : [...shown, '_id']);
    return (bytes) => selectNames(bytes, names, true);
  }
  if (id !== undefined && !isNothing(id)) return undefined;
  const names = new FieldNames(fields.map(([path]) => path));
  return (bytes) => selectNames(bytes, names, false);
}

const NUMBERS = new Set(['Int32', 'Double', 'Long', 'Decimal128']);

function isNumber(value: unknown): boolean {
  const type = (value as { _bsontype?: string } | null)?._bsontype;
  return typeof value === 'number' || (type !== undefined && NUMBERS.has(type));
}

function isNothing(value: unknown): boolean {
  return value === false || (isNumber(value) && Number(String(value)) === 0);
}

/** The top-level fields that decide whether a document satisfies a filter; undefined: all may. */
export function fieldsOfFilter(filter: Filter): Set<string> | undefined {
  const names = new Set<string>();
  return collect(filter, names) ? names : undefined;
}

function collect(filter: Filter, names: Set<string>): boolean {
  switch (filter.op) {
    case 'and':
    case 'or':
    case 'nor':
      return filter.filters.every((part) => collect(part, names));
    case 'not':
      return collect(filter.filter, names);
    case 'expr':
      return false;
    case 'never':
      return true;
    default:
      names.add(topLevel(filter.path));
      return true;
  }
}

export function topLevel(path: string): string {
  const dot = path.indexOf('.');
  return dot < 0 ? path : path.slice(0, dot);
}
