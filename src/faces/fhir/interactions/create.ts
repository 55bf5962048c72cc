import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import type { Committed } from '../../../store';
import { requireRow } from '../access';
import { acceptResource } from '../body';
import { matchOne, requireSearch, whileTrue } from '../conditional';
import type { FhirContext } from '../context';
import type { FhirRequest, FhirResponse } from '../request';
import { bodyFor, one, targetType, versionOf } from '../target';
import { traced } from '../trace';

/** Creates with an id of the server's. https://hl7.org/fhir/R4/http.html#create */
export async function create(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const type = targetType(request);
  const resource = bodyFor(context, request, type);
  const issues = acceptResource(context, resource, type);
  requireRow(context, request, 'c', resource);
  if (request.headers.ifNoneExist !== undefined)
    return createIfNone(context, request, resource, request.headers.ifNoneExist, issues);
  const committed = one(await request.records.commit([{ kind: 'create', resource }], traced(request.x)));
  return created(committed, issues);
}

/** Creates unless something matches; then that is the answer. https://hl7.org/fhir/R4/http.html#ccreate */
async function createIfNone(
  context: FhirContext,
  request: FhirRequest,
  resource: Resource,
  criteria: string,
  issues: OperationOutcomeIssue[],
): Promise<FhirResponse> {
  const type = targetType(request);
  requireSearch(context, request, type);
  return whileTrue(context, type, criteria, async (tx) => {
    const found = await matchOne(context, { ...request, records: tx }, type, criteria);
    if (found !== undefined)
      return { status: 200, written: true, resource: found.resource, version: versionOf(found) };
    return created(one(await tx.commit([{ kind: 'create', resource }], traced(request.x))), issues);
  });
}

function created(committed: Committed, issues: OperationOutcomeIssue[]): FhirResponse {
  return { status: 201, written: true, resource: committed.resource, version: versionOf(committed), issues };
}
