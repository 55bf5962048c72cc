import type { Filter } from '../filter';
import {
  bsonType,
  BsonType,
  CommandError,
  copyDocument,
  equalBson,
  field,
  identical,
  MISSING,
  notSupported,
  plain,
  typeName,
} from '../value';
import type { Document } from '../value';
import { concretePaths, UpdateRun } from './apply';
import { parseArrayFilters } from './array-filters';
import { identifierOf, parseOperatorUpdate } from './parse';
import { documentFromFilter } from './upsert';

/** How an update is applied to one document. */
export interface ApplyOptions {
  /** Whether the document is being made by an upsert ($setOnInsert applies). */
  isInsert?: boolean;
  /** The array position that the filter matched, for the operator `$`. */
  position?: number | undefined;
  /** What $currentDate sets; the present by default. */
  now?: Date;
}

/** A compiled update. */
export interface Update {
  readonly kind: 'replacement' | 'operators';
  /** Whether a path has the positional operator `$`, so that the filter must report the position. */
  readonly needsPosition: boolean;
  /** The top-level fields that it looks at and may change, `_id` with them; undefined: all. */
  readonly fields: ReadonlySet<string> | undefined;
  /** The updated document (`_id` first), or the very same object when nothing changes. */
  readonly apply: (document: Document, options?: ApplyOptions) => Document;
}

/**
 * Compiles an update (manual: "Update Operators", "Update Operator Behavior"): a replacement or operators.
 * @throws CommandError with MongoDB's codes: 9 for what is no update, 40 for conflicts, 52 and 56 for field names
 */
export function compileUpdate(update: unknown, options: { arrayFilters?: readonly unknown[] } = {}): Update {
  if (Array.isArray(update)) throw notSupported('An update with an aggregation pipeline');
  if (bsonType(update) !== BsonType.object)
    throw new CommandError(9, 'Update argument must be either an object or an array');
  const document = plain(update as object);
  const filters = options.arrayFilters ?? [];
  const [first] = Object.keys(document);
  if (first?.startsWith('$')) return compileOperators(document, filters);
  if (filters.length > 0)
    throw new CommandError(9, 'arrayFilters may not be specified for replacement-style updates');
  return compileReplacement(document);
}

function compileOperators(update: Document, arrayFilters: readonly unknown[]): Update {
  const filters = parseArrayFilters(arrayFilters);
  const updates = parseOperatorUpdate(update, filters);
  const always = updates.filter(({ modifier }) => !modifier.onInsert);
  const needsPosition = updates.some(({ parts }) => parts.includes('$'));
  const dynamic =
    needsPosition || updates.some(({ parts }) => parts.some((part) => identifierOf(part) !== undefined));
  return {
    kind: 'operators',
    needsPosition,
    fields: new Set([
      '_id',
      ...updates.flatMap(({ parts, from }) => [parts[0] ?? '', from?.[0] ?? parts[0] ?? '']),
    ]),
    apply: (document, { isInsert = false, position, now = new Date() } = {}) => {
      const chosen = isInsert ? updates : always;
      const concrete = dynamic ? concretePaths(document, chosen, filters, position) : chosen;
      const run = new UpdateRun(now);
      let next = document;
      for (const one of concrete) {
        next = run.apply(next, one);
        if (one.parts[0] === '_id' || one.from?.[0] === '_id')
          checkId(document, next, (one.from ?? one.parts).join('.'), isInsert);
      }
      return next === document ? document : idFirst(next);
    },
  };
}

/** `_id` cannot change; an upsert may set it when the filter did not. */
function checkId(before: Document, after: Document, path: string, isInsert: boolean): void {
  const known = field(before, '_id');
  if ((known === MISSING && isInsert) || same(known, field(after, '_id'))) return;
  throw new CommandError(
    66,
    `Performing an update on the path '${path}' would modify the immutable field '_id'`,
  );
}

function same(a: unknown, b: unknown): boolean {
  if (a === MISSING || b === MISSING) return a === b;
  return identical(a, b);
}

function compileReplacement(replacement: Document): Update {
  for (const name of Object.keys(replacement))
    if (name.startsWith('$'))
      throw new CommandError(
        52,
        `The dollar ($) prefixed field '${name}' in '${name}' is not allowed in the context of an update's replacement document. Consider using an aggregation pipeline with $replaceWith.`,
      );
  return {
    kind: 'replacement',
    needsPosition: false,
    fields: undefined,
    apply: (document) => {
      const id = field(document, '_id');
      const own = field(replacement, '_id');
      if (id !== MISSING && own !== MISSING && !equalBson(id, own))
        throw new CommandError(
          66,
          `After applying the update, the (immutable) field '_id' was found to have been altered to _id: <${typeName(own)}>`,
        );
      const next = id === MISSING ? copyDocument(replacement) : { _id: id, ...withoutId(replacement) };
      return identical(next, document) ? document : idFirst(next);
    },
  };
}

function withoutId(document: Document): Document {
  const copy = copyDocument(document);
  delete copy['_id'];
  return copy;
}

function idFirst(document: Document): Document {
  const id = field(document, '_id');
  if (id === MISSING || Object.keys(document)[0] === '_id') return document;
  return { _id: id, ...withoutId(document) };
}

/**
 * The document that an upsert inserts when nothing matches: the filter's equalities, then the update (manual:
 * "Upsert with Operator Expressions"). It has no `_id` when neither gives one: the caller makes it.
 * @throws CommandError 54 when the filter sets a path twice, 66 when the update contradicts the filter's `_id`
 */
export function upsertDocument(filter: Filter, update: Update, options: { now?: Date } = {}): Document {
  const start = documentFromFilter(filter, update.kind === 'replacement');
  return idFirst(update.apply(start, { ...options, isInsert: true }));
}
