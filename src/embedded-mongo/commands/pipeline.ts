import type { Query } from '../planner/plan';
import { isDocument } from '../semantics';
import type { Document } from '../semantics';

/** The part of a pipeline that the planner answers as a query, and the stages that remain. */
export interface LeadingQuery {
  query: Query;
  rest: Document[];
}

/** Takes `$match`, `$sort`, `$skip` and `$limit` from the front of a pipeline, in the order in which a query does them. */
export function leadingQuery(pipeline: readonly Document[], hint?: unknown): LeadingQuery {
  const rest = [...pipeline];
  const filters: Document[] = [];
  const query: Query = { filter: {}, hint };
  const next = (name: string): unknown => {
    const stage = rest[0];
    return stage && Object.keys(stage).length === 1 && name in stage ? stage[name] : undefined;
  };
  for (let match = next('$match'); isDocument(match); match = next('$match')) {
    filters.push(match);
    rest.shift();
  }
  query.filter = filters.length === 1 ? (filters[0] ?? {}) : filters.length > 1 ? { $and: filters } : {};
  const sort = next('$sort');
  if (isDocument(sort) && Object.keys(sort).length > 0) {
    query.sort = sort;
    rest.shift();
  }
  const skip = count(next('$skip'), 0);
  if (skip !== undefined) {
    query.skip = skip;
    rest.shift();
  }
  const limit = count(next('$limit'), 1);
  if (limit !== undefined) {
    query.limit = limit;
    rest.shift();
  }
  return { query, rest };
}

/** A valid operand of $skip or $limit; a wrong one is left to the stage, which says so. */
function count(value: unknown, least: number): number | undefined {
  if (value === undefined || typeof value === 'string') return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) && number >= least ? number : undefined;
}
