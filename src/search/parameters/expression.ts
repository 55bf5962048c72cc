/**
 * The expressions of search parameters, taken apart. Nearly all are paths with a cast or a filter; these become
 * branches, which `extract` walks without an interpreter. https://hl7.org/fhir/R4/searchparameter.html#expression
 */
import { type Property, isResourceType, propertiesOf, typeDefinition } from '../../fhir';

/** One step of a path: a key of the JSON object, and which of its values count. */
export interface Step {
  key: string;
  /** The element repeats. */
  isList?: boolean;
  /** The key is one of several that a choice element may have. */
  isChoice?: boolean;
  /** Only elements whose `path` is `equals`. */
  where?: { path: string; equals: string };
  /** Only the first element. */
  first?: boolean;
}

/** One way from a resource to values of one type. */
export interface Branch {
  steps: readonly Step[];
  /** Type of the values: `CodeableConcept`, `dateTime`, `Reference`, `Resource`, ... */
  type: string;
  /** The same for equal branches. */
  signature: string;
  /** `where(resolve() is Patient)`: only references to this type. */
  target?: string;
  /** `where(system='phone')` of a ContactPoint. */
  system?: string;
  /** Canonical of the value set that an element of type code is bound to. */
  valueSet?: string;
  /** Types that references may point to. */
  targets?: readonly string[];
}

/** An expression: branches, or what only the interpreter understands. */
export interface ParsedExpression {
  branches: Branch[];
  evaluated: string[];
}

/** Splits at a character outside parentheses and quotes. */
function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "'") quoted = !quoted;
    else if (quoted) continue;
    else if (c === '(' || c === '[') depth++;
    else if (c === ')' || c === ']') depth--;
    else if (c === separator && depth === 0) {
      parts.push(text.slice(from, i).trim());
      from = i + 1;
    }
  }
  parts.push(text.slice(from).trim());
  return parts;
}

/** `(A as T)` as `A.as(T)`, without the parentheses around a whole path. */
function normalise(text: string): string {
  const cast = /^\(\s*([^()]+?)\s+as\s+(\w+)\s*\)(.*)$/.exec(text);
  if (cast) return `${cast[1]}.as(${cast[2]})${cast[3]}`;
  const wrapped = /^\(([^()]+)\)$/.exec(text);
  return wrapped?.[1] ?? text;
}

interface Cursor {
  type: string;
  steps: Step[];
  branch: Pick<Branch, 'target' | 'system' | 'valueSet' | 'targets'>;
}

const sameType = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function stepOf(key: string, { element, isList }: Property): Step {
  return { key, ...(isList ? { isList } : {}), ...(element.name.endsWith('[x]') ? { isChoice: true } : {}) };
}

/** All ways on along a name: one, or one for each type of a choice element. */
function follow(cursor: Cursor, name: string): Cursor[] {
  const found: Cursor[] = [];
  for (const [key, property] of propertiesOf(cursor.type)) {
    if (key !== name && property.element.name !== `${name}[x]`) continue;
    const { binding } = property.element;
    found.push({
      type: property.type,
      steps: [...cursor.steps, stepOf(key, property)],
      branch: {
        ...(binding === undefined ? {} : { valueSet: binding.valueSet }),
        ...(property.reference?.targets === undefined ? {} : { targets: property.reference.targets }),
      },
    });
  }
  return found;
}

function refineLast(cursor: Cursor, change: Partial<Step>): Cursor {
  const last = cursor.steps.at(-1);
  return last === undefined
    ? cursor
    : { ...cursor, steps: [...cursor.steps.slice(0, -1), { ...last, ...change }] };
}

const CONDITION = /^([\w.]+)\s*=\s*'([^']*)'$/;

