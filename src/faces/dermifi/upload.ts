import busboy from 'busboy';
import { finished, type Readable } from 'node:stream';
import { type FieldProblem, fieldProblem, ProblemError } from '../../fhir';
import type { Exchange } from '../../http';
import { type ReceivedFile, receiveFile } from './received';
import { INVALID } from './requests';

/** A form with one file, as it was sent. */
export interface Upload {
  /** Reads the file into memory. */
  file(): Promise<Buffer>;
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
 * Receives a `multipart/form-data` body, its file on disk, and works on it; afterwards the file is gone. One that is too
 * large is read to its end, so that the answer reaches the caller, but not kept.
 * @param fileField name of the file's part
 * @throws ProblemError unsupported-media-type, malformed; too-large; invalid naming parts that are missing, repeated or wrong
 */
export async function withUpload<T>(
  { req }: Exchange,
  fileField: string,
  limits: UploadLimits,
  work: (upload: Upload) => Promise<T>,
): Promise<T> {
  const type = req.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\s*;/i.test(type)) {
    throw new ProblemError('unsupported-media-type', 'Content-Type must be multipart/form-data');
  }
  if (Number(req.headers['content-length'] ?? 0) > PATIENCE * limits.fileBytes) throw tooLarge();
  const parser = openParser(req.headers, limits);
  const file = await receiveFile();
  try {
    const fields = await receive(req, parser, { fileField, limits, file });
    return await work({ file: () => file.read(), fields });
  } finally {
    await file.close();
  }
}

interface Receiving {
  fileField: string;
  limits: UploadLimits;
  file: ReceivedFile;
}

/** Reads the parts as they come in. @returns the texts */
async function receive(
  req: Exchange['req'],
  parser: busboy.Busboy,
  { fileField, limits, file }: Receiving,
): Promise<Upload['fields']> {
  const fields: Upload['fields'] = {};
  const problems: FieldProblem[] = [];
  const tell = (name: string, message: string): number =>
    problems.push({ field: name.slice(0, 64), message });
  let kept: Promise<void> | undefined;
  let isTooLarge = false;
  parser.on('file', (name, stream: Readable) => {
    stream.on('limit', () => (isTooLarge ||= name === fileField));
    if (name === fileField && kept === undefined) {
      kept = file.keep(stream);
      kept.catch((cause: unknown) => parser.destroy(cause as Error));
      return;
    }
    tell(name, name === fileField ? 'Must be given once' : 'Must be a text');
    stream.resume();
  });
  parser.on('field', (name, value, { valueTruncated }) => {
    if (Object.hasOwn(fields, name)) tell(name, 'Must be given once');
    if (valueTruncated) tell(name, `Must be at most ${limits.fieldBytes} bytes`);
    if (name === fileField) tell(name, 'Must be a file');
    else Object.defineProperty(fields, name, { value, enumerable: true, configurable: true });
  });
  parser.on('fieldsLimit', () => tell('body', `Must have at most ${MOST_FIELDS} parts`));
  await parsed(req, parser);
  await kept;
  if (isTooLarge) throw tooLarge();
  if (kept === undefined) tell(fileField, 'This field is required');
  if (problems.length > 0) throw fieldProblem('invalid', INVALID, problems);
  return fields;
}

function parsed(req: Exchange['req'], parser: busboy.Busboy): Promise<void> {
  return new Promise((resolve, reject) => {
    parser.on('error', (cause) => reject(malformed(cause)));
    // Also where the connection was lost before.
    finished(req, { writable: false }, (cause) => {
      if (cause) parser.destroy(cause);
    });
    parser.once('close', resolve);
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
      // Busboy's limits are the first size that is refused.
      limits: { fileSize: fileBytes + 1, fieldSize: fieldBytes + 1, fields: MOST_FIELDS, files: 5 },
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
