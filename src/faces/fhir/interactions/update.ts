import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { ProblemError } from '../../../fhir';
import type { Committed } from '../../../store';
import { acceptResource } from '../body';
import { matchOne, requirePermission, requireSearch, whileTrue } from '../conditional';
import type { FhirContext } from '../context';
import { expectedVersion } from '../preconditions';
import type { FhirRequest, FhirResponse } from '../request';
import { bodyFor, one, target, targetType, versionOf } from '../target';
import { traced } from '../trace';

/** Updates, or creates at the client's id. https://hl7.org/fhir/R4/http.html#update */
export async function update(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const { type, id } = target(request);
  const resource = withId(bodyFor(request, type), id);
  const issues = acceptResource(context, resource, type);
  const present = await request.records.read(request.x.principal.viewer, type, id);
  const creates = present === undefined || present.deleted;
  requirePermission(context, request, type, creates ? 'c' : 'u');
  const ifVersion = expectedVersion(request);
  if (creates && ifVersion !== undefined && ifVersion > 0 && present === undefined) {
    throw new ProblemError('precondition-failed', `There is no ${type} with this id, so no version of it can match.`);
  }
  const change = { kind: 'put' as const, resource, ...(ifVersion !== undefined && { ifVersion }) };
  return written(one(await request.records.commit([change], traced(request.x))), issues);
}

/** Updates what the criteria match, or creates. https://hl7.org/fhir/R4/http.html#cond-update */
export async function updateMatching(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const type = targetType(request);
  requireSearch(context, request, type);
  const resource = bodyFor(request, type);
  const issues = acceptResource(context, resource, type);
  return whileTrue(context, type, request.query, async (tx) => {
    const found = await matchOne(tx, request, type, request.query);
    requirePermission(context, request, type, found === undefined ? 'c' : 'u');
    if (found !== undefined && resource.id !== undefined && resource.id !== found.id) {
      throw new ProblemError('malformed', 'The id in the body is not the id of the resource that the criteria match.');
    }
    const ifVersion = expectedVersion(request);
    const id = found?.id ?? resource.id;
    const change =
      id === undefined
        ? { kind: 'create' as const, resource }
        : { kind: 'put' as const, resource: { ...resource, id }, ...(ifVersion !== undefined && { ifVersion }) };
    return written(one(await tx.commit([change], traced(request.x))), issues);
  });
}

/** The answer to a write of an existing or new resource. */
export function written(committed: Committed, issues: OperationOutcomeIssue[]): FhirResponse {
  return {
    status: committed.outcome === 'created' ? 201 : 200,
    written: true,
    resource: committed.resource,
    version: versionOf(committed),
    issues,
  };
}

function withId<T extends Resource>(resource: T, id: string): T & { id: string } {
  if (resource.resourceType === 'Binary' && resource.id === undefined) return { ...resource, id };
  if (resource.id !== id) {
    const what = resource.id === undefined ? 'has no id' : 'has another id than the path';
    throw new ProblemError('malformed', `The resource ${what}; an update needs the same id in both.`);
  }
  return resource as T & { id: string };
}

