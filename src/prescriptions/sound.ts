import type { Resource } from '@medplum/fhirtypes';
import { ProblemError, validateResource } from '../fhir';
import type { Change } from '../store';

/** A create with its id given. */
export function created(resource: Resource & { id: string }, share?: readonly string[]): Change {
  return { kind: 'create', resource, id: resource.id, ...(share !== undefined && { share }) };
}

/** A new version. */
export function changed(resource: Resource & { id?: string }): Change {
  return { kind: 'put', resource: { ...resource, id: resource.id ?? '' } };
}

/**
 * Holds what is about to be written to R4 and to our profiles.
 * @throws ProblemError invalid (422) with the faults, without values.
 */
export function sound(changes: readonly Change[]): readonly Change[] {
  const faults = changes.flatMap((change) => (change.kind === 'delete' ? [] : faultsOf(change.resource)));
  if (faults.length === 0) return changes;
  throw new ProblemError('invalid', 'What was sent cannot be kept as FHIR', { issues: faults });
}

function faultsOf(resource: Resource): ReturnType<typeof validateResource> {
  return validateResource(resource).filter(({ severity }) => severity === 'error' || severity === 'fatal');
}
