import type { OperationOutcomeIssue, Resource, ResourceType } from '@medplum/fhirtypes';
import { ProblemError } from '../../../fhir';
import type { Committed } from '../../../store';
import { presentFor, requireRow } from '../access';
import { acceptResource } from '../body';
import { matchOne, requireSearch, whileTrue } from '../conditional';
import type { FhirContext } from '../context';
import { commitRead, conditionOn, settled } from '../preconditions';
import type { FhirRequest, FhirResponse } from '../request';
import { bodyFor, one, target, targetType, versionOf } from '../target';
import { traced } from '../trace';

type WithId = Resource & { id: string };

/** Updates, or creates at the client's id. https://hl7.org/fhir/R4/http.html#update */
export async function update(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const { type, id } = target(request);
  const resource = withId(bodyFor(context, request, type), id);
  const issues = acceptResource(context, resource, type);
  return settled(async () => {
    const ifVersion = await judgedVersion(context, request, resource);
    const change = { kind: 'put' as const, resource, ...(ifVersion !== undefined && { ifVersion }) };
    const committed =
      ifVersion === undefined
        ? one(await request.records.commit([change], traced(request.x)))
        : await commitRead(request, change, traced(request.x));
    return written(committed, issues);
  });
}

/**
 * Judges a put by scopes and preconditions. @returns the version it must replace (0 for none) where that matters:
 * undefined when the caller set no condition and may write whatever is there.
 */
export async function judgedVersion(
  context: FhirContext,
  request: FhirRequest,
  resource: WithId,
): Promise<number | undefined> {
  const type: ResourceType = resource.resourceType;
  const { principal } = request.x;
  const { ifMatch, ifNoneMatch } = request.headers;
  const isFree = (['c', 'u'] as const).every((letter) => context.rowsFor(principal, type, letter) === true);
  if (isFree && ifMatch === undefined && ifNoneMatch === undefined) return undefined;
  const present = await presentFor(context, request, type, resource.id, 'u');
  const creates = present === undefined || present.deleted;
  requireRow(context, request, creates ? 'c' : 'u', resource);
  const condition = conditionOn(request, present);
  return condition ?? (isFree ? undefined : (present?.version ?? 0));
}

/** Updates what the criteria match, or creates. https://hl7.org/fhir/R4/http.html#cond-update */
export async function updateMatching(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const type = targetType(request);
  requireSearch(context, request, type);
  const resource = bodyFor(context, request, type);
  const issues = acceptResource(context, resource, type);
  return whileTrue(context, type, request.query, async (tx) => {
    const inside = { ...request, records: tx };
    const found = await matchOne(context, inside, type, request.query);
    const id = found?.id ?? resource.id;
    if (found !== undefined && resource.id !== undefined && resource.id !== found.id) throw anotherId();
    if (id === undefined) {
      conditionOn(request, undefined);
      requireRow(context, request, 'c', resource);
      return written(one(await tx.commit([{ kind: 'create', resource }], traced(request.x))), issues);
    }
    const named = { ...resource, id };
    const ifVersion = await judgedVersion(context, inside, named);
    if (found === undefined) await refuseTaken(inside, type, id);
    const change = { kind: 'put' as const, resource: named, ...(ifVersion !== undefined && { ifVersion }) };
    return written(one(await tx.commit([change], traced(request.x))), issues);
  });
}

/** A conditional update whose criteria match nothing creates; it must not land on what has the id already. */
export async function refuseTaken(request: FhirRequest, type: ResourceType, id: string): Promise<void> {
  const taken = await request.records.read(request.x.principal.viewer, type, id);
  if (taken === undefined || taken.deleted) return;
  throw new ProblemError(
    'conflict',
    `The criteria match no ${type}, but there is one with the id in the body.`,
  );
}

export function anotherId(): ProblemError {
  return new ProblemError(
    'malformed',
    'The id in the body is not the id of the resource that the criteria match.',
  );
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

function withId(resource: Resource, id: string): WithId {
  if (resource.resourceType === 'Binary' && resource.id === undefined) return { ...resource, id };
  if (resource.id !== id) {
    const what = resource.id === undefined ? 'has no id' : 'has another id than the path';
    throw new ProblemError('malformed', `The resource ${what}; an update needs the same id in both.`);
  }
  return resource as WithId;
}
