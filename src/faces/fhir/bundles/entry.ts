import type { BundleEntry, Resource } from '@medplum/fhirtypes';
import { outcomeOf, ProblemError } from '../../../fhir';
import type { Occasion } from '../../../http';
import { requirePermission } from '../access';
import type { FhirContext } from '../context';
import type { FhirRequest, FhirResponse } from '../request';
import type { Resolved } from '../interaction';
import { refuseUnknownParameters } from '../parameters';
import { summarized } from '../summary';
import { routed, splitUrl } from '../url';

/** One entry of a batch or transaction as the request that it is. */
export interface EntryRequest {
  index: number;
  entry: BundleEntry;
  resolved: Resolved;
  request: FhirRequest;
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** Reads `entry.request`; throws what the same request over HTTP would meet. https://hl7.org/fhir/R4/http.html#transaction */
export function readEntry(
  context: FhirContext,
  parent: FhirRequest,
  entry: BundleEntry,
  index: number,
): EntryRequest {
  const asked = entry.request;
  if (asked?.method === undefined || asked.url === undefined || !METHODS.has(asked.method)) {
    throw new ProblemError('malformed', `Bundle.entry[${index}].request needs a method and a url.`);
  }
  const method = asked.method === 'HEAD' ? 'GET' : (asked.method as FhirRequest['method']);
  const { segments, query } = splitUrl(relative(context.baseUrl, asked.url));
  if (segments.length === 0 && method === 'POST') {
    throw new ProblemError(
      'malformed',
      `Bundle.entry[${index}] is a bundle within a bundle; send it on its own.`,
    );
  }
  if (segments[0] === 'metadata')
    throw new ProblemError('malformed', `Bundle.entry[${index}]: Ask for metadata on its own.`);
  const resolved = context.resolve(method, segments);
  const x = childOccasion(parent.x, resolved);
  const request: FhirRequest = {
    ...parent,
    x,
    method,
    segments,
    query,
    ...routed(resolved),
    headers: {
      ...(asked.ifMatch !== undefined && { ifMatch: asked.ifMatch }),
      ...(asked.ifNoneMatch !== undefined && { ifNoneMatch: asked.ifNoneMatch }),
      ...(asked.ifModifiedSince !== undefined && { ifModifiedSince: asked.ifModifiedSince }),
      ...(asked.ifNoneExist !== undefined && { ifNoneExist: asked.ifNoneExist }),
    },
    nested: true,
  };
  delete request.body;
  if (entry.resource !== undefined) request.body = { resource: entry.resource };
  refuseUnknownParameters(request, resolved.interaction.parameters);
  if (resolved.interaction.permission !== undefined && resolved.type !== undefined) {
    requirePermission(context, request, resolved.type, resolved.interaction.permission);
  }
  return { index, entry, resolved, request };
}

/** One entry's part in the request: the same to the caller, with an audit entry of its own. */
function childOccasion(x: Occasion, { interaction, type, id }: Resolved): Occasion {
  const resources = type !== undefined && id !== undefined ? { resources: [`${type}/${id}`] } : {};
  return { ...x, audit: { ...interaction.audit, ...resources }, audited: false };
}

function relative(baseUrl: string, url: string): string {
  return url.startsWith(`${baseUrl}/`) ? url.slice(baseUrl.length) : url;
}

function shownOf(request: FhirRequest, { resource, written }: FhirResponse): Resource | undefined {
  if (written === true) return request.prefer.return === 'representation' ? resource : undefined;
  return resource === undefined ? undefined : summarized(request, resource);
}

/** The entry of the response bundle. */
export function responseEntry(
  context: FhirContext,
  request: FhirRequest,
  response: FhirResponse,
): BundleEntry {
  const { version, issues = [] } = response;
  const location =
    version === undefined ? undefined : `${version.type}/${version.id}/_history/${version.version}`;
  const shown = shownOf(request, response);
  const isTold =
    request.prefer.return === 'OperationOutcome' || issues.some(({ severity }) => severity !== 'information');
  return {
    ...(version !== undefined && { fullUrl: `${context.baseUrl}/${version.type}/${version.id}` }),
    ...(shown !== undefined && { resource: shown }),
    response: {
      status: String(response.status),
      ...(location !== undefined && response.written === true && { location }),
      ...(version !== undefined && {
        etag: `W/"${version.version}"`,
        lastModified: version.lastUpdated.toISOString(),
      }),
      ...(isTold && issues.length > 0 && { outcome: outcomeOf(issues) }),
    },
  };
}
