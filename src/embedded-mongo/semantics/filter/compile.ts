import { compileExpression } from '../expression';
import type { CompiledRegex, Document } from '../value';
import {
  bsonType,
  BsonType,
  compareBson,
  equalBson,
  isAmong,
  isDocument,
  isNumber,
  isTruthy,
  MISSING,
  numericOf,
  plain,
  Rank,
  rankOf,
  truncated,
  regexParts,
} from '../value';
import type { Comparison, Filter, PathFilter } from './ast';
import type { MatchDetails, ValueTest } from './paths';
import { matchablePath, matchPath } from './paths';

/** Whether a document matches; `details.position` then holds the array position for the operator `$`. */
export type Matcher = (document: Document, details?: MatchDetails) => boolean;

/** What `$expr` sees beside the document. */
export interface FilterScope {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly now: Date;
}

/** Compiles a parsed filter into a function over deserialized documents. */
export function compileFilter(filter: Filter, scope?: FilterScope): Matcher {
  const matches = compileNode(filter, scope);
  return (document, details) => {
    if (details) details.position = undefined;
    return matches(document, details);
  };
}

function compileNode(filter: Filter, scope: FilterScope | undefined): Matcher {
  const compile = (inner: Filter): Matcher => compileNode(inner, scope);
  switch (filter.op) {
    case 'and':
      return compileAnd(filter.filters.map(compile));
    case 'or': {
      const clauses = filter.filters.map(compile);
      return (document, details) => clauses.some((clause) => clause(document, details));
    }
    case 'nor': {
      const clauses = filter.filters.map(compile);
      return (document) => !clauses.some((clause) => clause(document));
    }
    case 'not': {
      const matches = compile(filter.filter);
      return (document) => !matches(document);
    }
    case 'never':
      return () => false;
    case 'expr':
      return compileExpr(filter.expression, scope);
    default: {
      const test = compileTest(filter);
      const whole = filter.op === 'size' || filter.op === 'elemMatchObject' || filter.op === 'elemMatchValue';
      const path = matchablePath(filter.path, whole);
      return (document, details) => matchPath(document, path, 0, test, details);
    }
  }
}

function compileExpr(expression: unknown, scope: FilterScope = { variables: {}, now: new Date() }): Matcher {
  const evaluate = compileExpression(expression, new Set(Object.keys(scope.variables)));
  return (document) => isTruthy(evaluate({ root: document, ...scope }));
}

function compileAnd(clauses: Matcher[]): Matcher {
  const [first, second] = clauses;
  if (first && clauses.length === 1) return first;
  if (first && second && clauses.length === 2)
    return (document, details) => (first(document, details) && second(document, details)) || none(details);
  return (document, details) => {
    for (const clause of clauses) if (!clause(document, details)) return none(details);
    return true;
  };
}

function none(details: MatchDetails | undefined): false {
  if (details) details.position = undefined;
  return false;
}

/** The test of one value that a path predicate makes. */
function compileTest(filter: PathFilter): ValueTest {
  switch (filter.op) {
    case 'in':
      return compileIn(filter.values, filter.regexes);
    case 'regex':
      return regexTest(filter.regex);
    case 'exists':
      return (value) => value !== MISSING;
    case 'type':
      return (value) => value !== MISSING && filter.types.has(bsonType(value));
    case 'size':
      return (value) => Array.isArray(value) && value.length === filter.size;
    case 'mod':
      return (value) => {
        if (value === MISSING || !isNumber(value)) return false;
        const whole = truncated(value);
        return whole !== undefined && whole % filter.divisor === filter.remainder;
      };
    case 'elemMatchObject':
      return compileElemMatchObject(filter.filter);
    case 'elemMatchValue':
      return compileElemMatchValue(filter.filters);
    default:
      return compileComparison(filter);
  }
}

function regexTest(regex: CompiledRegex): ValueTest {
  return (value) => {
    if (typeof value === 'string') return regex.test(value);
    if (value === MISSING) return false;
    const type = bsonType(value);
    if (type === BsonType.symbol) return regex.test(String(value));
    if (type !== BsonType.regex) return false;
    const { pattern, options } = regexParts(value);
    return pattern === regex.pattern && options === regex.options;
  };
}

