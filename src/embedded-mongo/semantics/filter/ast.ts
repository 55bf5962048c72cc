import type { CompiledRegex } from '../value';

/** Comparison with one value, in BSON order within one type. */
export interface Comparison {
  readonly op: 'eq' | 'lt' | 'lte' | 'gt' | 'gte';
  readonly path: string;
  readonly value: unknown;
}

/** A predicate on one path. Inside `elemMatchValue` the path is '' and means the element itself. */
export type PathFilter =
  | Comparison
  | {
      readonly op: 'in';
      readonly path: string;
      readonly values: readonly unknown[];
      readonly regexes: readonly CompiledRegex[];
    }
  | { readonly op: 'regex'; readonly path: string; readonly regex: CompiledRegex }
  | { readonly op: 'exists'; readonly path: string }
  | { readonly op: 'type'; readonly path: string; readonly types: ReadonlySet<number> }
  | { readonly op: 'size'; readonly path: string; readonly size: number }
  | { readonly op: 'mod'; readonly path: string; readonly divisor: bigint; readonly remainder: bigint }
  | { readonly op: 'elemMatchObject'; readonly path: string; readonly filter: Filter }
  | { readonly op: 'elemMatchValue'; readonly path: string; readonly filters: readonly Filter[] };

/**
 * A parsed filter. `$ne`, `$nin`, `$not` and `$exists: false` are `not` of the positive predicate, as in MongoDB;
 * `$all` is `and` of its members; several predicates in one document are `and` in their order.
 *
 * For a planner: a path predicate is true when any value at the path satisfies it, so over a multikey index only one
 * bound of `and`ed ranges may be used unless they stand under one `elemMatch*`. `eq` with an array also matches the
 * whole array, which has no index entry of its own; `eq` null also matches a missing field.
 */
export type Filter =
  | PathFilter
  | { readonly op: 'and' | 'or' | 'nor'; readonly filters: readonly Filter[] }
  | { readonly op: 'not'; readonly filter: Filter }
  | { readonly op: 'expr'; readonly expression: unknown }
  | { readonly op: 'never' };
