import type { Document, Filter } from '../semantics';
import { rawElements } from '../wire/raw';
import { decode } from './codec';

/** Decodes only the named fields of a document's top level: most of a large document is never looked at. */
export function decodeFields(bytes: Buffer, names: ReadonlySet<string>): Document {
  const kept: Buffer[] = [];
  let size = 5;
  for (const { name, offset, end } of rawElements(bytes)) {
    if (!names.has(name)) continue;
    kept.push(bytes.subarray(offset, end));
    size += end - offset;
  }
  const partial = Buffer.allocUnsafe(size);
  let at = partial.writeInt32LE(size, 0);
  for (const element of kept) at += element.copy(partial, at);
  partial[at] = 0;
  return decode(partial);
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
