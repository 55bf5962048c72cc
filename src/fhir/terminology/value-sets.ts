/** Value sets compiled to membership tests and lists. https://hl7.org/fhir/R4/valueset.html#compositions */
import type {
  ValueSet,
  ValueSetComposeInclude,
  ValueSetComposeIncludeFilter,
  ValueSetExpansionContains,
} from '@medplum/fhirtypes';
import { LRUCache } from 'lru-cache';
import { canonicalResource } from '../definitions';
import { ProblemError } from '../problem';
import { codeTable, isA, type CodeTable, type Concept } from './code-systems';

export interface Member {
  system: string;
  code: string;
  display: string | undefined;
  abstract?: boolean;
}

/** What a value set holds as far as it can be known here. */
export interface CompiledValueSet {
  source: ValueSet;
  /** False when it draws on systems that are not shipped: then a code that is not among the members may be right. */
  closed: boolean;
  members: readonly Member[];
  bySystem: ReadonlyMap<string, ReadonlyMap<string, Member>>;
  codes: ReadonlySet<string>;
  /** Systems of which every code belongs although their codes are not shipped. */
  openSystems: ReadonlySet<string>;
}

interface Content {
  closed: boolean;
  members: Map<string, Member>;
  openSystems: Set<string>;
}

const keyOf = (system: string, code: string): string => `${system}\u0000${code}`;
const empty = (closed = true): Content => ({ closed, members: new Map(), openSystems: new Set() });

function propertyValues(table: CodeTable, concept: Concept, name: string): string[] {
  if (name === 'code') return [concept.code];
  if (name === 'display') return [concept.display ?? ''];
  if (name === 'parent') return concept.parents;
  if (name === 'child') return concept.children;
  const values = (concept.source.property ?? [])
    .filter(({ code }) => code === name)
    .map((property) =>
      String(
        property.valueCode ??
          property.valueString ??
          property.valueBoolean ??
          property.valueInteger ??
          property.valueCoding?.code ??
          property.valueDateTime ??
          property.valueDecimal ??
          '',
      ),
    );
  return values.length > 0 || table.complete ? values : [];
}

function matchesWhole(values: readonly string[], source: string): boolean {
  let pattern: RegExp;
  try {
    pattern = new RegExp(`^(?:${source})$`);
  } catch {
    throw new ProblemError('invalid', 'A regex filter of the value set cannot be read.');
  }
  return values.some((text) => pattern.test(text));
}

/** https://hl7.org/fhir/R4/valueset-filter-operator.html */
function passes(
  table: CodeTable,
  concept: Concept,
  { property = '', op, value = '' }: ValueSetComposeIncludeFilter,
): boolean {
  const values = propertyValues(table, concept, property);
  switch (op) {
    case '=':
      return values.includes(value);
    case 'is-a':
      return isA(table, concept.code, value);
    case 'descendent-of':
      return concept.code !== value && isA(table, concept.code, value);
    case 'is-not-a':
      return !isA(table, concept.code, value);
    case 'generalizes':
      return isA(table, value, concept.code);
    case 'regex':
      return matchesWhole(values, value);
    case 'in':
      return values.some((text) => value.split(',').includes(text));
    case 'not-in':
      return !values.some((text) => value.split(',').includes(text));
    case 'exists':
      return values.length > 0 === (value === 'true');
    default:
      return false;
  }
}

function ofSystem(include: ValueSetComposeInclude, system: string): Content {
  const content = empty();
  const table = codeTable(include.version === undefined ? system : `${system}|${include.version}`);
  const add = (code: string, display: string | undefined): void => {
    content.members.set(keyOf(system, code), { system, code, display });
  };
  if (include.concept !== undefined) {
    for (const { code = '', display } of include.concept)
      add(code, display ?? table?.concepts.get(code)?.display);
    return content;
  }
  if (table !== undefined) {
    for (const concept of table.concepts.values()) {
      if ((include.filter ?? []).every((filter) => passes(table, concept, filter)))
        add(concept.code, concept.display);
    }
  }
  if (table?.complete !== true) {
    content.closed = false;
    if (include.filter === undefined) content.openSystems.add(system);
  }
  return content;
}

