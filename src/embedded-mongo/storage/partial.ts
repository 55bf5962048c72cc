import type { Document, Filter } from '../semantics';
import { rawElements } from '../wire/raw';
import { decode } from './codec';

/** A document with some of its top-level fields, byte for byte as they are: nothing is decoded. */
export function selectFields(bytes: Buffer, keep: (name: string) => boolean): Buffer {
  const kept: Buffer[] = [];
  let size = 5;
  for (const { name, offset, end } of rawElements(bytes)) {
    if (!keep(name)) continue;
    kept.push(bytes.subarray(offset, end));
    size += end - offset;
  }
  const partial = Buffer.allocUnsafe(size);
  let at = partial.writeInt32LE(size, 0);
  for (const element of kept) at += element.copy(partial, at);
  partial[at] = 0;
  return partial;
}

/** Decodes only the named fields of a document's top level: most of a large document is never looked at. */
export function decodeFields(bytes: Buffer, names: ReadonlySet<string>): Document {
  return decode(selectFields(bytes, (name) => names.has(name)));
}

/** The names that a projection leaves out when it does nothing but leave out top-level fields; undefined for all others. */
export function plainExclusion(spec: Document): Set<string> | undefined {
  const fields = Object.entries(spec);
  const isPlain = fields.every(([path, value]) => !/[.$]/.test(path) && (value === false || isZero(value)));
  return isPlain ? new Set(fields.map(([path]) => path)) : undefined;
}

const NUMBERS = new Set(['Int32', 'Double', 'Long', 'Decimal128']);

function isZero(value: unknown): boolean {
  const type = (value as { _bsontype?: string } | null)?._bsontype;
  return (
    (typeof value === 'number' || (type !== undefined && NUMBERS.has(type))) && Number(String(value)) === 0
  );
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
