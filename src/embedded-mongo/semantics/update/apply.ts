import {
  arrayIndex,
  CommandError,
  copyDocument,
  field,
  identical,
  isDocument,
  MISSING,
  plain,
  setField,
  typeName,
} from '../value';
import type { Document } from '../value';
import type { ArrayFilters } from './array-filters';
import type { Modifier, ModifierContext, PathUpdate } from './ast';
import { comparePaths, identifierOf } from './parse';
import { PathTree } from './path-tree';

/** How many nulls an update may put before a new array element, as in MongoDB. */
const MAX_PADDING = 1_500_000;

/** One run of an update over one document. The document given is never changed; copies made here are. */
export class UpdateRun {
  private readonly copies = new WeakSet<object>();
  private readonly context: ModifierContext;

  constructor(now: Date) {
    this.context = { now };
  }

  /** Applies one modifier at a concrete path. */
  apply(document: Document, { parts, modifier, from }: PathUpdate): Document {
    if (from) return this.rename(document, from, parts, modifier);
    return this.descend(document, parts, 0, modifier) as Document;
  }

  private descend(current: unknown, parts: readonly string[], depth: number, modifier: Modifier): unknown {
    if (depth === parts.length) return modifier.apply(current, parts.join('.'), this.context);
    if (current === MISSING) return this.create(parts, depth, modifier);
    const name = parts[depth] as string;
    if (isDocument(current)) {
      const document = plain(current);
      const before = field(document, name);
      const after = this.descend(before, parts, depth + 1, modifier);
      return Object.is(before, after) ? current : this.withField(document, name, after);
    }
    const index = Array.isArray(current) ? arrayIndex(name) : -1;
    if (!Array.isArray(current) || index < 0) return blocked(current, parts, depth, modifier);
    const before: unknown = index < current.length ? current[index] : MISSING;
    const after = this.descend(before, parts, depth + 1, modifier);
    return Object.is(before, after) ? current : this.withElement(current, index, after);
  }

  private create(parts: readonly string[], depth: number, modifier: Modifier): unknown {
    if (!modifier.creates) return MISSING;
    const inner = this.descend(MISSING, parts, depth + 1, modifier);
    if (inner === MISSING) return MISSING;
    const document: Document = {};
    setField(document, parts[depth] as string, inner);
    this.copies.add(document);
    return document;
  }

  private withField(document: Document, name: string, value: unknown): Document {
    const copy = this.copies.has(document) ? document : copyDocument(document);
    this.copies.add(copy);
    if (value === MISSING) Reflect.deleteProperty(copy, name);
    else setField(copy, name, value);
    return copy;
  }

  /** An array keeps its length when an element is unset: the element becomes null. */
  private withElement(array: unknown[], index: number, value: unknown): unknown[] {
    if (index - array.length > MAX_PADDING)
      throw new CommandError(2, `Cannot backfill an array with more than ${MAX_PADDING} elements`);
    const copy = this.copies.has(array) ? array : [...array];
    this.copies.add(copy);
    while (copy.length < index) copy.push(null);
    copy[index] = value === MISSING ? null : value;
    return copy;
  }

  private rename(
    document: Document,
    from: readonly string[],
    to: readonly string[],
    modifier: Modifier,
  ): Document {
    const value = sourceOf(document, from);
    if (value === MISSING) return document;
    refuseArrays(document, to);
    const set: Modifier = { ...modifier, apply: (current) => (identical(current, value) ? current : value) };
    const renamed = this.descend(document, to, 0, set);
    return this.descend(renamed, from, 0, { ...modifier, creates: false, apply: () => MISSING }) as Document;
  }
}

/** What `$rename` moves, MISSING when there is nothing. @throws CommandError 28 where the path cannot exist, 2 in arrays */
function sourceOf(document: Document, parts: readonly string[]): unknown {
  let value: unknown = document;
  let inArray = -1;
  for (let i = 0; i < parts.length; i++) {
    const name = parts[i] as string;
    const index = Array.isArray(value) ? arrayIndex(name) : -1;
    if (!isDocument(value) && index < 0) throw unreachable(value, parts, i);
    if (Array.isArray(value)) {
      inArray = i;
      value = index < value.length ? (value[index] as unknown) : MISSING;
    } else value = field(plain(value as Document), name);
    if (value === MISSING) return MISSING;
  }
  if (inArray >= 0) throw arrayElement('source', parts, inArray);
  return value;
}

