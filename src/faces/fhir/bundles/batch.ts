import type { Bundle, BundleEntry } from '@medplum/fhirtypes';
import { outcomeOf, ProblemError } from '../../../fhir';
import { draftOf } from '../../../http';
import type { FhirContext } from '../context';
import type { FhirRequest } from '../request';
import { readEntry, responseEntry } from './entry';

/** Runs each entry alone, in order; one that fails harms no other. https://hl7.org/fhir/R4/http.html#transaction */
export async function batch(
  context: FhirContext,
  request: FhirRequest,
  entries: readonly BundleEntry[],
): Promise<Bundle> {
  const entry: BundleEntry[] = [];
  for (const [index, each] of entries.entries()) entry.push(await runAlone(context, request, each, index));
  return { resourceType: 'Bundle', type: 'batch-response', entry };
}

async function runAlone(
  context: FhirContext,
  parent: FhirRequest,
  entry: BundleEntry,
  index: number,
): Promise<BundleEntry> {
  let request = parent;
  try {
    const read = readEntry(context, parent, entry, index);
    request = read.request;
    const response = await read.resolved.interaction.handle(context, request);
    if (!request.x.audited) await context.trail.record(draftOf(request.x, '0'));
    return responseEntry(context, request, response);
  } catch (error) {
    const problem =
      error instanceof ProblemError
        ? error
        : new ProblemError('internal', 'This entry failed on our side.', { cause: error });
    if (request !== parent) {
      const outcomeText = `${problem.status} ${problem.code}`;
      await context.trail.record(draftOf(request.x, problem.status >= 500 ? '8' : '4', { outcomeText }));
    }
    return { response: { status: String(problem.status), outcome: outcomeOf(problem.issues) } };
  }
}
