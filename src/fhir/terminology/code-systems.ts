/** Code systems as look-up tables, loaded when first asked for. https://hl7.org/fhir/R4/codesystem.html */
import type { CodeSystem, CodeSystemConcept } from '@medplum/fhirtypes';
import { LRUCache } from 'lru-cache';
import { canonicalResource } from '../definitions';

export interface Concept {
  code: string;
  display: string | undefined;
  /** Codes directly above and below, by nesting or by the properties `parent`, `child` and `subsumedBy`. */
  parents: string[];
  children: string[];
  source: CodeSystemConcept;
}

export interface CodeTable {
  url: string;
  version: string | undefined;
  name: string | undefined;
  /** False when not every code is here, so that a missing code may still be right. */
  complete: boolean;
  caseSensitive: boolean;
  /** In the order of the definition, parents before their children. */
  concepts: ReadonlyMap<string, Concept>;
  source: CodeSystem;
}

function collect(
  concepts: readonly CodeSystemConcept[],
  parent: string | undefined,
  into: Map<string, Concept>,
): void {
  for (const source of concepts) {
    const code = source.code ?? '';
    const concept: Concept = {
      code,
      display: source.display,
      parents: parent === undefined ? [] : [parent],
      children: [],
      source,
    };
    into.set(code, concept);
    collect(source.concept ?? [], code, into);
  }
}

function link(concepts: ReadonlyMap<string, Concept>): void {
  for (const concept of concepts.values()) {
    for (const { code, valueCode } of concept.source.property ?? []) {
      if (valueCode === undefined) continue;
      if (code === 'parent' || code === 'subsumedBy') concept.parents.push(valueCode);
      if (code === 'child') concepts.get(valueCode)?.parents.push(concept.code);
    }
  }
  for (const concept of concepts.values()) {
    for (const parent of new Set(concept.parents)) concepts.get(parent)?.children.push(concept.code);
  }
}

/** The table of a CodeSystem resource. */
export function tableOf(source: CodeSystem): CodeTable {
  const concepts = new Map<string, Concept>();
  collect(source.concept ?? [], undefined, concepts);
  link(concepts);
  return {
    url: source.url ?? '',
    version: source.version,
    name: source.name,
    complete: source.content === 'complete',
    caseSensitive: source.caseSensitive !== false,
    concepts,
    source,
  };
}

/** Systems that the packages name but nobody ships; the runtime knows their codes. */
function wellKnown(url: string): CodeSystem | undefined {
  if (url !== 'urn:iso:std:iso:4217') return undefined;
  const names = new Intl.DisplayNames('en', { type: 'currency' });
  return {
    resourceType: 'CodeSystem',
    url,
    name: 'ISO4217Currencies',
    status: 'active',
    content: 'complete',
    concept: Intl.supportedValuesOf('currency').map((code) => ({ code, display: names.of(code) })),
  };
}

const MISSING = Symbol('missing');
const tables = new LRUCache<string, CodeTable | typeof MISSING>({ max: 300 });

/** The code system at a URL (with or without `|version`); undefined when it is not shipped. */
export function codeTable(canonical: string): CodeTable | undefined {
  const known = tables.get(canonical);
  if (known !== undefined) return known === MISSING ? undefined : known;
  const source = canonicalResource(canonical, 'CodeSystem') ?? wellKnown(canonical);
  const table = source === undefined ? undefined : tableOf(source);
  tables.set(canonical, table ?? MISSING);
  return table;
}

/** A concept by its code; systems that are not case sensitive fold case. */
export function conceptOf(table: CodeTable, code: string): Concept | undefined {
  const exact = table.concepts.get(code);
  if (exact !== undefined || table.caseSensitive) return exact;
  const folded = code.toLowerCase();
  for (const concept of table.concepts.values()) if (concept.code.toLowerCase() === folded) return concept;
  return undefined;
}

/** Whether `ancestor` is `code` or above it. */
export function isA(table: CodeTable, code: string, ancestor: string): boolean {
  const seen = new Set<string>();
  const open = [code];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === ancestor) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(table.concepts.get(next)?.parents ?? []));
  }
  return false;
}
