import { deserialize, serialize } from 'bson';
import type { DeserializeOptions } from 'bson';
import { ServerError } from '../errors';
import type { Document } from '../semantics';

/** Every BSON type keeps its own class, so that 1 and 1.0 and NumberLong(1) come back as they went in. */
const EXACT: DeserializeOptions = {
  promoteValues: false,
  promoteLongs: false,
  promoteBuffers: false,
  bsonRegExp: true,
  validation: { utf8: false },
};

/** The limit of one document, MongoDB's own. */
export const MAX_DOCUMENT_BYTES = 16 * 2 ** 20;

export function decode(bytes: Uint8Array): Document {
  return deserialize(bytes, EXACT) as Document;
}

/** @throws ServerError 10334 when the document exceeds 16 MB */
export function encode(document: Document): Buffer {
  return checkSize(encodeUnlimited(document));
}

/** For replies and records, which hold a whole document and something beside it. */
export function encodeUnlimited(document: Document): Buffer {
  const bytes = serialize(document, { ignoreUndefined: false });
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function checkSize(bytes: Buffer): Buffer {
  if (bytes.length > MAX_DOCUMENT_BYTES) {
    throw new ServerError(
      10334,
      `BSONObj size: ${bytes.length} is invalid. Size must be between 0 and ${MAX_DOCUMENT_BYTES}(16MB)`,
    );
  }
  return bytes;
}
