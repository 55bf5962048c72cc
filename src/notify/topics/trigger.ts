import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { compileFhirPath } from '../../fhir';
import { matchesInMemory, parseSearch, type SearchRequest } from '../../search';
import type { RecordChange } from '../types';
import type { QueryCriteria, Topic, Trigger } from './topic';

/** A topic ready to be held against changes. */
export interface CompiledTopic {
  topic: Topic;
  fires(change: RecordChange): boolean;
}

/** Compiles the triggers; one that cannot be evaluated never fires. */
export function compileTopic(topic: Topic): CompiledTopic {
  const triggers = topic.triggers.flatMap((trigger) => {
    try {
      return [compileTrigger(trigger)];
    } catch {
      return [];
    }
  });
  return { topic, fires: (change) => triggers.some((fires) => fires(change)) };
}

/** @throws ProblemError or FhirPathSyntaxError for criteria that cannot be understood. */
export function compileTrigger({
  type,
  interactions,
  query,
  fhirPath,
}: Trigger): (change: RecordChange) => boolean {
  const queryHolds = query === undefined ? () => true : compileQuery(type, query);
  const pathHolds = fhirPath === undefined ? () => true : compilePath(fhirPath);
  return ({ event, current, previous }) => {
    if (current.type !== type || !interactions.includes(event.interaction)) return false;
    const before = previous === undefined || previous.deleted ? undefined : previous.resource;
    const after = current.deleted ? undefined : current.resource;
    return queryHolds(before, after) && pathHolds(before, after);
  };
}

type Test = (before: Resource | undefined, after: Resource | undefined) => boolean;

/** With both criteria, `requireBoth` decides between and and or; a criterion that is not given does not count. */
function compileQuery(type: ResourceType, criteria: QueryCriteria): Test {
  const previous = searchOf(type, criteria.previous);
  const current = searchOf(type, criteria.current);
  return (before, after) => {
    const held = [
      ...(previous === undefined
        ? []
        : [before === undefined ? criteria.resultForCreate : matchesInMemory(previous, before)]),
      ...(current === undefined
        ? []
        : [after === undefined ? criteria.resultForDelete : matchesInMemory(current, after)]),
    ];
    if (held.length === 0) return true;
    return criteria.requireBoth ? held.every(Boolean) : held.some(Boolean);
  };
}

function searchOf(type: ResourceType, query: string | undefined): SearchRequest | undefined {
  return query === undefined ? undefined : parseSearch(type, query.replace(/^[A-Za-z]*\?/, ''));
}

function compilePath(expression: string): Test {
  const evaluate = compileFhirPath(expression);
  return (before, after) => {
    const context = after ?? before;
    if (context === undefined) return false;
    try {
      const [result] = evaluate(context, { resource: context, current: after ?? [], previous: before ?? [] });
      return result === true;
    } catch {
      return false; // the expression does not fit this resource
    }
  };
}
