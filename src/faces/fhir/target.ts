import type { Binary, Resource, ResourceType } from '@medplum/fhirtypes';
import { ProblemError, relativeToOwn } from '../../fhir';
import type { Committed, StoredVersion } from '../../store';
import { isFhirType, mediaType, readResource } from './body';
import type { FhirContext } from './context';
import type { FhirRequest, FhirResponse } from './request';

/** Type and id that the path names; the router guarantees them for instance interactions. */
export function target(request: FhirRequest): { type: ResourceType; id: string } {
  const { type, id } = request;
  if (type === undefined || id === undefined)
    throw new ProblemError('malformed', 'The path names no resource.');
  return { type, id };
}

/** Type that the path names. */
export function targetType(request: FhirRequest): ResourceType {
  if (request.type === undefined) throw new ProblemError('malformed', 'The path names no resource type.');
  return request.type;
}

/** What the answer's ETag, Last-Modified and Location say of a stored version. */
export function versionOf(found: StoredVersion): NonNullable<FhirResponse['version']> {
  return { id: found.id, type: found.type, version: found.version, lastUpdated: found.lastUpdated };
}

/** The resource of the request's body, its references to this server made relative. */
export function bodyFor({ baseUrl }: FhirContext, request: FhirRequest, type: ResourceType): Resource {
  const resource = contentFor(request, type) ?? readResource(request);
  relativeToOwn(resource, baseUrl);
  return resource;
}

/** Raw content becomes a Binary. https://hl7.org/fhir/R4/binary.html#rest */
function contentFor({ body, headers }: FhirRequest, type: ResourceType): Binary | undefined {
  const contentType = mediaType(headers.contentType);
  if (type !== 'Binary' || body === undefined || 'resource' in body || isFhirType(contentType))
    return undefined;
  const { securityContext } = headers;
  return {
    resourceType: 'Binary',
    contentType: contentType || 'application/octet-stream',
    ...(securityContext !== undefined && { securityContext: { reference: securityContext } }),
    data: body.bytes.toString('base64'),
  };
}

/** The one result of a commit of one change. */
export function one(committed: readonly Committed[]): Committed {
  const [first] = committed;
  if (first === undefined) throw new Error('A commit of one change gave no result.');
  return first;
}
