import type { Filter } from '../filter';
import { CommandError, isDocument, setField } from '../value';
import type { Document } from '../value';

/**
 * The fields that a filter determines by equality: `eq`, also under `and`, in a list of one, in an `or` of one.
 * A replacement takes only `_id` from them.
 */
export function documentFromFilter(filter: Filter, onlyId: boolean): Document {
  const equalities: { path: string; value: unknown }[] = [];
  collect(filter, equalities);
  const relevant = equalities.filter(({ path }) => !onlyId || path === '_id' || path.startsWith('_id.'));
  const document: Document = {};
  relevant.forEach(({ path, value }, i) => {
    for (const other of relevant.slice(0, i)) refuseOverlap(other.path, path);
    if (onlyId && path !== '_id')
      throw new CommandError(
        111,
        `field at '_id' must be exactly specified, field at sub-path '${path}'found`,
      );
    place(document, path, value);
  });
  return document;
}

function collect(filter: Filter, into: { path: string; value: unknown }[]): void {
  if (filter.op === 'eq') into.push({ path: filter.path, value: filter.value });
  else if (filter.op === 'and' || (filter.op === 'or' && filter.filters.length === 1))
    for (const inner of filter.filters) collect(inner, into);
  else if (filter.op === 'in' && filter.values.length === 1 && filter.regexes.length === 0)
    into.push({ path: filter.path, value: filter.values[0] });
}

function refuseOverlap(known: string, path: string): void {
  if (known === path)
    throw new CommandError(54, `cannot infer query fields to set, path '${path}' is matched twice`);
  if (path.startsWith(`${known}.`) || known.startsWith(`${path}.`))
    throw new CommandError(
      54,
      `cannot infer query fields to set, both paths '${known}' and '${path}' are matched`,
    );
}

function place(document: Document, path: string, value: unknown): void {
  const parts = path.split('.');
  let at = document;
  for (const part of parts.slice(0, -1)) {
    const inner = at[part];
    const next: Document = Object.hasOwn(at, part) && isDocument(inner) ? inner : {};
    setField(at, part, next);
    at = next;
  }
  setField(at, parts.at(-1) ?? '', value);
}
