/** Rows of one type: found by the filter alone, or checked batch by batch where the filter lets too many through. */
import type { mongo } from 'mongoose';
import {
  type Facts,
  type Filter,
  type Match,
  type OrderField,
  type Position,
  type SearchPlan,
  behind,
  evaluate,
  factsOf,
  isLean,
  isNothing,
  planFilter,
  sortOf,
  sortValueOf,
} from '../../search';
import type { RecordDocument } from '../documents';
import { searchTooLong } from '../failures';
import { type Scope, SEARCH_MS, inSession } from '../scope';
import type { Viewer } from '../types';
import { probe, resolve } from './resolve';
import { type Found, type Question, type Run, within } from './run';

type Projection = Record<string, 0 | 1>;

/** A version as searches show it: decoding a page is the largest part of what a search costs this process. */
const VERSION: Projection = {
  version: 1,
  lastUpdated: 1,
  firstWritten: 1,
  resource: 1,
  decimals: 1,
  access: 1,
};
const CHECKED: Projection = { ...VERSION, index: 1, ranges: 1 };

const PROJECTIONS: Record<NonNullable<Question['read']> | 'resource', Projection> = {
  resource: VERSION,
  whole: CHECKED,
  entries: { index: 1 },
  id: { _id: 1 },
};

/** With the values that place a row in its order; whole fields only, for these a database copies as they are. */
function inOrder(projection: Projection, order: readonly OrderField[]): Projection {
  return order.some(({ path }) => path.startsWith('sort.')) ? { ...projection, sort: 1 } : projection;
}

/** Candidates fetched at a time, at least and at most, when each has to be checked. */
const FIRST_BATCH = 20;
const LARGEST_BATCH = 800;

/** The first rows that the filter finds, behind the question's position where it has one. */
async function query(
  run: Run,
  { type, order, from, inclusive, skip = 0 }: Question,
  { filter, hint }: Pick<SearchPlan, 'filter' | 'hint'>,
  limit: number,
  projection: Projection,
): Promise<RecordDocument[]> {
  const read = { ...inSession(run.scope), projection: inOrder(projection, order) };
  const stretches =
    from === undefined ? [filter] : behind(order, from, inclusive).map((one) => ({ $and: [filter, one] }));
  const rows: RecordDocument[] = [];
  for (const stretch of stretches) {
    const wanted = limit - rows.length;
    const found = await withHint(hint, (options) =>
      run.scope.connection
        .records(type)
        .find(stretch as mongo.Filter<RecordDocument>, { ...read, ...timeLeft(run), ...options })
        .sort(sortOf(order))
        .skip(skip)
        .limit(wanted)
        .batchSize(wanted)
        .toArray(),
    );
    rows.push(...found);
    if (rows.length >= limit) break;
  }
  return rows;
}

/** What is left of the search's time, as the limit of one command. */
function timeLeft({ until }: Run): { maxTimeMS: number } {
  const maxTimeMS = until - Date.now();
  if (maxTimeMS <= 0) throw searchTooLong();
  return { maxTimeMS };
}

type Hint = { hint?: Record<string, 1 | -1> };

/** MongoDB's code for a hint that names no index (BadValue). */
const BAD_VALUE = 2;

/** Asks with the plan's index; without it where a database of an older version has yet to make that index. */
async function withHint<T>(hint: SearchPlan['hint'], ask: (hint: Hint) => Promise<T>): Promise<T> {
  if (hint === undefined) return ask({});
  try {
    return await ask({ hint });
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: string };
    if (code !== BAD_VALUE || message?.includes('hint') !== true) throw error;
    return ask({});
  }
}

/** The position of a row in an order. */
export function positionOf(
  document: RecordDocument,
  order: readonly OrderField[],
  side: Position['side'],
): Position {
  const fields = order.filter(({ path }) => path !== '_id');
  return {
    side,
    id: document._id,
    values: fields.map((field) => sortValueOf(document as unknown as Filter, field)),
  };
}

