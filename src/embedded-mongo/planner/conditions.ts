import type { Filter, PathFilter } from '../semantics';
import { isWithin } from './implication';
import { impliesExistence, rangesAreExact } from './ranges';

/** A predicate on one path that all results satisfy. */
export interface Condition {
  readonly path: string;
  readonly filter: PathFilter;
  /** 0, or the number of the `$elemMatch` it stands under: conditions of one are about one and the same element. */
  readonly group: number;
  /** The array that the `$elemMatch` is about. */
  readonly groupPath: string;
  /** A document satisfies it exactly when an index has a key of it within the condition's ranges. */
  readonly exact: boolean;
}

/** A filter as a planner sees it. */
export interface Conjunction {
  readonly conditions: readonly Condition[];
  /** Each of these `$or`s must hold too. */
  readonly alternatives: readonly (readonly Filter[])[];
}

/** Takes a filter apart into what must hold all at once. */
export function conjunctionOf(filters: readonly Filter[]): Conjunction {
  const conditions: Condition[] = [];
  const alternatives: (readonly Filter[])[] = [];
  let groups = 0;
  const visit = (filter: Filter, prefix: string, group: number, groupPath: string): void => {
    switch (filter.op) {
      case 'and':
        for (const part of filter.filters) visit(part, prefix, group, groupPath);
        return;
      case 'or':
        if (group === 0) alternatives.push(filter.filters);
        return;
      case 'not':
      case 'nor':
      case 'expr':
      case 'never':
        return;
      case 'elemMatchObject':
      case 'elemMatchValue': {
        const path = join(prefix, filter.path);
        conditions.push({ path, filter, group, groupPath, exact: false });
        const inner = ++groups;
        if (filter.op === 'elemMatchObject') visit(filter.filter, path, inner, path);
        else for (const part of filter.filters) visit(part, path, inner, path);
        return;
      }
      default: {
        const exact = group === 0 && rangesAreExact(filter);
        conditions.push({ path: join(prefix, filter.path), filter, group, groupPath, exact });
      }
    }
  };
  for (const filter of filters) visit(filter, '', 0, '');
  return { conditions, alternatives };
}

function join(prefix: string, path: string): string {
  if (prefix === '') return path;
  return path === '' ? prefix : `${prefix}.${path}`;
}

/** Whether everything that satisfies the conditions has the field. */
export function fieldMustExist(conditions: readonly Condition[], path: string): boolean {
  return conditions.some((condition) => condition.path === path && impliesExistence(condition.filter));
}

/** Whether all that satisfies the conditions also satisfies `filter` (the filter of a partial index). */
export function imply(conditions: readonly Condition[], filter: Filter): boolean {
  if (filter.op === 'and') return filter.filters.every((part) => imply(conditions, part));
  if (filter.op === 'or') return filter.filters.some((part) => imply(conditions, part));
  if (!('path' in filter)) return false;
  if (filter.op === 'exists') return fieldMustExist(conditions.filter(atTop), filter.path);
  return conditions.some(
    (condition) => atTop(condition) && condition.path === filter.path && isWithin(condition.filter, filter),
  );
}

function atTop({ group }: Condition): boolean {
  return group === 0;
}
