import type { ResourceType } from '@medplum/fhirtypes';
import { ProblemError } from '../../../fhir';
import type { StoredVersion } from '../../../store';
import { criteriaOf, matchOne, requirePermission, requireSearch, whileTrue } from '../conditional';
import type { FhirContext } from '../context';
import { expectedVersion } from '../preconditions';
import type { FhirRequest, FhirResponse } from '../request';
import { one, target, targetType } from '../target';
import { traced } from '../trace';

/** Deletes; the history stays. Deleting what never was is 204 as well. https://hl7.org/fhir/R4/http.html#delete */
export async function remove(_context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const { type, id } = target(request);
  const ifVersion = expectedVersion(request);
  const present = await request.records.read(request.x.principal.viewer, type, id);
  if (present === undefined || present.deleted) {
    if (ifVersion !== undefined) throw new ProblemError('precondition-failed', `There is no such version of this ${type}.`);
    return { status: 204 };
  }
  const change = { kind: 'delete' as const, type, id, ...(ifVersion !== undefined && { ifVersion }) };
  const gone = one(await request.records.commit([change], traced(request.x)));
  return { status: 204, headers: { ETag: `W/"${gone.version}"` } };
}

/** Deletes what the criteria match: one, or several where configured. https://hl7.org/fhir/R4/http.html#3.1.0.7.1 */
export async function removeMatching(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const type = targetType(request);
  requireSearch(context, request, type);
  requirePermission(context, request, type, 'd');
  return whileTrue(context, type, request.query, async (tx) => {
    const found = context.limits.deleteMultiple
      ? await allMatches(tx, request, type)
      : [await matchOne(tx, request, type, request.query)].filter((each) => each !== undefined);
    if (found.length === 0) return { status: 204 };
    const changes = found.map(({ id, version }) => ({ kind: 'delete' as const, type, id, ifVersion: version }));
    await tx.commit(changes, traced(request.x));
    return { status: 204 };
  });
}

async function allMatches(
  records: FhirRequest['records'],
  request: FhirRequest,
  type: ResourceType,
): Promise<StoredVersion[]> {
  const criteria = { ...criteriaOf(type, request.query), count: 1000 };
  const { matches, next } = await records.search(request.x.principal.viewer, criteria);
  if (next !== undefined) throw new ProblemError('precondition-failed', 'More than 1,000 resources match; delete fewer at a time.');
  return matches;
}