function intersect(a: Content, b: Content): Content {
  const members = new Map(
    [...a.members].filter(([key, { system }]) => b.members.has(key) || b.openSystems.has(system)),
  );
  for (const [key, member] of b.members) if (a.openSystems.has(member.system)) members.set(key, member);
  const openSystems = new Set([...a.openSystems].filter((system) => b.openSystems.has(system)));
  return { closed: a.closed && b.closed, members, openSystems };
}

function merge(into: Content, from: Content): void {
  into.closed &&= from.closed;
  for (const [key, member] of from.members) if (!into.members.has(key)) into.members.set(key, member);
  for (const system of from.openSystems) into.openSystems.add(system);
}

/** One include or exclude: its system, cut by each value set it names; those are joined by "and". */
function ofInclude(include: ValueSetComposeInclude, path: readonly string[]): Content {
  const parts = (include.valueSet ?? []).map((url) => ofCanonical(url, path));
  if (include.system !== undefined) parts.unshift(ofSystem(include, include.system));
  return parts.reduce(intersect, parts[0] ?? empty());
}

function ofCanonical(canonical: string, path: readonly string[]): Content {
  // A value set that includes itself says nothing about its members there.
  if (path.includes(canonical)) return empty();
  const source = canonicalResource(canonical, 'ValueSet');
  return source === undefined ? empty(false) : contentOf(source, [...path, canonical]);
}

function addExpansion(contains: readonly ValueSetExpansionContains[], content: Content): void {
  for (const { system = '', code, display, abstract, contains: inner } of contains) {
    if (code !== undefined)
      content.members.set(keyOf(system, code), { system, code, display, ...(abstract ? { abstract } : {}) });
    addExpansion(inner ?? [], content);
  }
}

function contentOf(source: ValueSet, path: readonly string[]): Content {
  const content = empty();
  for (const include of source.compose?.include ?? []) merge(content, ofInclude(include, path));
  if (source.expansion?.contains !== undefined && (source.compose === undefined || !content.closed)) {
    addExpansion(source.expansion.contains, content);
    content.closed = source.expansion.total === undefined || source.expansion.total <= content.members.size;
    content.openSystems.clear();
  }
  for (const exclude of source.compose?.exclude ?? []) {
    const out = ofInclude(exclude, path);
    for (const key of out.members.keys()) content.members.delete(key);
    if (!out.closed) content.closed = false;
  }
  return content;
}

/** Compiles a ValueSet resource (posted with an operation, or ours). */
export function compileValueSet(source: ValueSet): CompiledValueSet {
  const content = contentOf(source, source.url === undefined ? [] : [source.url]);
  const members = [...content.members.values()];
  const bySystem = new Map<string, Map<string, Member>>();
  for (const member of members) {
    const codes = bySystem.get(member.system) ?? new Map<string, Member>();
    codes.set(member.code, member);
    bySystem.set(member.system, codes);
  }
  const { closed, openSystems } = content;
  return { source, closed, members, bySystem, codes: new Set(members.map(({ code }) => code)), openSystems };
}

const MISSING = Symbol('missing');
const compiled = new LRUCache<string, CompiledValueSet | typeof MISSING>({ max: 500 });

/** The value set at a URL (with or without `|version`); undefined when it is not shipped. */
export function valueSet(canonical: string): CompiledValueSet | undefined {
  const known = compiled.get(canonical);
  if (known !== undefined) return known === MISSING ? undefined : known;
  const source = canonicalResource(canonical, 'ValueSet');
  const made = source === undefined ? undefined : compileValueSet(source);
  compiled.set(canonical, made ?? MISSING);
  return made;
}

/**
 * Whether a code belongs to a value set: yes, no, or unknown where the codes of its systems are not shipped.
 * @param system undefined for a `code`, whose system the binding implies.
 */
export function membershipOf(
  set: CompiledValueSet,
  system: string | undefined,
  code: string,
): 'yes' | 'no' | 'unknown' {
  if (system === undefined) return set.codes.has(code) ? 'yes' : set.closed ? 'no' : 'unknown';
  if (set.bySystem.get(system)?.has(code) === true) return 'yes';
  const table = set.bySystem.has(system) ? codeTable(system) : undefined;
  if (table?.caseSensitive === false) {
    for (const known of set.bySystem.get(system)?.keys() ?? [])
      if (known.toLowerCase() === code.toLowerCase()) return 'yes';
  }
  if (set.openSystems.has(system)) return codeTable(system)?.complete === true ? 'no' : 'unknown';
  return set.closed ? 'no' : 'unknown';
}
