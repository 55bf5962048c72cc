/**
 * The events of an export file in its three formats, read line by line: an export of any size is read in little
 * memory. A Bundle that another program wrote anew, with other line breaks, is read whole instead.
 */
import { readFile, stat } from 'node:fs/promises';
import { COLUMNS, drawnCells, parseCsvRow, type EventShape } from './columns';
import { lastLine, linesOf, slice } from './lines';
import { leafHash } from './merkle';
import { proofOf, takeProof, type Proof } from './proof';
import { rawEntry, rawLine, type Raw } from './raw';

export type Format = 'bundle' | 'ndjson' | 'csv';

/** One event as it stands in the file. */
export interface Entry {
  /** By its bytes, when it is laid out as the server writes it. Valid only if the leaf holds. */
  raw: Raw | undefined;
  /** Read as JSON, whatever its layout. */
  read(): Read;
}

/** `event` is undefined when what stands there cannot be read as one. */
export interface Read {
  event: Record<string, unknown> | undefined;
  proof: Proof | undefined;
}

const UNREADABLE: Read = { event: undefined, proof: undefined };

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

/**
 * The events in the order of the file, some at a time; good until the next are asked for.
 * @throws Error when a Bundle in foreign layout is too large or no JSON.
 */
export async function* entriesOf(path: string, format: Format): AsyncGenerator<Entry[]> {
  if (format === 'bundle') {
    yield* bundleEntries(path);
    return;
  }
  let header = format === 'csv';
  for await (const lines of linesOf(path)) {
    const entries: Entry[] = [];
    for (const line of lines) {
      if (header || line.length === 0) header = false;
      else entries.push(format === 'csv' ? rowEntry(line) : lineEntry(line));
    }
    yield entries;
  }
}

function lineEntry(line: Buffer): Entry {
  return {
    raw: rawLine(line),
    read: () => {
      const parsed = parseObject(line.toString());
      if (parsed === undefined) return UNREADABLE;
      const { rest, proof } = takeProof(parsed);
      return { event: rest, proof };
    },
  };
}

/** Undefined when the text is anything else than a JSON object. */
export function parseObject(text: string): Record<string, unknown> | undefined {
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

function rowEntry(line: Buffer): Entry {
  const cells = parseCsvRow(line.toString());
  if (cells?.length !== COLUMNS.length) return { raw: undefined, read: () => UNREADABLE };
  const at = COLUMNS.indexOf('event');
  const [text = '', path = '', next = '', manifest = ''] = cells.slice(at);
  const event = parseObject(text);
  if (event === undefined) return { raw: undefined, read: () => UNREADABLE };
  const drawn = drawnCells(event as EventShape);
  const proof = drawn.some((cell, i) => cell !== cells[i + 1])
    ? undefined
    : proofOf(cells[0], path, next || undefined, manifest || undefined);
  const id = typeof event['id'] === 'string' ? event['id'] : undefined;
  return {
    raw: proof === undefined ? undefined : { leaf: leafHash(text), id, proof },
    read: () => ({ event, proof }),
  };
}

/** Whether a Bundle is laid out as the server writes it: an entry a line, between its first line and its last. */
export async function ownLayout(path: string): Promise<boolean> {
  return /^[^\n]*"entry":\[\r?\n/.test(await slice(path, 0, 4096));
}

async function* bundleEntries(path: string): AsyncGenerator<Entry[]> {
  if (!(await ownLayout(path))) {
    for (const entry of await wholeBundle(path)) yield [{ raw: undefined, read: () => bundleEntry(entry) }];
    return;
  }
  let inside = false;
  let closed = false;
  for await (const lines of linesOf(path)) {
    const entries: Entry[] = [];
    for (const line of lines) {
      const closes: boolean = !closed && line[0] === BRACKET;
      if (inside && !closes && line.length > 0) entries.push(closed ? STRAY : bundleLine(line));
      inside = true;
      closed ||= closes;
    }
    yield entries;
  }
}

/** A line behind the end of the entries. */
const STRAY: Entry = { raw: undefined, read: () => UNREADABLE };

/** `]`: what begins so ends the entries. */
const BRACKET = 0x5d;

function bundleLine(line: Buffer): Entry {
  return {
    raw: rawEntry(line),
    read: () => {
      const text = line.toString();
      return bundleEntry(parseObject(text.endsWith(',') ? text.slice(0, -1) : text));
    },
  };
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

function bundleEntry(entry: unknown): Read {
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
  let found = await manifestAtEnd(path, format);
  if (found !== undefined) return found;
  for await (const entries of entriesOf(path, format)) {
    for (const { raw, read } of entries) found = (raw ?? read()).proof?.manifest ?? found;
  }
  return found;
}

/** The last event of a file that is whole has the manifest. Bytes. */
const LAST_EVENT = 16 << 20;

async function manifestAtEnd(path: string, format: Format): Promise<string | undefined> {
  const last = await lastLine(path, LAST_EVENT);
  if (last === undefined) return undefined;
  const line = Buffer.from(last);
  const { raw, read } = format === 'csv' ? rowEntry(line) : lineEntry(line);
  return (raw ?? read()).proof?.manifest;
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
