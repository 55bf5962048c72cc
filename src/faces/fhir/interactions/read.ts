import type { Binary } from '@medplum/fhirtypes';
import { ProblemError } from '../../../fhir';
import type { StoredVersion } from '../../../store';
import { eyes, unknown } from '../access';
import type { FhirContext } from '../context';
import { notModified } from '../preconditions';
import type { FhirRequest, FhirResponse } from '../request';
import { target, versionOf } from '../target';
import { wantsRaw } from '../negotiate';

/** Reads the present version. https://hl7.org/fhir/R4/http.html#read */
export async function read(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const { type, id } = target(request);
  const found = await request.records.read(eyes(context, request, 'r'), type, id);
  if (found === undefined) throw unknown(type);
  return show(request, found);
}

/** Reads one version. https://hl7.org/fhir/R4/http.html#vread */
export async function vread(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const { type, id } = target(request);
  const found = await request.records.readVersion(
    eyes(context, request, 'r'),
    type,
    id,
    request.version ?? 0,
  );
  if (found === undefined)
    throw new ProblemError('not-found', `There is no such version of a ${type} with this id.`);
  return show(request, found);
}

function show(request: FhirRequest, found: StoredVersion): FhirResponse {
  request.x.audit.resources = [`${found.type}/${found.id}/_history/${found.version}`];
  if (found.deleted) {
    throw new ProblemError('gone', `This ${found.type} was deleted.`, {
      headers: { ETag: `W/"${found.version}"` },
    });
  }
  const version = versionOf(found);
  if (notModified(request, found.version, found.lastUpdated)) return { status: 304, version };
  if (found.type === 'Binary' && wantsRaw(request))
    return { status: 200, version, ...rawContent(found.resource as Binary) };
  return { status: 200, resource: found.resource, version };
}

/** A Binary as the content it holds. https://hl7.org/fhir/R4/binary.html#rest */
function rawContent({
  contentType,
  data,
  securityContext,
}: Binary): Pick<FhirResponse, 'content' | 'headers'> {
  const context = securityContext?.reference;
  return {
    content: {
      type: contentType ?? 'application/octet-stream',
      bytes: Buffer.from(data ?? '', 'base64'),
    },
    ...(context !== undefined && { headers: { 'X-Security-Context': context } }),
  };
}
