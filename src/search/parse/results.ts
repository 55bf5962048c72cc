/** Parameters about the results. https://hl7.org/fhir/R4/search.html#return */
import type { ResourceType } from '@medplum/fhirtypes';
import { isResourceType } from '../../fhir';
import { isElementOf } from './elements';
import { layout, parameterOf } from '../parameters/registry';
import type { Include, SearchRequest, SortKey, SummaryMode } from '../types';
import { type ParseContext, report } from './issues';

const DEFAULT_COUNT = 20;
const MAX_COUNT = 1000;

/** What the result parameters of a query say. */
export type ResultOptions = Pick<
  SearchRequest,
  'count' | 'total' | 'summary' | 'contained' | 'containedType' | 'cursor' | 'explain'
> & { sort: SortKey[]; elements: string[]; includes: Include[] };

export function defaultOptions(): ResultOptions {
  return {
    sort: [],
    count: DEFAULT_COUNT,
    total: undefined,
    summary: undefined,
    elements: [],
    includes: [],
    contained: 'false',
    containedType: 'container',
    cursor: undefined,
    explain: false,
  };
}

function oneOf<T extends string>(value: string, allowed: readonly T[], context: ParseContext): T | undefined {
  const found = allowed.find((each) => each === value);
  return found ?? report(context, `One of ${allowed.join(', ')} is expected.`);
}

const UNSORTABLE = new Set(['composite', 'special']);

/** The names of the document's sort values: of several values the one that comes first in the direction. */
function sortKeys(
  types: readonly ResourceType[],
  code: string,
  descending: boolean,
  context: ParseContext,
): readonly string[] | undefined {
  if (code === '_id' || code === '_lastUpdated') return [code];
  const found = types.map((type) => namesOn(type, code, descending));
  const [first] = found;
  if (first === undefined || found.some((names) => names === undefined))
    return report(context, `There is no search parameter ${code} to sort by.`, 'not-supported');
  // One order for several types needs values that mean the same in all of them.
  if (found.some((names) => names?.join() !== first.join()))
    return report(context, `The types searched cannot be ordered by ${code} together.`, 'not-supported');
  return first;
}

function namesOn(type: ResourceType, code: string, descending: boolean): string[] | undefined {
  const parameter = parameterOf(type, code);
  if (parameter === undefined || UNSORTABLE.has(parameter.kind)) return undefined;
  const { repeating } = layout(type);
  const keys = new Set(parameter.parts.map(({ key }) => key));
  return [...keys].map((key) => (descending ? (repeating.get(key) ?? key) : key));
}

function parseSort(
  types: readonly ResourceType[],
  value: string,
  context: ParseContext,
): SortKey[] | undefined {
  const keys = value.split(',').map((item): SortKey | undefined => {
    const descending = item.startsWith('-');
    const code = descending ? item.slice(1) : item;
    const found = sortKeys(types, code, descending, context);
    return found && { code, keys: found, descending };
  });
  const found = keys.filter((key) => key !== undefined);
  return found.length < keys.length ? undefined : found;
}

function parseCount(value: string, context: ParseContext): number | undefined {
  if (!/^\d+$/.test(value)) return report(context, 'A whole number from 0 on is expected.');
  return Math.min(Number(value), MAX_COUNT);
}

function isReference(type: string, code: string): boolean {
  return code === '*' || parameterOf(type, code)?.kind === 'reference';
}

function targetOf(target: string, context: ParseContext): ResourceType | undefined {
  return isResourceType(target)
    ? (target as ResourceType)
    : report(context, `${target} is not a resource type.`);
}

/** `_include=Observation:subject:Patient`, `_include=*`. https://hl7.org/fhir/R4/search.html#include */
function parseInclude(
  reverse: boolean,
  modifier: string | undefined,
  value: string,
  context: ParseContext,
  types: readonly ResourceType[],
): Include | undefined {
  const iterate = modifier === 'iterate' || modifier === 'recurse';
  if (modifier !== undefined && !iterate)
    return report(context, `The modifier ${modifier} is not supported.`, 'not-supported');
  if (value === '*' || value === '*:*') return { reverse, iterate, source: '*', code: '*' };
  const [source = '', code = '', target, ...more] = value.split(':');
  if (!isResourceType(source) || code === '' || more.length > 0)
    return report(
      context,
      'The form [type]:[reference parameter] is expected, with a target type if one is meant.',
    );
  if (!isReference(source, code))
    return report(context, `${source} has no reference parameter ${code}.`, 'not-supported');
  const type = target === undefined ? undefined : targetOf(target, context);
  if (target !== undefined && type === undefined) return undefined;
  const include: Include = {
    ...{ reverse, iterate, source: source as ResourceType, code },
    ...(type === undefined ? {} : { target: type }),
  };
  const reason = reasonForNothing(include, types);
  return reason === undefined ? include : report(context, reason);
}

