import type { OperationOutcomeIssue, Parameters, Resource, ResourceType } from '@medplum/fhirtypes';
import {
  applyFhirPathPatch,
  applyJsonPatch,
  applyMergePatch,
  parseFhirJson,
  parseFhirXml,
  parseJson,
  ProblemError,
  relativeToOwn,
} from '../../../fhir';
import type { StoredVersion } from '../../../store';
import { presentFor, requireRow, unknown } from '../access';
import { acceptResource, mediaType, soundParameters } from '../body';
import { matchOne, requireSearch, whileTrue } from '../conditional';
import type { FhirContext } from '../context';
import { commitRead, conditionOn, settled } from '../preconditions';
import type { FhirRequest, FhirResponse } from '../request';
import { target, targetType } from '../target';
import { traced } from '../trace';
import { written } from './update';

type Patch = (resource: Resource) => Resource;

/** Changes parts of a resource: JSON Patch, JSON Merge Patch or FHIRPath Patch. https://hl7.org/fhir/R4/http.html#patch */
export async function patch(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const { type, id } = target(request);
  const apply = readPatch(request);
  return settled(() => patchPresent(context, request, type, id, apply));
}

/** The same on the one resource that criteria match. https://hl7.org/fhir/R4/http.html#cond-patch */
export async function patchMatching(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const type = targetType(request);
  requireSearch(context, request, type);
  const apply = readPatch(request);
  return whileTrue(context, type, request.query, async (tx) => {
    const inside = { ...request, records: tx };
    const found = await matchOne(context, inside, type, request.query);
    if (found === undefined) throw new ProblemError('not-found', `No ${type} matches the criteria.`);
    return patchPresent(context, inside, type, found.id, apply);
  });
}

async function patchPresent(
  context: FhirContext,
  request: FhirRequest,
  type: ResourceType,
  id: string,
  apply: Patch,
): Promise<FhirResponse> {
  const present = await presentFor(context, request, type, id, 'u');
  if (present === undefined) throw unknown(type);
  const { resource, issues } = patched(context, request, present, apply);
  const change = {
    kind: 'put' as const,
    resource,
    ifVersion: present.version,
    interaction: 'patch' as const,
  };
  return written(await commitRead(request, change, traced(request.x)), issues);
}

/** What the request's patch makes of a resource, validated, and the warnings that remain. */
export function patchedResource(context: FhirContext, request: FhirRequest, present: StoredVersion): Patched {
  return patched(context, request, present, readPatch(request));
}

interface Patched {
  resource: Resource & { id: string };
  issues: OperationOutcomeIssue[];
}

function patched(context: FhirContext, request: FhirRequest, present: StoredVersion, apply: Patch): Patched {
  if (present.deleted) throw new ProblemError('gone', `This ${present.type} was deleted.`);
  conditionOn(request, present);
  const resource = apply(present.resource);
  relativeToOwn(resource, context.baseUrl);
  if (resource.resourceType !== present.type || resource.id !== present.id) {
    throw new ProblemError('invalid', 'A patch cannot change the type or the id of a resource.');
  }
  const issues = acceptResource(context, resource, present.type);
  requireRow(context, request, 'u', resource);
  return { resource: { ...resource, id: present.id }, issues };
}

/** The patch in the body, by its media type; of a bundle entry, a Parameters or a Binary that holds a JSON Patch. */
function readPatch(request: FhirRequest): Patch {
  const { body } = request;
  if (body === undefined) throw new ProblemError('malformed', 'The request has no body; send a patch.');
  if ('resource' in body) return readPatchResource(body.resource);
  const type = mediaType(request.headers.contentType);
  switch (type) {
    case 'application/json-patch+json':
      return jsonPatch(body.text);
    case 'application/merge-patch+json':
      return mergePatch(body.text);
    case 'application/fhir+json':
    case 'application/json':
      return readPatchResource(parseFhirJson(body.text));
    case 'application/fhir+xml':
    case 'application/xml':
      return readPatchResource(parseFhirXml(body.text));
    default:
      throw new ProblemError(
        'unsupported-media-type',
        'Send application/json-patch+json, application/merge-patch+json, or Parameters as application/fhir+json.',
        {
          headers: {
            'Accept-Patch':
              'application/json-patch+json, application/merge-patch+json, application/fhir+json',
          },
        },
      );
  }
}

function readPatchResource(patch: Resource): Patch {
  if (patch.resourceType === 'Parameters') return fhirPathPatch(soundParameters(patch as Parameters));
  if (patch.resourceType === 'Binary' && mediaType(patch.contentType) === 'application/json-patch+json') {
    return jsonPatch(Buffer.from(patch.data ?? '', 'base64').toString('utf8'));
  }
  throw new ProblemError(
    'malformed',
    'A FHIRPath Patch is a Parameters resource; a JSON Patch in a bundle is a Binary.',
  );
}

/** Keys that are not allowed anywhere (`__proto__`) are refused here, before anything is applied. */
function jsonPatch(text: string): Patch {
  const patch = parseJson(text);
  return (resource) => applyJsonPatch(resource, patch);
}

function mergePatch(text: string): Patch {
  const patch = parseJson(text);
  return (resource) => applyMergePatch(resource, patch);
}

function fhirPathPatch(patch: Parameters): Patch {
  return (resource) => applyFhirPathPatch(resource, patch);
}
