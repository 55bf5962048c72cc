import type { Basic, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { isResourceType, ProblemError } from '../../fhir';
import { dependsOnOthers, parseSearch } from '../../search';
import { readTopic, type Shape, type Topic, type Trigger } from './topic';
import { compileTrigger } from './trigger';

const INTERACTIONS = ['create', 'update', 'delete'];

/** Refuses a posted topic that could never fire or never be used. @throws ProblemError 422 naming each fault. */
export function checkTopic(basic: Basic): Topic {
  const topic = readTopic(basic, undefined);
  const faults = [
    ...(/^[a-z][a-z0-9+.-]*:\S+$/i.test(topic.url) ? [] : ['The topic needs a canonical url.']),
    ...(topic.triggers.length > 0
      ? []
      : ['The topic needs a resourceTrigger; other triggers are not supported.']),
    ...topic.triggers.flatMap(triggerFaults),
    ...topic.filters
      .filter(({ parameter }) => parameter === '')
      .map(() => 'canFilterBy needs a filterParameter.'),
    ...topic.shapes.flatMap(shapeFaults),
  ];
  if (faults.length === 0) return topic;
  const issues = faults.map((diagnostics): OperationOutcomeIssue => ({
    severity: 'error',
    code: 'value',
    diagnostics,
    expression: ['Basic.extension'],
  }));
  throw new ProblemError('invalid', faults.join(' '), { issues });
}

function triggerFaults(trigger: Trigger): string[] {
  const { type, interactions, query } = trigger;
  if (!isResourceType(type)) return ['resourceTrigger.resource must be a resource type of R4.'];
  if (interactions.some((each) => !INTERACTIONS.includes(each)))
    return ['supportedInteraction must be create, update or delete.'];
  try {
    compileTrigger(trigger);
    const criteria = [query?.previous, query?.current].flatMap((each) => each ?? []);
    const alone = criteria.every(
      (each) => !dependsOnOthers(parseSearch(type, each.replace(/^[A-Za-z]*\?/, ''))),
    );
    return alone ? [] : ['queryCriteria must be about the resource alone: no chains, _has, _list or :in.'];
  } catch (error) {
    return [`A criterion of the trigger on ${type} cannot be understood: ${(error as Error).message}`];
  }
}

function shapeFaults(shape: Shape): string[] {
  if (!isResourceType(shape.type)) return ['notificationShape.resource must be a resource type of R4.'];
  return [];
}
