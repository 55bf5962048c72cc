import type { ResourceType } from '@medplum/fhirtypes';
import { allOf, type Match, needsDatabase, parseSearch } from '../../search';
import { findTopic, type CompiledTopic } from '../topics';
import type { CompiledSubscription } from '../types';
import { filtersOf, searchOf } from './filters';

/** What must hold of a resource of one type. */
export interface Criterion {
  match: Match;
  /** It is about the resource alone, and needs no look at others. */
  isAlone: boolean;
}

/** What a subscription listens for. */
export interface Listener {
  subscription: CompiledSubscription;
  /** The topic's URL; undefined for R4 criteria. */
  topic: string | undefined;
  /** By type. A type that is not here is of no interest. */
  criteria: ReadonlyMap<ResourceType, Criterion>;
}

/** R4 criteria are one search; a topic's filters are searches that narrow it. One that no longer parses listens for nothing. */
export function listenerOf(
  subscription: CompiledSubscription,
  topics: readonly CompiledTopic[],
): Listener | undefined {
  const { form, practices, resource } = subscription;
  if (form.kind === 'vendor') return undefined;
  try {
    if (form.kind === 'r4' || form.topic === undefined) {
      const [type = '', query = ''] = resource.criteria.split(/\?(.*)/s, 2) as [ResourceType, string?];
      const matches = parseSearch(type as ResourceType, query).targets.map(({ match }) => match);
      return {
        subscription,
        topic: undefined,
        criteria: new Map([[type as ResourceType, criterionOf(matches)]]),
      };
    }
    const found = findTopic(topics, ({ topic }) => topic, form.topic, practices);
    if (found === undefined) return undefined;
    const matches = new Map<ResourceType, Match[]>(found.topic.triggers.map(({ type }) => [type, []]));
    for (const filter of filtersOf(resource, found.topic))
      matches.get(filter.type)?.push(...searchOf(filter).targets.map(({ match }) => match));
    return {
      subscription,
      topic: found.topic.url,
      criteria: new Map([...matches].map(([type, all]) => [type, criterionOf(all)])),
    };
  } catch {
    return undefined;
  }
}

function criterionOf(matches: readonly Match[]): Criterion {
  const match = allOf(matches);
  return { match, isAlone: !needsDatabase(match) };
}
