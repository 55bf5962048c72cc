import type { Scope } from '../expression';
import type { Filter } from '../filter';
import { compileFilter } from '../filter';
import { CommandError, field, isDocument, MISSING, plain, setField } from '../value';
import type { Document } from '../value';
import type { ParsedProjection } from './parse-projection';
import { parseProjection } from './parse-projection';
import { projectDocument } from './projection-tree';

/** A compiled projection of `find` and `findAndModify`. */
export interface Projection {
  readonly kind: 'inclusion' | 'exclusion';
  /** The paths that an inclusion reads and returns (for covered reads), when they are known. */
  readonly paths: readonly string[] | undefined;
  /** @throws CommandError 51246, 51247 when a positional projection finds no element */
  readonly apply: (document: Document) => Document;
}

const NO_VARIABLES: ReadonlySet<string> = new Set();

/**
 * Compiles a projection (manual: "Project Fields to Return from Query"): inclusion or exclusion, `$slice`,
 * `$elemMatch`, positional `a.$`, and aggregation expressions.
 * @param filter the query's filter, which the positional projection takes its element from
 * @param now the time of the command, for `$$NOW`
 * @throws CommandError 31249 to 31395 as MongoDB
 */
export function compileProjection(spec: Document, filter?: Filter, now = new Date()): Projection {
  const parsed = parseProjection(spec, { find: true, filter, variables: NO_VARIABLES });
  const shape = shaper(parsed);
  const narrowed = parsed.positional ? positionalElement(parsed.positional) : undefined;
  const kind = parsed.kind ?? 'exclusion';
  return {
    kind,
    paths: kind === 'inclusion' ? parsed.paths : undefined,
    apply: (document) => {
      let result = shape(document, { root: document, variables: {}, now });
      for (const { parts, change } of parsed.slices) result = sliceAt(result, parts, change);
      return narrowed ? narrowed(document, result) : result;
    },
  };
}

/** The stage `$project`: the same without what only `find` has. */
export function parseProjectStage(
  spec: Document,
  variables: ReadonlySet<string>,
): (document: Document, scope: Scope) => Document {
  return shaper(parseProjection(spec, { find: false, filter: undefined, variables }));
}

function shaper({ tree, kind }: ParsedProjection): (document: Document, scope: Scope) => Document {
  const inclusion = kind === 'inclusion';
  return (document, scope) => projectDocument(document, tree, { inclusion, inPlace: !inclusion, scope });
}

/** Arrays at the path are sliced, in every document of an array on the way; arrays in arrays are left alone. */
function sliceAt(
  document: Document,
  parts: readonly string[],
  change: (array: readonly unknown[]) => unknown[],
): Document {
  const [name = '', ...rest] = parts;
  const value = field(document, name);
  const below = (inner: unknown): unknown =>
    isDocument(inner) ? sliceAt(plain(inner), rest, change) : inner;
  if (Array.isArray(value))
    return replaced(document, name, rest.length === 0 ? change(value) : value.map(below));
  return rest.length > 0 && isDocument(value) ? replaced(document, name, below(value)) : document;
}

/** Keeps, of the first array on the path, the element that the query matched. */
function positionalElement({
  parts,
  filter,
}: {
  parts: readonly string[];
  filter: Filter;
}): (document: Document, result: Document) => Document {
  const matches = compileFilter(filter);
  return (document, result) => {
    const details = { position: undefined as number | undefined };
    matches(document, details);
    return narrow(result, parts, details.position);
  };
}

function narrow(document: Document, parts: readonly string[], position: number | undefined): Document {
  const name = parts[0] ?? '';
  const value = field(document, name);
  if (value === MISSING) return document;
  if (Array.isArray(value)) {
    if (position === undefined)
      throw new CommandError(
        51246,
        "Executor error during find command :: caused by :: positional operator '.$' couldn't find a matching element in the array",
      );
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
