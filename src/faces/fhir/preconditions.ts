import { ProblemError } from '../../fhir/problem';
import type { FhirRequest } from './request';

/**
 * Version that a write is conditional on. https://hl7.org/fhir/R4/http.html#concurrency
 * `If-Match: W/"3"` gives 3; `If-None-Match: *` (create only) gives 0; neither gives undefined.
 */
export function expectedVersion(request: FhirRequest): number | undefined {
  const { ifMatch, ifNoneMatch } = request.headers;
  if (ifMatch !== undefined) return parseETag(ifMatch, 'If-Match');
  if (ifNoneMatch?.trim() === '*') return 0;
  return undefined;
}

/** Whether the caller has this version already, so that 304 is the answer. */
export function notModified(request: FhirRequest, version: number, lastUpdated: Date): boolean {
  const { ifNoneMatch, ifModifiedSince } = request.headers;
  if (ifNoneMatch !== undefined) {
    return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || stripETag(tag) === String(version));
  }
  if (ifModifiedSince === undefined) return false;
  const since = Date.parse(ifModifiedSince);
  return !Number.isNaN(since) && Math.floor(lastUpdated.getTime() / 1000) * 1000 <= since;
}

function parseETag(tag: string, header: string): number {
  const text = stripETag(tag);
  if (!/^\d{1,15}$/.test(text)) {
    // No version of ours looks like this, so it cannot be the present one.
    throw new ProblemError('precondition-failed', `${header} does not name a version of this resource; use the ETag of a read, such as W/"1".`);
  }
  return Number(text);
}

function stripETag(tag: string): string {
  return tag.trim().replace(/^W\//, '').replace(/^"(.*)"$/, '$1');
}
