/** The proof that travels with each event: an extension of ours on the event (NDJSON) or on its Bundle entry. */

export const PROOF_URL = 'https://crosswalk.example/fhir/StructureDefinition/audit-proof';

export interface Proof {
  /** Position in the log, from 0. */
  sequence: number;
  /** RFC 9162 inclusion proof, from the leaf up: hashes of 32 bytes, base64. */
  path: string;
  /** Id of the event that follows in this export. */
  next?: string;
  /** On the last event of NDJSON and CSV: the signed manifest. */
  manifest?: string;
}

interface Extension {
  url?: unknown;
  extension?: unknown;
  [value: string]: unknown;
}

/** The extension as it is written, without spaces: none of its parts has anything to escape. */
export function proofText({ sequence, path, next, manifest }: Proof): string {
  const more =
    (next === undefined ? '' : `,{"url":"next","valueId":"${next}"}`) +
    (manifest === undefined ? '' : `,{"url":"manifest","valueString":"${manifest}"}`);
  return `{"url":"${PROOF_URL}","extension":[{"url":"sequence","valueString":"${sequence}"},{"url":"path","valueBase64Binary":"${path}"}${more}]}`;
}

/** Takes the proof out of an element: the element without it, and the proof when it has one of the right form. */
export function takeProof(element: Record<string, unknown>): {
  rest: Record<string, unknown>;
  proof: Proof | undefined;
} {
  const { extension, ...rest } = element;
  if (!Array.isArray(extension)) return { rest: element, proof: undefined };
  const all = extension as Extension[];
  const others = all.filter((candidate) => candidate.url !== PROOF_URL);
  const ours = all.filter((candidate) => candidate.url === PROOF_URL);
  return {
    rest: others.length > 0 ? { ...rest, extension: others } : rest,
    proof: ours.length === 1 ? readProof(ours[0]) : undefined,
  };
}

function readProof(extension: Extension | undefined): Proof | undefined {
  if (extension === undefined || !Array.isArray(extension.extension)) return undefined;
  const parts = extension.extension as Extension[];
  const value = (url: string, kind: string): string | undefined => {
    const found = parts.find((part) => part.url === url)?.[kind];
    return typeof found === 'string' ? found : undefined;
  };
  const next = value('next', 'valueId');
  const manifest = value('manifest', 'valueString');
  const known = 2 + (next === undefined ? 0 : 1) + (manifest === undefined ? 0 : 1);
  if (parts.length !== known || Object.keys(extension).length !== 2) return undefined;
  return proofOf(value('sequence', 'valueString'), value('path', 'valueBase64Binary'), next, manifest);
}

/** A proof from its texts; undefined when one of them has the wrong form. */
export function proofOf(
  sequence: string | undefined,
  path: string | undefined,
  next: string | undefined,
  manifest: string | undefined,
): Proof | undefined {
  if (sequence === undefined || !/^(?:0|[1-9]\d{0,15})$/.test(sequence)) return undefined;
  if (path === undefined || Buffer.from(path, 'base64').toString('base64') !== path) return undefined;
  return {
    sequence: Number(sequence),
    path,
    ...(next === undefined ? {} : { next }),
    ...(manifest === undefined ? {} : { manifest }),
  };
}
