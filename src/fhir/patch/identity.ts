/** A patch changes a resource, it does not make it another one. */
import type { Resource } from '@medplum/fhirtypes';
import { ProblemError } from '../problem';

/** @throws ProblemError 422 when the type or the id is not what it was */
export function requireSameResource(before: Resource, after: unknown): Resource {
  const isObject = typeof after === 'object' && after !== null && !Array.isArray(after);
  const { resourceType, id } = (isObject ? after : {}) as Partial<Resource>;
  if (resourceType !== before.resourceType || id !== before.id) {
    throw new ProblemError('invalid', 'A patch may change neither the type nor the id of a resource.');
  }
  return after as Resource;
}
