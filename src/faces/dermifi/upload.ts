import busboy from 'busboy';
import type { Readable } from 'node:stream';
import { type FieldProblem, fieldProblem, ProblemError } from '../../fhir';
import type { Exchange } from '../../http';
import { INVALID } from './requests';

/** A form with one file, as it was sent. */
export interface Upload {
  file: Buffer;
  /** Texts of the other parts, by name. */
  fields: Record<string, string>;
}

export interface UploadLimits {
  /** Bytes of the file. */
  fileBytes: number;
  /** Bytes of each other part. */
  fieldBytes: number;
}

/** What is read of a body at most before the connection is given up, as a multiple of the file's limit. */
const PATIENCE = 4;
const MOST_FIELDS = 20;

/**
 * Reads a `multipart/form-data` body as it comes in; a file that is too large is read to its end, so that the answer
 * reaches the caller, but not kept.
 * @param fileField name of the file's part
 * @throws ProblemError unsupported-media-type, malformed; too-large; invalid naming parts that are missing, repeated or wrong
 */
export function readUpload({ req }: Exchange, fileField: string, limits: UploadLimits): Promise<Upload> {
  const type = req.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\s*;/i.test(type)) {
    throw new ProblemError('unsupported-media-type', 'Content-Type must be multipart/form-data');
  }
  if (Number(req.headers['content-length'] ?? 0) > PATIENCE * limits.fileBytes) throw tooLarge();
  const parser = openParser(req.headers, limits);
  return new Promise<Upload>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const fields: Record<string, string> = {};
    const problems: FieldProblem[] = [];
    let files = 0;
    let isTooLarge = false;
    const keep = (stream: Readable): void => {
      stream.on('data', (chunk: Buffer) => void (isTooLarge || chunks.push(chunk)));
      stream.on('limit', () => {
        isTooLarge = true;
        chunks.length = 0;
      });
    };
    parser.on('file', (name, stream) => {
      if (name === fileField && files++ === 0) return keep(stream);
      problems.push({
        field: name.slice(0, 64),
        message: name === fileField ? 'Must be given once' : 'Must be a text',
      });
      stream.resume();
    });
    parser.on('field', (name, value, { valueTruncated }) => {
      if (Object.hasOwn(fields, name))
        problems.push({ field: name.slice(0, 64), message: 'Must be given once' });
      if (valueTruncated)
        problems.push({ field: name.slice(0, 64), message: `Must be at most ${limits.fieldBytes} bytes` });
      if (name === fileField) problems.push({ field: name, message: 'Must be a file' });
      else Object.defineProperty(fields, name, { value, enumerable: true, configurable: true });
    });
    parser.on('fieldsLimit', () =>
      problems.push({ field: 'body', message: `Must have at most ${MOST_FIELDS} parts` }),
    );
    parser.on('error', (cause) => reject(malformed(cause)));
    req.on('aborted', () => reject(malformed()));
    parser.on('close', () => {
      if (isTooLarge) return reject(tooLarge());
      if (files === 0) problems.push({ field: fileField, message: 'This field is required' });
      if (problems.length > 0) return reject(fieldProblem('invalid', INVALID, problems));
      resolve({ file: Buffer.concat(chunks), fields });
    });
    req.pipe(parser);
  });
}

function openParser(
  headers: Exchange['req']['headers'],
  { fileBytes, fieldBytes }: UploadLimits,
): busboy.Busboy {
  try {
    return busboy({
      headers,
      limits: { fileSize: fileBytes, fieldSize: fieldBytes, fields: MOST_FIELDS, files: 5 },
    });
  } catch (cause) {
    throw malformed(cause);
  }
}

function malformed(cause?: unknown): ProblemError {
  return new ProblemError('malformed', 'The body is not a complete multipart form', { cause });
}

function tooLarge(): ProblemError {
  return new ProblemError('too-large', 'The photo is larger than 25 MB');
}
