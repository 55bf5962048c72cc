import type { Filter } from '../filter';
import { compileFilter, isOperatorDocument, parseFilter } from '../filter';
import {
  CommandError,
  field,
  isDocument,
  isNumber,
  isTruthy,
  MISSING,
  notSupported,
  plain,
  setField,
  typeName,
} from '../value';
import type { Document } from '../value';
import type { ProjectionNode } from './projection-tree';
import { addToTree, projectDocument, splitFieldPath } from './projection-tree';
import { compileSlice } from './slice';

/** A compiled projection of `find` and `findAndModify`. */
export interface Projection {
  readonly kind: 'inclusion' | 'exclusion';
  /** The paths that suffice to compute the result, when it is an inclusion (for covered reads). */
  readonly paths: readonly string[] | undefined;
  /** @throws CommandError 51246, 51247 when a positional projection finds no element */
  readonly apply: (document: Document) => Document;
}

interface Parsed {
  readonly tree: ProjectionNode;
  readonly elemMatches: { path: string; pick: (array: readonly unknown[]) => unknown[] }[];
  readonly paths: string[];
  kind: 'inclusion' | 'exclusion' | undefined;
  decidedBy: string;
  id: boolean | undefined;
  positional: string[] | undefined;
  hasSlice: boolean;
}

/**
 * Compiles a projection (manual: "Project Fields to Return from Query").
 * @param filter the query's filter, which the positional `a.$` takes its element from
 * @throws CommandError 31253, 31254 for mixing inclusion and exclusion, 31249, 31250 for collisions
 */
export function compileProjection(spec: Document, filter?: Filter): Projection {
  const parsed: Parsed = {
    tree: { children: new Map() },
    elemMatches: [],
    paths: [],
    kind: undefined,
    decidedBy: '',
    id: undefined,
    positional: undefined,
    hasSlice: false,
  };
  for (const [path, value] of Object.entries(spec)) parseEntry(parsed, path, value);
  const kind = parsed.kind ?? defaultKind(parsed);
  const inclusion = kind === 'inclusion';
  if (parsed.id !== undefined || inclusion) {
    if (parsed.id === false) {
      if (!inclusion) parsed.tree.children.set('_id', { kind: 'exclude' });
    } else if (inclusion && !parsed.tree.children.has('_id'))
      parsed.tree.children.set('_id', { kind: 'include' });
  }
  const position = parsed.positional ? positionalElement(parsed.positional, filter) : undefined;
  return {
    kind,
    paths: inclusion && !position ? [...parsed.paths, ...(parsed.id === false ? [] : ['_id'])] : undefined,
    apply: (document) => {
      let result = projectDocument(document, parsed.tree, inclusion, document);
      for (const { path, pick } of parsed.elemMatches) result = applyElemMatch(result, document, path, pick);
      return position ? position(document, result) : result;
    },
  };
}

/** Without a field that decides: `$elemMatch` and `_id: 1` alone include, `$slice`, `_id: 0` and {} exclude. */
function defaultKind(parsed: Parsed): 'inclusion' | 'exclusion' {
  return parsed.elemMatches.length > 0 || (parsed.id === true && !parsed.hasSlice)
    ? 'inclusion'
    : 'exclusion';
}

function parseEntry(parsed: Parsed, path: string, value: unknown): void {
  if (path.endsWith('.$')) return parsePositional(parsed, path, value);
  if (isDocument(value)) return parseDocumentEntry(parsed, path, plain(value));
  if (!isNumber(value) && typeof value !== 'boolean')
    throw notSupported(`A computed field in a projection of find ('${path}': <${typeName(value)}>)`);
  const included = isTruthy(value);
  if (path === '_id') {
    if (parsed.id !== undefined) throw new CommandError(31250, 'Path collision at _id');
    parsed.id = included;
    return;
  }
  decide(parsed, path, included);
  addToTree(parsed.tree, path, { kind: included ? 'include' : 'exclude' });
}

function decide(parsed: Parsed, path: string, included: boolean): void {
  const kind = included ? 'inclusion' : 'exclusion';
  if (parsed.kind !== undefined && parsed.kind !== kind)
    throw included
      ? new CommandError(31253, `Cannot do inclusion on field ${path} in exclusion projection`)
      : new CommandError(31254, `Cannot do exclusion on field ${path} in inclusion projection`);
  parsed.kind = kind;
  if (included) parsed.paths.push(path);
}

