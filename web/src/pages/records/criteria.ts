import { BASE, type ParameterType, type SearchParameter } from '../../api/fhir';

/** One line of the search form. */
export interface Criterion {
  /** Keeps its place in the form when others come and go. */
  key: number;
  name: string;
  /** Without its colon; empty for none. */
  modifier: string;
  /** Of dates, numbers and quantities; empty for "equal". */
  prefix: string;
  value: string;
}

/** What the search form holds. */
export interface Draft {
  criteria: readonly Criterion[];
  /** A parameter's name, with `-` before it for descending; empty for the server's own order. */
  sort: string;
  count: string;
  includes: readonly string[];
}

export const COUNTS = ['20', '50', '100', '500'];

/** https://hl7.org/fhir/R4/search.html#modifiers */
const MODIFIERS: Readonly<Record<ParameterType, readonly string[]>> = {
  string: ['exact', 'contains'],
  token: ['not', 'text', 'in', 'not-in', 'above', 'below', 'of-type'],
  reference: ['identifier'],
  uri: ['above', 'below'],
  date: [],
  number: [],
  quantity: [],
  composite: [],
  special: [],
};

/** https://hl7.org/fhir/R4/search.html#prefix */
const PREFIXES = [
  { value: 'ne', label: 'is not' },
  { value: 'gt', label: 'after or above' },
  { value: 'ge', label: 'from' },
  { value: 'lt', label: 'before or below' },
  { value: 'le', label: 'up to' },
  { value: 'sa', label: 'starts after' },
  { value: 'eb', label: 'ends before' },
  { value: 'ap', label: 'about' },
];

/** Ways to compare with a value: prefixes, and modifiers with their colon. No parameter takes both at once. */
export function comparisonsOf({ type }: SearchParameter): { value: string; label: string }[] {
  const isOrdered = type === 'date' || type === 'number' || type === 'quantity';
  const modifiers = type === 'special' ? [] : [...MODIFIERS[type], 'missing'];
  return [
    { value: '', label: type === 'string' ? 'begins with' : 'is' },
    ...(isOrdered ? PREFIXES : []),
    ...modifiers.map((modifier) => ({ value: `:${modifier}`, label: `:${modifier}` })),
  ];
}

/** How a criterion compares, as one of `comparisonsOf`. */
export function comparisonOf({ modifier, prefix }: Criterion): string {
  return modifier === '' ? prefix : `:${modifier}`;
}

/** The criterion with another comparison; a value of another kind is not kept. */
export function comparedBy(criterion: Criterion, comparison: string): Criterion {
  const modifier = comparison.startsWith(':') ? comparison.slice(1) : '';
  const isSameKind = (modifier === 'missing') === (criterion.modifier === 'missing');
  return {
    ...criterion,
    modifier,
    prefix: modifier === '' ? comparison : '',
    value: isSameKind ? criterion.value : '',
  };
}

/** How a value of each type looks. */
export const EXAMPLES: Readonly<Record<ParameterType, string>> = {
  string: 'Beginning of a word',
  token: 'code, or system|code',
  reference: 'Type/id',
  date: '2026, 2026-03 or 2026-03-21',
  number: '5',
  quantity: '5.4, or 5.4|system|code',
  uri: 'http://…',
  composite: 'value$value',
  special: 'Value',
};

/** Parameters that a new form begins with, where the type has them. */
const COMMON = ['name', 'patient', 'subject', 'code', 'status', 'date', 'identifier', '_lastUpdated', '_id'];
const FIRST_LINES = 3;

export function emptyDraft(parameters: readonly SearchParameter[]): Draft {
  const known = new Set(parameters.map(({ name }) => name));
  const names = COMMON.filter((name) => known.has(name) && !(name === 'subject' && known.has('patient')));
  return {
    criteria: names.slice(0, FIRST_LINES).map((name, key) => criterion(name, key)),
    sort: '',
    count: '50',
    includes: [],
  };
}

export function criterion(name: string, key: number): Criterion {
  return { key, name, modifier: '', prefix: '', value: '' };
}

/** Path and query that the form asks for; lines without a value are left out. */
export function pathOf(type: string, { criteria, sort, count, includes }: Draft): string {
  const asked = criteria
    .filter(({ value }) => value.trim() !== '')
    .map(({ name, modifier, prefix, value }): [string, string] => [
      modifier === '' ? name : `${name}:${modifier}`,
      modifier === 'missing' ? value.trim() : prefix + value.trim(),
    ]);
  const results: [string, string][] = [
    ...includes.map((include): [string, string] => ['_include', include]),
    ['_sort', sort],
    ['_count', count],
  ];
  const query = [...asked, ...results.filter(([, value]) => value !== '')]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .join('&');
  return `${BASE}/${type}?${query}`;
}

/** What a query may hold as it is stays readable. https://www.rfc-editor.org/rfc/rfc3986#section-3.4 */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/%(3A|2F|2C|24)/g, decodeURIComponent);
}

/** The words of a documentation for one type: "Multiple Resources" lists them all. */
export function wordsFor(type: string, { documentation = '' }: SearchParameter): string {
  const line = documentation.split(/\r?\n/).find((each) => each.includes(`[${type}](`)) ?? documentation;
  return line
    .replace(/^\*?\s*\[[^\]]*\]\([^)]*\):\s*/, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim();
}
