import type { ResourceType } from '@medplum/fhirtypes';
import { ProblemError } from '../../../fhir';
import type { StoredVersion } from '../../../store';
import { eyes, isFiltered, presentFor, refuseHidden } from '../access';
import { criteriaOf, matchOne, requireSearch, whileTrue } from '../conditional';
import type { FhirContext } from '../context';
import { commitRead, conditionOn, settled } from '../preconditions';
import type { FhirRequest, FhirResponse } from '../request';
import { one, target, targetType } from '../target';
import { traced } from '../trace';

/** Deletes; the history stays. Deleting what never was is 204 as well. https://hl7.org/fhir/R4/http.html#delete */
export async function remove(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const { type, id } = target(request);
  return settled(async () => {
    const present = await presentFor(context, request, type, id, 'd');
    if (present === undefined) await refuseHidden(request, type, id);
    const condition = conditionOn(request, present);
    if (present === undefined || present.deleted) return gone(request);
    const ifVersion = condition ?? (isFiltered(context, request, type, 'd') ? present.version : undefined);
    const change = { kind: 'delete' as const, type, id, ...(ifVersion !== undefined && { ifVersion }) };
    const committed =
      ifVersion === undefined
        ? one(await request.records.commit([change], traced(request.x)))
        : await commitRead(request, change, traced(request.x));
    return gone(request, committed.version);
  });
}

/** 204, or what the caller prefers to nothing. https://hl7.org/fhir/R4/http.html#return */
export function gone(request: FhirRequest, version?: number): FhirResponse {
  const headers: Record<string, string> = version === undefined ? {} : { ETag: `W/"${version}"` };
  if (request.prefer.return !== 'OperationOutcome') return { status: 204, written: true, headers };
  const diagnostics = version === undefined ? 'There was nothing to delete.' : 'Deleted.';
  return {
    status: 200,
    written: true,
    headers,
    issues: [{ severity: 'information', code: 'informational', diagnostics }],
  };
}

/** Deletes what the criteria match: one, or several where configured. https://hl7.org/fhir/R4/http.html#3.1.0.7.1 */
export async function removeMatching(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const type = targetType(request);
  requireSearch(context, request, type);
  return whileTrue(context, type, request.query, async (tx) => {
    const inside = { ...request, records: tx };
    const found = await matchesToDelete(context, inside, type);
    if (found.length === 0) conditionOn(request, undefined);
    for (const each of found) {
      conditionOn(request, each);
      await presentFor(context, inside, type, each.id, 'd');
    }
    if (found.length === 0) return gone(request);
    const changes = found.map(({ id, version }) => ({
      kind: 'delete' as const,
      type,
      id,
      ifVersion: version,
    }));
    const committed = await tx.commit(changes, traced(request.x));
    return gone(request, committed.length === 1 ? committed[0]?.version : undefined);
  });
}

async function matchesToDelete(
  context: FhirContext,
  request: FhirRequest,
  type: ResourceType,
): Promise<StoredVersion[]> {
  if (!context.limits.deleteMultiple) {
    const match = await matchOne(context, request, type, request.query);
    return match === undefined ? [] : [match];
  }
  const criteria = { ...criteriaOf(context, type, request.query), count: 1000 };
  const { matches, next } = await request.records.search(eyes(context, request, 's'), criteria);
  if (next !== undefined)
    throw new ProblemError('precondition-failed', 'More than 1,000 resources match; delete fewer at a time.');
  return matches;
}
