/** Ids that the server assigns. */
import { randomBytes } from 'node:crypto';
import { ProblemError } from '../fhir';

/**
 * A UUID of version 7 (RFC 9562, 5.7): vendor faces promise UUIDs, and its leading milliseconds keep new documents
 * side by side in the `_id` index.
 */
export function timeOrderedUuid(now: number = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** @throws ProblemError 400 unless it has the form of https://hl7.org/fhir/R4/datatypes.html#id */
export function requireId(id: string): void {
  if (!/^[A-Za-z0-9\-.]{1,64}$/.test(id)) {
    throw new ProblemError('malformed', 'A resource id has 1 to 64 letters, digits, hyphens or dots.');
  }
}