/** A document's facts under the viewer's prefix; what a lean type has no entries of, from the resource. */
function storedFacts(
  document: RecordDocument,
  prefix: string,
  probed: (match: Match, id: string) => boolean,
): Facts {
  const own = (text: string): boolean => text.startsWith(prefix);
  const { _id, index, ranges, resource } = document;
  return {
    id: _id,
    resource,
    entries: isLean(resource.resourceType)
      ? factsOf(resource).entries
      : new Set(index.filter(own).map((entry) => entry.slice(prefix.length))),
    ranges: ranges.filter(({ k }) => own(k)).map((range) => ({ ...range, k: range.k.slice(prefix.length) })),
    probe: (match) => probed(match, _id),
  };
}

async function check(
  run: Run,
  { type }: Question,
  match: Match,
  plan: SearchPlan,
  candidates: RecordDocument[],
): Promise<RecordDocument[]> {
  const probed = await probe(run, type, match, plan.prefix, candidates);
  return candidates.filter((document) => evaluate(match, storedFacts(document, plan.prefix, probed)));
}

/** Goes through candidates in order, in growing batches, until enough of them hold. */
async function findChecked(
  run: Run,
  question: Question,
  match: Match,
  plan: SearchPlan,
): Promise<RecordDocument[]> {
  const { order, limit } = question;
  const kept: RecordDocument[] = [];
  let { from, inclusive } = question;
  for (
    let size = Math.min(Math.max(limit + 1, FIRST_BATCH), LARGEST_BATCH);
    ;
    size = Math.min(size * 2, LARGEST_BATCH)
  ) {
    const next = { ...question, skip: 0, ...(from && { from }), inclusive: inclusive ?? false };
    const candidates = await query(run, next, plan, size, CHECKED);
    kept.push(...(await check(run, question, match, plan, candidates)));
    const last = candidates.at(-1);
    if (kept.length > limit || candidates.length < size || last === undefined) return kept;
    from = positionOf(last, order, 'after');
    inclusive = false;
  }
}

/** The question as it is put to the database: with the viewer's limits, and what could be asked beforehand answered. */
export async function prepare(run: Run, question: Question): Promise<{ match: Match; plan: SearchPlan }> {
  const { type, order } = question;
  const match = await resolve(run, within(run.viewer, type, question.match));
  return { match, plan: planFilter(type, match, run.viewer.practice, order) };
}

/** The rows behind the question's position, in its order. */
async function findRows(run: Run, question: Question): Promise<Found> {
  const { match, plan } = await prepare(run, question);
  const { type, limit, skip = 0, read = 'resource' } = question;
  if (isNothing(match)) return { rows: [], more: false, prefix: plan.prefix };
  const documents = plan.exact
    ? await query(run, question, plan, limit + 1, PROJECTIONS[read])
    : (await findChecked(run, { ...question, limit: limit + skip }, match, plan)).slice(skip);
  return {
    rows: documents.slice(0, limit).map((document) => ({ type, document })),
    more: documents.length > limit,
    prefix: plan.prefix,
  };
}

/** How many rows of one type there are. */
export async function countRows(run: Run, question: Question): Promise<number> {
  const { match, plan } = await prepare(run, question);
  if (isNothing(match)) return 0;
  if (!plan.exact) return (await findChecked(run, { ...question, limit: Infinity }, match, plan)).length;
  // One entry's documents are counted in the index alone.
  const counted = isOfOneEntry(match) ? ({ index: 1, _id: 1 } as const) : plan.hint;
  return withHint(counted, (hint) =>
    run.scope.connection.records(question.type).countDocuments(plan.filter as mongo.Filter<RecordDocument>, {
      ...inSession(run.scope),
      ...timeLeft(run),
      ...hint,
    }),
  );
}

/** Whether entries of one kind decide alone: all of the practice's, one of them, or those that begin so. */
function isOfOneEntry(match: Match): boolean {
  if (match.kind === 'and') return match.of.length === 0;
  return (
    (match.kind === 'entry' && match.keys.length === 1) ||
    (match.kind === 'prefix' && match.long === undefined)
  );
}

/** A run of searches with one viewer's eyes. */
export function runOf(scope: Scope, viewer: Viewer): Run {
  const until = Date.now() + (scope.searchMs ?? SEARCH_MS);
  const run: Run = { scope, viewer, until, find: (question) => findRows(run, question) };
  return run;
}
