/**
 * The events of an export file in its three formats, read line by line: an export of any size is read in little
 * memory. A Bundle that another program wrote anew, with other line breaks, is read whole instead.
 */
import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { COLUMNS, drawnCells, parseCsvRow, type EventShape } from './columns';
import { proofOf, takeProof, type Proof } from './proof';

export type Format = 'bundle' | 'ndjson' | 'csv';

/** One event as it stands in the file. `event` is undefined when what stands there cannot be read as one. */
export interface Entry {
  event: Record<string, unknown> | undefined;
  proof: Proof | undefined;
}

const UNREADABLE: Entry = { event: undefined, proof: undefined };

/** Above this a Bundle in foreign layout cannot be held as one text. Bytes. */
const WHOLE_LIMIT = 500_000_000;

/** What the file is, from its first lines. */
export async function formatOf(path: string): Promise<Format> {
  const head = await slice(path, 0, 65_536);
  const [first = '', second = ''] = head.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (/^"?sequence"?,/.test(first) || first.startsWith('"')) return 'csv';
  if (/"resourceType"\s*:\s*"Bundle"/.test(first.slice(0, 300)) || first.trim() === '{') return 'bundle';
  const isEvent = (line: string): boolean =>
    /"resourceType":\s*"AuditEvent"/.test(line) && !/"entry":\s*\[/.test(line);
  return head.trim() === '' || isEvent(first) || isEvent(second) ? 'ndjson' : 'bundle';
}

async function slice(path: string, from: number, to: number): Promise<string> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(Math.max(0, to - from));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path, { highWaterMark: 1 << 20 }), crlfDelay: Infinity });
}

/** The events in the order of the file. @throws Error when a Bundle in foreign layout is too large or no JSON. */
export async function* entriesOf(path: string, format: Format): AsyncGenerator<Entry> {
  if (format === 'bundle') {
    yield* bundleEntries(path);
    return;
  }
  let header = format === 'csv';
  for await (const line of linesOf(path)) {
    if (header || line === '') header = false;
    else yield format === 'csv' ? rowEntry(line) : lineEntry(line);
  }
}

function lineEntry(line: string): Entry {
  const parsed = parseObject(line);
  if (parsed === undefined) return UNREADABLE;
  const { rest, proof } = takeProof(parsed);
  return { event: rest, proof };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function rowEntry(row: string): Entry {
  const cells = parseCsvRow(row);
  if (cells?.length !== COLUMNS.length) return UNREADABLE;
  const at = COLUMNS.indexOf('event');
  const [event = '', path = '', next = '', manifest = ''] = cells.slice(at);
  const parsed = parseObject(event);
  if (parsed === undefined) return UNREADABLE;
  const drawn = drawnCells(parsed as EventShape);
  if (drawn.some((cell, i) => cell !== cells[i + 1])) return { event: parsed, proof: undefined };
  return { event: parsed, proof: proofOf(cells[0], path, next || undefined, manifest || undefined) };
}

async function* bundleEntries(path: string): AsyncGenerator<Entry> {
  const head = await slice(path, 0, 4096);
  if (!/^[^\n]*"entry":\[\r?\n/.test(head)) {
    for (const entry of await wholeBundle(path)) yield bundleEntry(entry);
    return;
  }
  let inside = false;
  for await (const line of linesOf(path)) {
    if (line.startsWith(']')) return;
    if (inside && line !== '') yield bundleEntry(parseObject(line.endsWith(',') ? line.slice(0, -1) : line));
    inside = true;
  }
}

async function wholeBundle(path: string): Promise<unknown[]> {
  if ((await stat(path)).size > WHOLE_LIMIT) {
    throw new Error(
      'The Bundle has been written anew by another program and is too large to be read whole: verify the file as it was exported.',
    );
  }
  const bundle = parseObject(await readFile(path, 'utf8'));
  if (bundle === undefined) throw new Error('The file is neither a FHIR Bundle nor NDJSON nor CSV.');
  return Array.isArray(bundle['entry']) ? bundle['entry'] : [];
}

function bundleEntry(entry: unknown): Entry {
  if (!isObject(entry) || !isObject(entry['resource'])) return UNREADABLE;
  const { rest, proof } = takeProof(entry);
  const event = entry['resource'];
  const fits = Object.keys(rest).every((key) => key === 'resource' || key === 'fullUrl');
  return { event, proof: fits && rest['fullUrl'] === `urn:uuid:${String(event['id'])}` ? proof : undefined };
}

/**
 * The signed manifest in the file: of a Bundle in its signature, else on the last event.
 * @returns undefined when there is none.
 */
export async function manifestOf(path: string, format: Format): Promise<string | undefined> {
  if (format === 'bundle') return bundleManifest(path);
  let found: string | undefined;
  for await (const { proof } of entriesOf(path, format)) found = proof?.manifest ?? found;
  return found;
}

/** Looked for from the end of the file, growing: it comes after the entries, and they may be many. */
async function bundleManifest(path: string): Promise<string | undefined> {
  const { size } = await stat(path);
  for (let length = 1 << 20; ; length *= 8) {
    const tail = await slice(path, Math.max(0, size - length), size);
    const at = tail.lastIndexOf('"signature"');
    const data = at < 0 ? undefined : /"data"\s*:\s*"([^"]+)"/.exec(tail.slice(at))?.[1];
    if (data !== undefined) return Buffer.from(data, 'base64').toString();
    if (length >= size || length > WHOLE_LIMIT / 8) return undefined;
  }
}