/** A member of a list: strings, the common case, by hash, others by binary search in BSON order. */
function compileIn(values: readonly unknown[], regexes: readonly CompiledRegex[]): ValueTest {
  const strings = new Set(values.filter((value) => typeof value === 'string'));
  const others = values.filter((value) => typeof value !== 'string').sort(compareBson);
  const withNull = values.includes(null);
  const patterns = regexes.map(regexTest);
  return (value, details) => {
    if (typeof value === 'string') {
      if (strings.has(value)) return true;
    } else if (value === MISSING || value === undefined) {
      if (withNull) return true;
    } else if (bsonType(value) === BsonType.symbol) {
      if (strings.has(String(value))) return true;
    }
    if (value !== MISSING && others.length > 0 && isAmong(others, value)) return true;
    return patterns.some((test) => test(value, details));
  };
}

/**
 * Comparisons hold within one type only, except that missing and undefined count as null, and that everything is
 * above MinKey and below MaxKey. NaN equals NaN and is neither above nor below any number.
 */
function compileComparison({ op, value: operand }: Comparison): ValueTest {
  const rank = rankOf(operand);
  const inclusive = op === 'eq' || op === 'lte' || op === 'gte';
  if (rank === Rank.null || rank === Rank.undefined)
    return (value) => inclusive && (value === MISSING || value === null || value === undefined);
  if (rank === Rank.minKey || rank === Rank.maxKey) {
    const other = rank === Rank.minKey ? op === 'gt' || op === 'gte' : op === 'lt' || op === 'lte';
    return (value) => (value !== MISSING && rankOf(value) === rank ? inclusive : other);
  }
  if (op === 'eq') return (value) => value !== MISSING && equalBson(value, operand);
  if (rank === Rank.number && Number.isNaN(numericOf(operand)))
    return (value) => inclusive && value !== MISSING && equalBson(value, operand);
  return (value) => {
    if (value === MISSING || rankOf(value) !== rank) return false;
    if (rank === Rank.number && Number.isNaN(numericOf(value))) return false;
    return satisfies(op, compareBson(value, operand));
  };
}

function satisfies(op: Comparison['op'], order: number): boolean {
  switch (op) {
    case 'lt':
      return order < 0;
    case 'lte':
      return order <= 0;
    case 'gt':
      return order > 0;
    case 'gte':
      return order >= 0;
    default:
      return order === 0;
  }
}

function compileElemMatchObject(filter: Filter): ValueTest {
  const matches = compileFilter(filter);
  return (value, details) => {
    if (!Array.isArray(value)) return false;
    for (let i = 0; i < value.length; i++) {
      const element: unknown = value[i];
      const candidate = Array.isArray(element)
        ? { ...element }
        : isDocument(element)
          ? plain(element)
          : undefined;
      if (candidate && matches(candidate as Document)) {
        if (details) details.position = i;
        return true;
      }
    }
    return false;
  };
}

function compileElemMatchValue(filters: readonly Filter[]): ValueTest {
  const tests = filters.map(compileElementTest);
  return (value, details) => {
    if (!Array.isArray(value)) return false;
    const index = value.findIndex((element: unknown) => tests.every((test) => test(element)));
    if (index >= 0 && details) details.position = index;
    return index >= 0;
  };
}

/** Inside `$elemMatch: { $gt: 1 }` every predicate is about the element itself; arrays in it are not entered. */
function compileElementTest(filter: Filter): (element: unknown) => boolean {
  switch (filter.op) {
    case 'and': {
      const tests = filter.filters.map(compileElementTest);
      return (element) => tests.every((test) => test(element));
    }
    case 'not': {
      const test = compileElementTest(filter.filter);
      return (element) => !test(element);
    }
    case 'or':
    case 'nor':
    case 'never':
    case 'expr':
      return () => false;
    default: {
      const test = compileTest(filter);
      return (element) => test(element, undefined);
    }
  }
}
