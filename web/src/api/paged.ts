/** How many of a list come at once. */
export const PAGE_SIZE = 50;

/** One page of a list and how many there are. */
export interface Paged<T> {
  rows: T[];
  /** From 1. */
  page: number;
  total: number;
}

/** Somebody by id and name. */
export interface Named {
  id: string;
  name: string;
}
