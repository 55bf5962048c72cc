/** The plain data that passes between parsing, planning, running and matching. docs/search.md has a worked example. */
import type { ResourceType } from '@medplum/fhirtypes';

/** Types of search parameters. https://hl7.org/fhir/R4/search.html#ptypes */
export type ParameterKind =
  'number' | 'date' | 'string' | 'token' | 'reference' | 'composite' | 'quantity' | 'uri' | 'special';

/** An ordered value of a parameter: a date range, a number, a quantity, or a composite with one of these. */
export interface RangeEntry {
  /** Key of the parameter, with `+` behind it when the range is wide, holder before it where it has one. */
  k: string;
  l: string | number;
  h: string | number;
  /** What the unit of a quantity is called: `|code`, `system|code`, `system|`, `~text`. */
  u?: string[];
  /** The systems of a composite's token. */
  s?: string;
  /** The second ordered part of a composite; the longitude of a position. */
  l2?: string | number;
  h2?: string | number;
}

export type SortValue = string | number;

/** What one resource says to the index, before anybody's access is considered. */
export interface Extracted {
  index: readonly string[];
  /** Entries of words: many, so they are written once, whoever sees them. */
  words: readonly string[];
  ranges: readonly RangeEntry[];
  /** By field; of fields that may repeat the lowest value, and under the field's name with `-` the highest. */
  sort: Readonly<Record<string, SortValue>>;
}

/** The fields of a stored document that search reads. Spread into the document. */
export interface IndexFields {
  index: string[];
  ranges: RangeEntry[];
  sort: Record<string, SortValue>;
  /** The entries by which the type's lists are ordered without sorting (`recordIndexes`). */
  list?: string[];
}

/** A comparison with one end of a range. */
export interface Comparison {
  end: 'l' | 'h' | 'l2' | 'h2';
  op: '<' | '<=' | '>' | '>=';
  value: string | number;
}

/**
 * What must hold of a resource, in terms of its index entries. Everything is plain data: a match is planned into a
 * MongoDB filter (`planSearch`) or evaluated in memory (`matchesInMemory`).
 */
export type Match =
  | { kind: 'and' | 'or'; of: readonly Match[] }
  | { kind: 'not'; of: Match }
  /** `_id` is one of these. */
  | { kind: 'ids'; ids: readonly string[] }
  /** One of the entries is there. */
  | { kind: 'entry'; keys: readonly string[] }
  /** An entry begins so; `long` is set when entries are cut shorter than that and the resource itself decides. */
  | { kind: 'prefix'; key: string; long?: LongText }
  /** An entry that begins with `key` matches the regular expression behind it. */
  | { kind: 'pattern'; key: string; pattern: string }
  /** One range of the key satisfies all comparisons of one alternative. */
  | {
      kind: 'range';
      key: string;
      any: readonly (readonly Comparison[])[];
      /** Bounds on `l` that every alternative implies, for narrow ranges. */
      from?: string | number;
      to?: string | number;
      /** True when no value of this parameter is ever wide. */
      narrow?: boolean;
      units?: readonly string[];
      systems?: string;
    }
  /** Some range under a key that begins so. */
  | { kind: 'ranges'; key: string }
  /** A position within `km` kilometres. */
  | { kind: 'near'; key: string; latitude: number; longitude: number; km: number }
  /**
   * All the words begin words of the narrative (`_text`) or of the whole resource (`_content`); `indexed` where these
   * have entries, so that only what has them is looked at.
   */
  | { kind: 'text'; where: 'narrative' | 'content'; words: readonly string[]; indexed: boolean }
  | JoinMatch
  | { kind: 'has'; type: ResourceType; keys: readonly string[]; own: ResourceType; match: Match }
  | { kind: 'list'; id: string; type: ResourceType }
  | { kind: 'valueset'; key: string; valueSet: string; concept: ConceptForm; parameter: string }
  /** A contained resource of the type satisfies the match (`_contained`). */
  | { kind: 'contained'; type: ResourceType; match: Match };

/** A chain: one of the references with these keys leads to a resource that satisfies the match of its type. */
export interface JoinMatch {
  kind: 'join';
  keys: readonly string[];
  targets: readonly { type: ResourceType; match: Match }[];
}

/** How codes of a value set become entries: with their system, or alone where elements of type code have none. */
export type ConceptForm = 'system' | 'code';

/** Text longer than an entry may be: checked on the resource. `how` as in `:exact`, the default, `:contains`. */
export interface LongText {
  code: string;
  how: 'exact' | 'start' | 'contains';
  text: string;
}

export interface SortKey {
  /** As in the request. */
  code: string;
  /** Keys of the document's `sort`, in order; `_id` and `_lastUpdated` stand for themselves. */
  keys: readonly string[];
  descending: boolean;
}

/** An `_include` or `_revinclude`. */
export interface Include {
  reverse: boolean;
  iterate: boolean;
  /** Type that has the reference; `*` for every type. */
  source: ResourceType | '*';
  /** Code of the reference parameter; `*` for all. */
  code: string;
  target?: ResourceType;
}

export type SummaryMode = 'true' | 'text' | 'data' | 'count' | 'false';

/** A parsed search: immutable plain data. Made by `parseSearch`. */
export interface SearchRequest {
  /** Type of a type-level search; undefined for one over several types. */
  type: ResourceType | undefined;
  /** What must hold, for each type searched; in alphabetical order. */
  targets: readonly { type: ResourceType; match: Match }[];
  sort: readonly SortKey[];
  /** Size of a page; 0 asks for the number of matches alone. */
  count: number;
  total: 'none' | 'estimate' | 'accurate' | undefined;
  summary: SummaryMode | undefined;
  elements: readonly string[];
  includes: readonly Include[];
  contained: 'false' | 'true' | 'both';
  containedType: 'container' | 'contained';
  /** Opaque, from `SearchPage.next` or `previous`. */
  cursor: string | undefined;
  /** Matches to leave out before the page, for faces whose own paging counts so (HandoffRx `offset`); not with a cursor. */
  offset?: number;
  explain: boolean;
  /** Names and values that were understood, in order, without the cursor: what the self link says. */
  query: readonly (readonly [string, string])[];
  /** What handling=lenient left out, as the messages that strict handling would have refused with. */
  dropped: readonly { parameter: string; message: string }[];
}

/** Options of `parseSearch`. */
export interface ParseOptions {
  /** Unknown parameters, modifiers and values are dropped and reported instead of refused. */
  lenient?: boolean;
  /** The server's own base URL: absolute references to it are the same as relative ones. */
  baseUrl?: string;
  /** Only what is in this compartment. */
  compartment?: { type: ResourceType; id: string };
  /** Names that a face handles itself (`_format`, `start`): accepted, kept in `query`, without meaning here. */
  extraParameters?: readonly string[];
}
