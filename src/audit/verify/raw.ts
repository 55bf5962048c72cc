/**
 * Events that stand in a file just as the server wrote them: their bytes are canonical JSON already, so they are hashed
 * as they are. Whether they are is told by the hash; an event that does not hold is read again, as JSON.
 */
import { hash } from 'node:crypto';
import { PROOF_URL, proofOf, type Proof } from './proof';

/** An event found by its bytes. */
export interface Raw {
  leaf: Buffer;
  id: string | undefined;
  proof: Proof;
}

const OPENING = `{"extension":[{"url":"${PROOF_URL}","extension":[`;
const CLOSING = ']}],';
const PARTS =
  /^\{"url":"sequence","valueString":"(\d{1,16})"\},\{"url":"path","valueBase64Binary":"([A-Za-z0-9+/=]*)"\}(?:,\{"url":"next","valueId":"([A-Za-z0-9\-.]{1,64})"\})?(?:,\{"url":"manifest","valueString":"([A-Za-z0-9\-_.]+)"\})?$/;

const NUL = 0x00;
const BRACE = 0x7b;
const ID = Buffer.from('"id":"');
const QUOTE = 0x22;

/** A line of NDJSON; undefined when it has another layout. */
export function rawLine(line: Buffer): Raw | undefined {
  const at = proofEnd(line);
  const proof = at === undefined ? undefined : proofBefore(line, at);
  if (at === undefined || proof === undefined) return undefined;
  return { leaf: hashAfter(line.subarray(at - 2), BRACE), id: idIn(line), proof };
}

const RESOURCE = Buffer.from(',"resource":');
const FULL_URL = '"fullUrl":"urn:uuid:';

/** A line of a Bundle with one entry; undefined when it has another layout. */
export function rawEntry(line: Buffer): Raw | undefined {
  const at = proofEnd(line);
  const proof = at === undefined ? undefined : proofBefore(line, at);
  if (at === undefined || proof === undefined) return undefined;
  const resource = line.indexOf(RESOURCE, at);
  const url = resource < 0 ? '' : line.toString('latin1', at, resource);
  const id = idIn(line);
  if (url !== `${FULL_URL}${id ?? ''}"`) return undefined;
  const comma = line.at(-1) === 0x2c ? 1 : 0;
  if (line.at(-1 - comma) !== 0x7d) return undefined;
  const text = line.subarray(resource + RESOURCE.length - 1, line.length - 1 - comma);
  return { leaf: hashAfter(text), id, proof };
}

/** Where the proof at the beginning of a line ends. */
function proofEnd(line: Buffer): number | undefined {
  const at = line.indexOf(CLOSING, OPENING.length);
  return at < 0 || line.toString('latin1', 0, OPENING.length) !== OPENING ? undefined : at + CLOSING.length;
}

function proofBefore(line: Buffer, end: number): Proof | undefined {
  const parts = PARTS.exec(line.toString('latin1', OPENING.length, end - CLOSING.length));
  return parts === null ? undefined : proofOf(parts[1], parts[2], parts[3], parts[4]);
}

/**
 * The leaf hash of the bytes after the first, which gives its place to the zero byte in front of leaves; the second
 * becomes `instead`. Both are put back.
 */
function hashAfter(bytes: Buffer, instead?: number): Buffer {
  const [first = 0, second = 0] = bytes;
  bytes[0] = NUL;
  if (instead !== undefined) bytes[1] = instead;
  const leaf = hash('sha256', bytes, 'buffer');
  bytes[0] = first;
  bytes[1] = second;
  return leaf;
}

/** The id of an event in canonical JSON: nothing behind it has one. */
function idIn(line: Buffer): string | undefined {
  const at = line.lastIndexOf(ID);
  return at < 0 ? undefined : line.toString('latin1', at + ID.length, line.indexOf(QUOTE, at + ID.length));
}
