import type { ResourceType, Subscription } from '@medplum/fhirtypes';
import { isResourceType } from '../../fhir';
import { parseSearch, type SearchRequest } from '../../search';
import type { Topic, TopicFilter } from '../topics';
import { filterCriteria } from './compile';

/** One filter of a topic-based subscription: a search on one type. */
export interface Filter {
  type: ResourceType;
  query: string;
}

/** What is wrong with one filter; `at` is its place among the filter criteria. */
export interface FilterFault {
  at: number;
  message: string;
}

/** The filters as written, `Encounter?patient=Patient/123`; without a type they are about every type of the topic. */
export function filtersOf(subscription: Subscription, topic: Topic): Filter[] {
  return filterCriteria(subscription).flatMap((text) => readFilter(text, topic));
}

function readFilter(text: string, topic: Topic): Filter[] {
  const [, named, query = ''] = /^(?:([A-Za-z]+)\?)?(.*)$/s.exec(text) ?? [];
  const types =
    named === undefined ? [...new Set(topic.triggers.map(({ type }) => type))] : [named as ResourceType];
  return types.map((type) => ({ type, query }));
}

/** The search behind a filter. @throws ProblemError 400 */
export function searchOf({ type, query }: Filter): SearchRequest {
  return parseSearch(type, query);
}

/** Holds a subscription's filters against what the topic allows. https://hl7.org/fhir/R5/subscriptiontopic-definitions.html#SubscriptionTopic.canFilterBy */
export function filterFaults(subscription: Subscription, topic: Topic): FilterFault[] {
  return filterCriteria(subscription).flatMap((text, at) =>
    readFilter(text, topic).flatMap((filter) => faultsOf(filter, topic).map((message) => ({ at, message }))),
  );
}

function faultsOf(filter: Filter, topic: Topic): string[] {
  const { type, query } = filter;
  if (!isResourceType(type) || !topic.triggers.some((trigger) => trigger.type === type))
    return ['The filter is about a type that the topic is not about.'];
  const names = [...new URLSearchParams(query).keys()];
  if (names.length === 0) return ['The filter names no parameter.'];
  const allowed = topic.filters.filter((each) => each.type === undefined || each.type === type);
  const refused = [...new URLSearchParams(query)].filter(
    ([name, value]) => !allowed.some((each) => permits(each, name, value)),
  );
  if (refused.length > 0) {
    const can = allowed.map(({ parameter }) => parameter).join(', ') || 'nothing';
    return [
      `The topic cannot be filtered by ${refused.map(([name]) => name).join(', ')}; on ${type} it can by ${can}.`,
    ];
  }
  try {
    searchOf(filter);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

function permits({ parameter, modifiers, comparators }: TopicFilter, name: string, value: string): boolean {
  const [plain = '', modifier] = name.split(':', 2);
  if (plain.split('.', 1)[0] !== parameter) return false;
  if (modifier !== undefined && modifiers !== undefined && !modifiers.includes(modifier)) return false;
  const [, comparator] = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)\d/.exec(value) ?? [];
  return comparator === undefined || comparators === undefined || comparators.includes(comparator);
}