function unreachable(value: unknown, parts: readonly string[], at: number): CommandError {
  const part = parts[at - 1] ?? '';
  return new CommandError(
    28,
    `cannot use the part (${part} of ${parts.join('.')}) to traverse the element ({${part}: <${typeName(value)}>})`,
  );
}

function refuseArrays(document: Document, parts: readonly string[]): void {
  let value: unknown = document;
  for (let i = 0; i < parts.length && value !== MISSING; i++) {
    if (Array.isArray(value)) throw arrayElement('destination', parts, i);
    value = isDocument(value) ? field(plain(value), parts[i] as string) : MISSING;
  }
}

function arrayElement(which: string, parts: readonly string[], at: number): CommandError {
  return new CommandError(
    2,
    `The ${which} field cannot be an array element, '${parts.join('.')}' in the document has an array field called '${parts[at - 1] ?? ''}'`,
  );
}

/** A scalar, or an array under a name that is no position, lies on the path. */
function blocked(current: unknown, parts: readonly string[], depth: number, modifier: Modifier): unknown {
  if (modifier.toleratesBlockedPath) return current;
  const name = parts[depth] ?? '';
  const element = `{${parts[depth - 1] ?? ''}: <${typeName(current)}>}`;
  if (modifier.creates) throw new CommandError(28, `Cannot create field '${name}' in element ${element}`);
  throw new CommandError(
    28,
    `Cannot use the part (${name}) of (${parts.join('.')}) to traverse the element (${element})`,
  );
}

/**
 * Replaces `$`, `$[]` and `$[id]` by the positions they mean in this document.
 * @throws CommandError 2 where there is no array, 40 when two updates come to the same path
 */
export function concretePaths(
  document: Document,
  updates: readonly PathUpdate[],
  filters: ArrayFilters,
  position: number | undefined,
): PathUpdate[] {
  const tree = new PathTree((_path, conflict) => `Update created a conflict at '${conflict}'`);
  const concrete = updates.flatMap((update) =>
    expandPath(document, update.parts, filters, position).map((parts) => ({ ...update, parts })),
  );
  for (const update of concrete) tree.add(update.parts);
  return concrete.sort((a, b) => comparePaths(a.parts, b.parts));
}

function expandPath(
  document: Document,
  parts: readonly string[],
  filters: ArrayFilters,
  position: number | undefined,
): string[][] {
  let heads: { parts: string[]; value: unknown }[] = [{ parts: [], value: document }];
  for (const part of parts) heads = heads.flatMap((head) => step(head, part, filters, position));
  return heads.map((head) => head.parts);
}

type Head = { parts: string[]; value: unknown };

function step(head: Head, part: string, filters: ArrayFilters, position: number | undefined): Head[] {
  const identifier = identifierOf(part);
  if (identifier === undefined) {
    if (part === '$' && position === undefined)
      throw new CommandError(2, 'The positional operator did not find the match needed from the query.');
    return [enter(head, part === '$' ? String(position) : part)];
  }
  const path = head.parts.join('.');
  if (head.value === MISSING)
    throw new CommandError(
      2,
      `The path '${path}' must exist in the document in order to apply array updates.`,
    );
  if (!Array.isArray(head.value))
    throw new CommandError(
      2,
      `Cannot apply array updates to non-array element ${head.parts.at(-1) ?? ''}: <${typeName(head.value)}>`,
    );
  const matches = filters.get(identifier) ?? ((): boolean => true);
  return head.value.flatMap((element: unknown, i) => (matches(element) ? [enter(head, String(i))] : []));
}

function enter({ parts, value }: Head, name: string): Head {
  let next: unknown = MISSING;
  if (Array.isArray(value)) {
    const index = arrayIndex(name);
    if (index >= 0 && index < value.length) next = value[index];
  } else if (isDocument(value)) next = field(plain(value), name);
  return { parts: [...parts, name], value: next };
}
