import type { Evaluate } from '../expression';
import { compileExpression } from '../expression';
import type { Filter } from '../filter';
import { compileFilter, parseFilter } from '../filter';
import {
  CommandError,
  field,
  isDocument,
  isNumber,
  isOperatorName,
  isTruthy,
  MISSING,
  notSupported,
  plain,
  typeName,
} from '../value';
import type { Document } from '../value';
import type { ProjectionNode } from './projection-tree';
import { addToTree, splitFieldPath } from './projection-tree';
import { compileSlice } from './slice';

/** A projection document, parsed. */
export interface ParsedProjection {
  readonly tree: ProjectionNode;
  readonly slices: {
    readonly parts: readonly string[];
    readonly change: (array: readonly unknown[]) => unknown[];
  }[];
  /** Paths that an inclusion reads; undefined as soon as an expression reads others. */
  paths: string[] | undefined;
  kind: 'inclusion' | 'exclusion' | undefined;
  /** What the projection says of `_id` itself. */
  id: boolean | undefined;
  idMentioned: boolean;
  hasElemMatch: boolean;
  positional: { readonly parts: readonly string[]; readonly filter: Filter } | undefined;
}

/** Where a projection stands: in `find`, with its query, or as the stage `$project`. */
export interface ProjectionSite {
  readonly find: boolean;
  readonly filter: Filter | undefined;
  readonly variables: ReadonlySet<string>;
}

/** @throws CommandError 31249 to 31395 as MongoDB */
export function parseProjection(spec: Document, site: ProjectionSite): ParsedProjection {
  const parsed: ParsedProjection = {
    tree: { children: new Map() },
    slices: [],
    paths: [],
    kind: undefined,
    id: undefined,
    idMentioned: false,
    hasElemMatch: false,
    positional: undefined,
  };
  for (const [path, value] of Object.entries(spec)) parseEntry(parsed, path, value, site);
  parsed.kind ??= defaultKind(parsed);
  if (parsed.kind === 'inclusion' && !parsed.idMentioned) {
    addToTree(parsed.tree, '_id', { kind: 'include' });
    parsed.paths?.push('_id');
  }
  if (parsed.kind === 'exclusion' && parsed.id === true) parsed.tree.children.delete('_id');
  return parsed;
}

/** Where no field decides: `_id: 1` includes, `$slice` excludes, `$elemMatch` includes, `_id: 0` and {} exclude. */
function defaultKind(parsed: ParsedProjection): 'inclusion' | 'exclusion' {
  if (parsed.id === true) return 'inclusion';
  return parsed.hasElemMatch && parsed.slices.length === 0 ? 'inclusion' : 'exclusion';
}

function parseEntry(parsed: ParsedProjection, path: string, value: unknown, site: ProjectionSite): void {
  if (path === '_id' || path.startsWith('_id.')) parsed.idMentioned = true;
  const positional = /\.\$(?=\.|$)/.exec(path);
  if (positional && !site.find)
    throw new CommandError(31324, 'Cannot use positional projection in aggregation projection');
  if (isDocument(value)) {
    if (positional)
      throw new CommandError(31271, 'positional projection cannot be used with an expression or sub object');
    return parseSubDocument(parsed, path, plain(value), site);
  }
  if (!isNumber(value) && typeof value !== 'boolean') {
    if (positional) throw new CommandError(31308, 'positional projection cannot be used with a literal');
    return addComputed(parsed, path, value, site);
  }
  if (!isTruthy(value)) {
    if (positional) throw new CommandError(31395, 'positional projection cannot be used with exclusion');
    return parseExclusion(parsed, path);
  }
  if (positional) return parsePositional(parsed, path, positional.index, site);
  addToTree(parsed.tree, path, { kind: 'include' });
  parsed.paths?.push(path);
  if (path === '_id') parsed.id = true;
  else include(parsed, path);
}

function include(parsed: ParsedProjection, path: string): void {
  if (parsed.kind === 'exclusion')
    throw new CommandError(31253, `Cannot do inclusion on field ${path} in exclusion projection`);
  parsed.kind = 'inclusion';
}

function parseExclusion(parsed: ParsedProjection, path: string): void {
  addToTree(parsed.tree, path, { kind: 'exclude' });
  if (path === '_id') {
    parsed.id = false;
    return;
  }
  if (parsed.kind === 'inclusion')
    throw new CommandError(31254, `Cannot do exclusion on field ${path} in inclusion projection`);
  parsed.kind = 'exclusion';
}

