import type { Bundle } from '@medplum/fhirtypes';
import { ProblemError } from '../../../fhir';
import { readResource } from '../body';
import type { FhirContext } from '../context';
import type { FhirRequest, FhirResponse } from '../request';
import { batch } from './batch';
import { transaction } from './transaction';

export { judge } from './transaction';

/** A batch or transaction posted to the base. https://hl7.org/fhir/R4/http.html#transaction */
export async function bundle(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const body = readResource(request);
  if (body.resourceType !== 'Bundle')
    throw new ProblemError('malformed', 'Post a Bundle of type batch or transaction here.');
  return { status: 200, resource: await processBundle(context, request, body) };
}

/** Entries are read before they are validated, so what they are read by must be there. */
function refuseShapeless(entries: readonly unknown[]): void {
  const at = entries.flatMap((entry, i) => (isShaped(entry) ? [] : `Bundle.entry[${i}]`));
  if (at.length === 0) return;
  const diagnostics = (place: string): string =>
    `${place} must be an object; its fullUrl a text, its request an object of texts, its resource one of FHIR R4.`;
  throw new ProblemError('malformed', diagnostics(at[0] ?? ''), {
    issues: at.map((place) => ({
      severity: 'error',
      code: 'structure',
      diagnostics: diagnostics(place),
      expression: [place],
    })),
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const ASKED = ['method', 'url', 'ifMatch', 'ifNoneMatch', 'ifModifiedSince', 'ifNoneExist'];

function isShaped(entry: unknown): boolean {
  if (!isObject(entry)) return false;
  const { fullUrl, request: asked = {}, resource } = entry;
  const isText = (value: unknown): boolean => value === undefined || typeof value === 'string';
  return (
    isText(fullUrl) &&
    isObject(asked) &&
    ASKED.every((name) => isText(asked[name])) &&
    (resource === undefined || (isObject(resource) && typeof resource['resourceType'] === 'string'))
  );
}

/** Runs a Bundle of type batch or transaction. */
export async function processBundle(
  context: FhirContext,
  request: FhirRequest,
  body: Bundle,
): Promise<Bundle> {
  const entries = body.entry ?? [];
  if (!Array.isArray(entries)) throw new ProblemError('malformed', 'Bundle.entry must be an array.');
  refuseShapeless(entries);
  if (entries.length > context.limits.entries) {
    throw new ProblemError('too-large', `A bundle may have ${context.limits.entries} entries; send several.`);
  }
  if (body.type === 'batch') {
    request.x.audit.interaction = 'batch';
    return batch(context, request, entries);
  }
  if (body.type === 'transaction') return transaction(context, request, entries);
  throw new ProblemError(
    'malformed',
    'Bundle.type must be batch or transaction; to store a Bundle, post it to /Bundle.',
  );
}