function parseDocumentEntry(parsed: Parsed, path: string, value: Document): void {
  if (!isOperatorDocument(value)) {
    if (Object.keys(value).length === 0)
      throw new CommandError(
        51270,
        'An empty sub-projection is not a valid value. Found empty object at path',
      );
    for (const [name, inner] of Object.entries(value)) parseEntry(parsed, `${path}.${name}`, inner);
    return;
  }
  const [operator = ''] = Object.keys(value);
  if (operator === '$slice') {
    parsed.hasSlice = true;
    parsed.paths.push(path);
    return addToTree(parsed.tree, path, { kind: 'array', change: compileSlice(value[operator]) });
  }
  if (operator === '$elemMatch') return parseElemMatch(parsed, path, value[operator]);
  if (operator === '$meta') throw notSupported('$meta');
  throw notSupported(`The expression ${operator} in a projection of find`);
}

function parseElemMatch(parsed: Parsed, path: string, condition: unknown): void {
  if (path.includes('.')) throw new CommandError(31275, 'Cannot use $elemMatch projection on a nested field');
  if (!isDocument(condition))
    throw new CommandError(
      31274,
      `elemMatch: Invalid argument, object required, but got ${typeName(condition)}`,
    );
  const details = { position: undefined as number | undefined };
  const matches = compileFilter(parseFilter({ [path]: { $elemMatch: condition } }));
  parsed.paths.push(path);
  addToTree(parsed.tree, path, { kind: 'exclude' });
  parsed.elemMatches.push({
    path,
    pick: (array) => (matches({ [path]: array }, details) ? [array[details.position ?? 0]] : []),
  });
}

/** The field comes after the others, whatever its place in the document, and only when an element matches. */
function applyElemMatch(
  result: Document,
  document: Document,
  path: string,
  pick: (array: readonly unknown[]) => unknown[],
): Document {
  const value = field(document, path);
  const picked = Array.isArray(value) ? pick(value) : [];
  if (picked.length > 0) setField(result, path, picked);
  return result;
}

function parsePositional(parsed: Parsed, path: string, value: unknown): void {
  if ((!isNumber(value) && typeof value !== 'boolean') || !isTruthy(value))
    throw new CommandError(31395, 'positional projection cannot be used with exclusion');
  if (parsed.positional)
    throw new CommandError(31276, 'Cannot specify more than one positional projection per query.');
  const prefix = path.slice(0, -2);
  parsed.positional = splitFieldPath(prefix);
  decide(parsed, path, true);
  addToTree(parsed.tree, prefix, { kind: 'include' });
}

/** Keeps, of the first array on the path, the element that the query matched. */
function positionalElement(
  parts: readonly string[],
  filter: Filter | undefined,
): (document: Document, result: Document) => Document {
  if (!filter) throw new CommandError(51246, "positional operator '.$' needs a query");
  const matches = compileFilter(filter);
  return (document, result) => {
    const details = { position: undefined as number | undefined };
    if (!matches(document, details) || details.position === undefined)
      throw new CommandError(
        51246,
        "Executor error during find command :: caused by :: positional operator '.$' couldn't find a matching element in the array",
      );
    return narrow(result, parts, details.position);
  };
}

function narrow(document: Document, parts: readonly string[], position: number): Document {
  const name = parts[0] ?? '';
  const value = field(document, name);
  if (value === MISSING) return document;
  if (Array.isArray(value)) {
    if (position >= value.length)
      throw new CommandError(
        51247,
        "Executor error during find command :: caused by :: positional operator '.$' element mismatch",
      );
    return replaced(document, name, [value[position]]);
  }
  if (parts.length === 1 || !isDocument(value)) return document;
  return replaced(document, name, narrow(plain(value), parts.slice(1), position));
}

function replaced(document: Document, name: string, value: unknown): Document {
  const copy: Document = {};
  for (const key of Object.keys(document)) setField(copy, key, key === name ? value : document[key]);
  return copy;
}
