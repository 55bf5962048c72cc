import type { ResourceType } from '@medplum/fhirtypes';
import { ProblemError } from '../../fhir';
import { parseSearch, selfLink } from '../../search';
import type { StoredVersion, StoreTransaction } from '../../store';
import { eyes, requirePermission } from './access';
import type { FhirContext } from './context';
import type { FhirRequest } from './request';

/** Parameters that shape a result and do not select: alone they are no criteria. */
const SHAPING = new Set([
  '_count',
  '_sort',
  '_total',
  '_summary',
  '_elements',
  '_format',
  '_pretty',
  '_include',
  '_revinclude',
  '_explain',
]);

/** Criteria of a conditional interaction; always strict, never empty. https://hl7.org/fhir/R4/http.html#ccreate */
export function criteriaOf(
  context: FhirContext,
  type: ResourceType,
  query: string | readonly [string, string][],
) {
  const pairs = typeof query === 'string' ? [...new URLSearchParams(query.replace(/^.*\?/, ''))] : [...query];
  const criteria = pairs.filter(([name]) => !SHAPING.has(name));
  if (criteria.length === 0) {
    throw new ProblemError(
      'precondition-failed',
      'A conditional interaction needs at least one search criterion.',
    );
  }
  return parseSearch(type, [...criteria, ['_count', '2']], { baseUrl: context.baseUrl });
}

/** The one match, none (undefined), or 412 when several match. */
export async function matchOne(
  context: FhirContext,
  request: FhirRequest,
  type: ResourceType,
  query: string | readonly [string, string][],
): Promise<StoredVersion | undefined> {
  const { matches } = await request.records.search(
    eyes(context, request, 's'),
    criteriaOf(context, type, query),
  );
  if (matches.length > 1) {
    throw new ProblemError(
      'precondition-failed',
      `The criteria match several ${type} resources; make them more precise.`,
    );
  }
  return matches[0];
}

/**
 * Runs work that depends on a search staying true: in a transaction that no other one with the same criteria can
 * overlap, so that concurrent conditional creates with one criterion make one resource.
 */
export function whileTrue<T>(
  context: FhirContext,
  type: ResourceType,
  query: string | readonly [string, string][],
  work: (tx: StoreTransaction) => Promise<T>,
): Promise<T> {
  const key = `${type}?${selfLink(criteriaOf(context, type, query))}`;
  return context.store.transaction(async (tx) => {
    await tx.lock(key);
    return work(tx);
  });
}

/** Conditional interactions search, so they need the `s` permission too. */
export function requireSearch(context: FhirContext, request: FhirRequest, type: ResourceType): void {
  requirePermission(context, request, type, 's');
}
