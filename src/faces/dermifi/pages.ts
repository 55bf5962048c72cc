import { exactly, type QueryParameters } from '../../contract';

/** `page` and `limit` of a list: pages count from 1, `limit` above 100 is taken as 100 (decisions, "Lists"). */
export const PAGE_QUERY = {
  page: { description: 'Page number.', kind: 'integer', minimum: 1, default: 1 },
  limit: {
    description: 'Items per page; above 100 is taken as 100.',
    kind: 'integer',
    minimum: 1,
    maximum: 100,
    default: 20,
  },
} as const satisfies QueryParameters;

/** A page asked for. */
export interface Page {
  /** From 1. */
  page: number;
  limit: number;
}

/** Number of matches before a page. */
export function offsetOf({ page, limit }: Page): number {
  return (page - 1) * limit;
}

/** The full pagination object. Dermifi, "List all patients". */
export function paginationOf({ page, limit }: Page, total: number): Record<string, number | boolean> {
  const totalPages = Math.ceil(total / limit);
  return { page, limit, total, totalPages, hasNext: page < totalPages, hasPrevious: page > 1 && total > 0 };
}

const whole = { type: 'integer', minimum: 0 };

export const PAGINATION = exactly({
  page: whole,
  limit: whole,
  total: whole,
  totalPages: whole,
  hasNext: { type: 'boolean' },
  hasPrevious: { type: 'boolean' },
});