function addComputed(
  parsed: ParsedProjection,
  path: string,
  expression: unknown,
  site: ProjectionSite,
): void {
  if (parsed.kind === 'exclusion')
    throw new CommandError(31252, 'Cannot use expression other than $meta in exclusion projection');
  parsed.kind = 'inclusion';
  parsed.paths = undefined;
  addToTree(parsed.tree, path, { kind: 'computed', evaluate: compileExpression(expression, site.variables) });
}

function parseSubDocument(
  parsed: ParsedProjection,
  path: string,
  value: Document,
  site: ProjectionSite,
): void {
  const names = Object.keys(value);
  const [first] = names;
  if (names.length === 1 && isOperatorName(first)) {
    if (site.find && first === '$elemMatch') return parseElemMatch(parsed, path, value[first]);
    if (site.find && first === '$slice' && isFindSlice(value[first]))
      return parseSlice(parsed, path, value[first]);
    if (first === '$meta') throw notSupported('$meta');
    return addComputed(parsed, path, value, site);
  }
  if (first === undefined)
    throw new CommandError(
      51270,
      `An empty sub-projection is not a valid value. Found empty object at path ${path}`,
    );
  for (const [name, inner] of Object.entries(value)) parseEntry(parsed, `${path}.${name}`, inner, site);
}

/** Anything else is the expression `$slice`, whose first argument is an array expression. */
function isFindSlice(argument: unknown): boolean {
  return !Array.isArray(argument) || (argument.length === 2 && argument.every(isNumber));
}

function parseSlice(parsed: ParsedProjection, path: string, argument: unknown): void {
  parsed.slices.push({ parts: splitFieldPath(path), change: compileSlice(argument) });
  addToTree(parsed.tree, path, { kind: 'keep' });
  parsed.paths?.push(path);
}

function parseElemMatch(parsed: ParsedProjection, path: string, condition: unknown): void {
  if (!isDocument(condition))
    throw new CommandError(
      31274,
      `elemMatch: Invalid argument, object required, but got ${typeName(condition)}`,
    );
  if (parsed.positional) throw new CommandError(31255, 'Cannot specify positional operator and $elemMatch.');
  if (path.includes('.'))
    throw new CommandError(31275, 'Cannot use $elemMatch projection on a nested field.');
  addToTree(parsed.tree, path, { kind: 'computed', evaluate: firstMatching(path, condition) });
  parsed.paths?.push(path);
  parsed.hasElemMatch = true;
}

function firstMatching(path: string, condition: Document): Evaluate {
  const matches = compileFilter(parseFilter({ [path]: { $elemMatch: condition } }));
  return ({ root }) => {
    const details = { position: undefined as number | undefined };
    const value = field(root, path);
    if (!Array.isArray(value) || !matches(root, details) || details.position === undefined) return MISSING;
    return [value[details.position]];
  };
}

function parsePositional(
  parsed: ParsedProjection,
  path: string,
  at: number,
  { filter }: ProjectionSite,
): void {
  if (parsed.positional)
    throw new CommandError(31276, 'Cannot specify more than one positional projection per query.');
  if (parsed.hasElemMatch)
    throw new CommandError(31256, 'Cannot specify positional operator and $elemMatch.');
  if (!filter) throw new CommandError(51050, 'Projections with a positional operator require a matcher');
  const prefix = path.slice(0, at);
  const parts = splitFieldPath(prefix);
  if (!mentions(filter, parts[0] ?? ''))
    throw new CommandError(31277, `Positional projection '${path}' does not match the query document.`);
  addToTree(parsed.tree, prefix, { kind: 'include' });
  include(parsed, path);
  parsed.paths = undefined;
  parsed.positional = { parts, filter };
}

/** Whether the query has a predicate on the field or below it. */
function mentions(filter: Filter, name: string): boolean {
  switch (filter.op) {
    case 'and':
    case 'or':
    case 'nor':
      return filter.filters.some((inner) => mentions(inner, name));
    case 'not':
      return mentions(filter.filter, name);
    case 'expr':
    case 'never':
      return false;
    default:
      return filter.path.split('.')[0] === name;
  }
}