function filter(cursor: Cursor, condition: string): Cursor | undefined {
  const resolved = /^resolve\(\)\s+is\s+(\w+)$/.exec(condition);
  if (resolved) return { ...cursor, branch: { ...cursor.branch, target: resolved[1] ?? '' } };
  const [, path, equals] = CONDITION.exec(condition) ?? [];
  if (path === undefined || equals === undefined) return undefined;
  if (cursor.type === 'ContactPoint' && path === 'system')
    return { ...cursor, branch: { ...cursor.branch, system: equals } };
  return refineLast(cursor, { where: { path, equals } });
}

/**
 * US Core's race and ethnicity end in the code of a Coding. The Coding itself is kept, so that clients may give the
 * system too.
 */
function isCodeOfCoding({ type }: Cursor, name: string): boolean {
  return type === 'Coding' && name === 'code';
}

/** One segment of a path applied to every way so far; undefined when it is beyond this parser. */
function advance(cursors: Cursor[], segment: string): Cursor[] | undefined {
  const call = /^(\w+)\((.*)\)$/.exec(segment);
  if (call === null) {
    const [, name = '', index] = /^(\w+)(?:\[(\d+)\])?$/.exec(segment) ?? [];
    if (name === '' || (index !== undefined && index !== '0')) return undefined;
    const next = cursors.flatMap((cursor) =>
      isCodeOfCoding(cursor, name) ? [cursor] : follow(cursor, name),
    );
    return index === undefined ? next : next.map((cursor) => refineLast(cursor, { first: true }));
  }
  const [, fn, argument = ''] = call;
  switch (fn) {
    case 'as':
    case 'ofType':
      return cursors.filter((cursor) => sameType(cursor.type, argument));
    case 'where': {
      const filtered = cursors.map((cursor) => filter(cursor, argument.trim()));
      return filtered.every((cursor) => cursor !== undefined) ? filtered : undefined;
    }
    case 'extension':
      return cursors
        .flatMap((cursor) => follow(cursor, 'extension'))
        .map((cursor) => refineLast(cursor, { where: { path: 'url', equals: argument.replace(/'/g, '') } }));
    case 'first':
      return cursors.map((cursor) => refineLast(cursor, { first: true }));
    default:
      return undefined;
  }
}

function signatureOf(steps: readonly Step[]): string {
  return steps
    .map(
      ({ key, where, first }) =>
        key + (where ? `(${where.path}=${where.equals})` : '') + (first ? '[0]' : ''),
    )
    .join('.');
}

function parseBranch(text: string, from: string): Branch[] | undefined {
  const segments = splitOutside(normalise(text), '.');
  if (/^[A-Z]/.test(segments[0] ?? '') && typeDefinition(segments[0] ?? '') !== undefined) segments.shift();
  let cursors: Cursor[] = [{ type: from, steps: [], branch: {} }];
  for (const segment of segments) {
    const next = advance(cursors, segment);
    if (next === undefined) return undefined;
    cursors = next;
  }
  return cursors.map(({ type, steps, branch }) => ({
    type,
    steps,
    ...branch,
    signature: signatureOf(steps),
  }));
}

/** Whether a branch of a shared expression speaks of this type. */
function appliesTo(text: string, resourceType: string): boolean {
  const root = /^\(?\s*([A-Z]\w+)\b/.exec(text)?.[1];
  if (root === undefined || !typeDefinition(root)) return true;
  return root === resourceType || !isResourceType(root);
}

/**
 * Parses a parameter's expression for one resource type.
 * @param from where paths start: the resource type, or the type of a composite's element.
 */
export function parseExpression(
  expression: string,
  resourceType: string,
  from = resourceType,
): ParsedExpression {
  const parsed: ParsedExpression = { branches: [], evaluated: [] };
  for (const text of splitOutside(expression, '|')) {
    if (!appliesTo(text, resourceType)) continue;
    const branches = parseBranch(text, from);
    if (branches === undefined) parsed.evaluated.push(text);
    else parsed.branches.push(...branches);
  }
  return parsed;
}
