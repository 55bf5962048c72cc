import type { BundleEntry, Resource, ResourceType } from '@medplum/fhirtypes';
import { parseReference, ProblemError, visitReferences } from '../../../fhir';
import { matchOne, requireSearch } from '../conditional';
import type { FhirContext } from '../context';
import type { FhirRequest } from '../request';

/** Conditional references in the resources of a transaction, as written: `Patient?identifier=...`. */
export function conditionalReferences(resources: readonly Resource[]): string[] {
  const found = new Set<string>();
  for (const resource of resources) {
    visitReferences(resource, ({ reference }) => {
      if (reference !== undefined && parseReference(reference).kind === 'conditional') found.add(reference);
    });
  }
  return [...found];
}

/**
 * Each conditional reference with what it means: exactly one match, or the transaction fails.
 * https://hl7.org/fhir/R4/http.html#trules
 */
export async function resolveConditional(
  context: FhirContext,
  request: FhirRequest,
  references: readonly string[],
): Promise<Map<string, string>> {
  const resolved = new Map<string, string>();
  for (const text of references) {
    const parsed = parseReference(text);
    if (parsed.kind !== 'conditional') continue;
    const type = parsed.type as ResourceType;
    requireSearch(context, request, type);
    const match = await matchOne(context, request, type, parsed.query);
    if (match === undefined) {
      throw new ProblemError('precondition-failed', `A conditional reference to ${type} matches nothing.`);
    }
    resolved.set(text, `${type}/${match.id}`);
  }
  return resolved;
}

/** Full URLs that entries of one bundle share: such a bundle is refused. */
export function duplicateFullUrls(entries: readonly BundleEntry[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { fullUrl } of entries) {
    if (fullUrl === undefined) continue;
    if (seen.has(fullUrl)) twice.add(fullUrl);
    seen.add(fullUrl);
  }
  return [...twice];
}
