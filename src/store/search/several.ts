/** Searches over several types: one after the other, or merged where they are ordered. */
import type { ResourceType } from '@medplum/fhirtypes';
import { type Match, type OrderField, type Position, sortValueOf } from '../../search';
import type { Filter } from '../../search';
import type { Question, Row, Run } from './run';

export interface SeveralQuestion extends Omit<Question, 'type' | 'match' | 'inclusive'> {
  /** In alphabetical order of types. */
  targets: readonly { type: ResourceType; match: Match }[];
  /** The order was asked for; else rows come type by type. */
  isSorted: boolean;
}

export interface SeveralFound {
  rows: Row[];
  more: boolean;
}

type Value = string | number | null;

function compareValues(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  // As the database compares: by the bytes of UTF-8.
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}

function compareRows(a: Row, b: Row, order: readonly OrderField[]): number {
  for (const field of order) {
    const [left, right] = [a, b].map(({ document }) =>
      field.path === '_id' ? document._id : sortValueOf(document as unknown as Filter, field),
    );
    const compared = compareValues(left ?? null, right ?? null);
    if (compared !== 0) return field.descending ? -compared : compared;
  }
  const byType = a.type < b.type ? -1 : 1;
  return order.at(-1)?.descending === true ? -byType : byType;
}

async function merged(run: Run, question: SeveralQuestion): Promise<SeveralFound> {
  const { targets, order, limit, from } = question;
  const rows: Row[] = [];
  let more = false;
  for (const { type, match } of targets) {
    const found = await run.find({
      ...question,
      type,
      match,
      inclusive: isTieBehind(type, order, from),
    });
    rows.push(...found.rows);
    more ||= found.more;
  }
  rows.sort((a, b) => compareRows(a, b, order));
  return { rows: rows.slice(0, limit), more: more || rows.length > limit };
}

/** A row of another type with the same values and id is behind the position when its type is. */
function isTieBehind(type: string, order: readonly OrderField[], from: Position | undefined): boolean {
  if (from?.type === undefined || type === from.type) return false;
  return order.at(-1)?.descending === true ? type < from.type : type > from.type;
}

async function oneByOne(run: Run, question: SeveralQuestion): Promise<SeveralFound> {
  const { targets, order, limit, from, read } = question;
  const shared = { order, ...(read === undefined ? {} : { read }) };
  const isBackwards = order.at(-1)?.descending === true;
  const inOrder = isBackwards ? [...targets].reverse() : targets;
  const rows: Row[] = [];
  for (const { type, match } of inOrder) {
    const isPast = from?.type !== undefined && (isBackwards ? type > from.type : type < from.type);
    if (isPast) continue;
    const start = from?.type === type ? { from } : {};
    const found = await run.find({ ...shared, ...start, type, match, limit: limit - rows.length });
    rows.push(...found.rows);
    if (found.more) return { rows, more: true };
  }
  return { rows, more: false };
}

/** The rows of all types behind the position. */
export async function findSeveral(run: Run, question: SeveralQuestion): Promise<SeveralFound> {
  const [only, ...others] = question.targets;
  if (only === undefined) return { rows: [], more: false };
  if (others.length === 0) return run.find({ ...question, ...only });
  return question.isSorted ? merged(run, question) : oneByOne(run, question);
}
