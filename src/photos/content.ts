import type { Attachment, Binary, Media } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { referencedId } from '../fhir';
import type { StoreAccess, Viewer } from '../store';
import { FURTHER_PART } from './mapping';

/** Bytes of one Binary: a document of the database holds 16 MB, and base64 makes three bytes four. */
const PART = 10 * 1024 * 1024;

/** Bytes in the record: an attachment, and the Binaries that it leads to. */
export interface StoredBytes {
  attachment: Attachment;
  binaries: (Binary & { id: string })[];
}

/** Bytes cut into Binaries of the patient's. */
export function bytesInRecord(bytes: Buffer, contentType: string, patient: string): StoredBytes {
  const binaries: (Binary & { id: string })[] = [];
  for (let from = 0; from < bytes.length; from += PART) {
    binaries.push({
      resourceType: 'Binary',
      id: randomUUID(),
      contentType,
      securityContext: { reference: patient },
      data: bytes.toString('base64', from, Math.min(from + PART, bytes.length)),
    });
  }
  const [first, ...others] = binaries.map(({ id }) => `Binary/${id}`);
  const parts = others.map((reference) => ({ url: FURTHER_PART, valueReference: { reference } }));
  const attachment: Attachment = {
    ...(parts.length > 0 && { extension: parts }),
    contentType,
    url: first,
    size: bytes.length,
  };
  return { attachment, binaries };
}

/** The bytes of an attachment; undefined when they are not in this record. */
export async function bytesOf(
  access: StoreAccess,
  viewer: Viewer,
  attachment: Attachment,
): Promise<Buffer | undefined> {
  if (attachment.data !== undefined) return Buffer.from(attachment.data, 'base64');
  const further = (attachment.extension ?? []).flatMap(({ url, valueReference }) =>
    url === FURTHER_PART ? (valueReference ?? []) : [],
  );
  const ids = [{ reference: attachment.url }, ...further].map((one) => referencedId(one, 'Binary'));
  const parts: Buffer[] = [];
  for (const id of ids) {
    const binary = id === undefined ? undefined : await access.read<Binary>(viewer, 'Binary', id);
    if (binary?.resource.data === undefined) return undefined;
    parts.push(Buffer.from(binary.resource.data, 'base64'));
  }
  return Buffer.concat(parts);
}

/** Whether the record holds the bytes of a Media. */
export function isHere({ content }: Media): boolean {
  return content.data !== undefined || referencedId({ reference: content.url }, 'Binary') !== undefined;
}
