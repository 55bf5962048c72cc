import type { Resource } from '@medplum/fhirtypes';
import { ProblemError, validateResource } from '../fhir';
import type { Store, WriteContext } from '../store';

/** Changes that one commit of the transaction takes. */
const CHUNK = 2_000;

/**
 * Writes resources at their ids, all or none; of several with one id the last counts.
 * @returns how many resources of each type were written
 * @throws ProblemError invalid naming the first element that is not valid, and why
 */
export async function writeAll(
  store: Store,
  resources: readonly (Resource & { id: string })[],
  context: WriteContext,
): Promise<Record<string, number>> {
  const unique = [
    ...new Map(resources.map((resource) => [`${resource.resourceType}/${resource.id}`, resource])).values(),
  ];
  unique.forEach(requireSound);
  await store.transaction(async (tx) => {
    for (let at = 0; at < unique.length; at += CHUNK) {
      const part = unique.slice(at, at + CHUNK);
      await tx.commit(
        part.map((resource) => ({ kind: 'put' as const, resource })),
        context,
      );
    }
  });
  const counts: Record<string, number> = {};
  for (const { resourceType } of unique) counts[resourceType] = (counts[resourceType] ?? 0) + 1;
  return counts;
}

/** The error is one line for an operator, who sees no list of issues. */
function requireSound(resource: Resource): void {
  const fault = validateResource(resource).find(({ severity }) => severity === 'error');
  if (fault === undefined) return;
  throw new ProblemError(
    'invalid',
    `${fault.expression?.[0] ?? resource.resourceType}: ${fault.diagnostics ?? ''}`,
  );
}