/** Why an include can bring nothing: said rather than passed over. Undefined when it may bring something. */
function reasonForNothing(
  { reverse, iterate, source, code, target }: Include,
  types: readonly ResourceType[],
): string | undefined {
  const targets = code === '*' ? [] : (parameterOf(source, code)?.targets ?? []);
  if (target !== undefined && targets.length > 0 && !targets.includes(target))
    return `${code} of ${source} does not refer to ${target}.`;
  if (iterate) return undefined;
  if (!reverse && !types.includes(source as ResourceType))
    return `The search does not find any ${source}; of what is included, references are followed by :iterate.`;
  const meant = target === undefined ? targets : [target];
  if (reverse && meant.length > 0 && !types.some((type) => meant.includes(type)))
    return `${code} of ${source} refers to nothing that the search finds; of what is included, by :iterate.`;
  return undefined;
}

/** `_elements=name,Observation.code`: elements at the root. https://hl7.org/fhir/R4/search.html#elements */
function parseElements(
  value: string,
  context: ParseContext,
  types: readonly ResourceType[],
): string[] | undefined {
  const names = value.split(',').map((name) => name.trim());
  return names.every((name) => isElementOf(types, name))
    ? names
    : report(context, 'Names of elements at the root of the resource are expected, separated by commas.');
}

type Apply = (
  options: ResultOptions,
  value: string,
  context: ParseContext,
  types: readonly ResourceType[],
  modifier?: string,
) => boolean | undefined;

/** Sets one option from a value, when that could be read. */
function set<K extends keyof ResultOptions>(
  options: ResultOptions,
  key: K,
  value: ResultOptions[K] | undefined,
): boolean | undefined {
  if (value === undefined) return undefined;
  options[key] = value;
  return true;
}

function addInclude(reverse: boolean): Apply {
  return (options, value, context, types, modifier) => {
    const include = parseInclude(reverse, modifier, value, context, types);
    if (include === undefined) return undefined;
    options.includes.push(include);
    return true;
  };
}

const SUMMARIES: readonly SummaryMode[] = ['true', 'text', 'data', 'count', 'false'];

/** The result parameters by name; each answers whether the value was understood. */
const RESULT_PARAMETERS: Record<string, Apply> = {
  _sort: (options, value, context, types) => set(options, 'sort', parseSort(types, value, context)),
  _count: (options, value, context) => set(options, 'count', parseCount(value, context)),
  _total: (options, value, context) =>
    set(options, 'total', oneOf(value, ['none', 'estimate', 'accurate'], context)),
  _summary: (options, value, context) => set(options, 'summary', oneOf(value, SUMMARIES, context)),
  _elements: (options, value, context, types) =>
    set(options, 'elements', parseElements(value, context, types)),
  _include: addInclude(false),
  _revinclude: addInclude(true),
  _contained: (options, value, context) =>
    set(options, 'contained', oneOf(value, ['false', 'true', 'both'], context)),
  _containedType: (options, value, context) =>
    set(options, 'containedType', oneOf(value, ['container', 'contained'], context)),
  _cursor: (options, value) => set(options, 'cursor', value),
  _explain: (options, value, context) => {
    const explain = oneOf(value, ['true', 'false'], context);
    return explain && set(options, 'explain', explain === 'true');
  },
};

/** Result parameters that may be given more than once. */
const REPEATABLE = new Set(['_include', '_revinclude']);

export function isResultParameter(name: string): boolean {
  return Object.hasOwn(RESULT_PARAMETERS, name.split(':')[0] ?? '');
}

/** Reads one result parameter into the options; false, with issues in the context, when it was not understood. */
export function applyResultParameter(
  options: ResultOptions,
  name: string,
  value: string,
  types: readonly ResourceType[],
  seen: Set<string>,
  context: ParseContext,
): boolean {
  const [code = '', modifier] = name.split(':');
  const apply = RESULT_PARAMETERS[code];
  if (modifier !== undefined && !REPEATABLE.has(code)) {
    report(context, `The modifier ${modifier} is not supported.`, 'not-supported');
    return false;
  }
  if (seen.has(code) && !REPEATABLE.has(code)) {
    report(context, 'It may be given once only.');
    return false;
  }
  seen.add(code);
  return apply?.(options, value, context, types, modifier) === true;
}
