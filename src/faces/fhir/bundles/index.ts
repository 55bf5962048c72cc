import type { Bundle } from '@medplum/fhirtypes';
import { ProblemError } from '../../../fhir';
import { readResource } from '../body';
import type { FhirContext } from '../context';
import type { FhirRequest, FhirResponse } from '../request';
import { batch } from './batch';
import { transaction } from './transaction';

/** A batch or transaction posted to the base. https://hl7.org/fhir/R4/http.html#transaction */
export async function bundle(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const body = readResource(request);
  if (body.resourceType !== 'Bundle')
    throw new ProblemError('malformed', 'Post a Bundle of type batch or transaction here.');
  return { status: 200, resource: await processBundle(context, request, body) };
}

/** Runs a Bundle of type batch or transaction. */
export async function processBundle(
  context: FhirContext,
  request: FhirRequest,
  body: Bundle,
): Promise<Bundle> {
  const entries = body.entry ?? [];
  if (!Array.isArray(entries)) throw new ProblemError('malformed', 'Bundle.entry must be an array.');
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
