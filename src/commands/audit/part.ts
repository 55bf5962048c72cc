/** Exports that broke off: what is there already, and where to go on. */
import { open, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import type { FilterQuery, Format } from '../../audit';
import { ProblemError } from '../../fhir';

/** Lies beside a file that is being written. */
export interface PartState {
  format: Format;
  filter: FilterQuery;
  /** Size of the log that it is taken from. */
  size: number;
}

/** Far more than the longest event. Bytes. */
const TAIL = 32 << 20;

export const partOf = (out: string): string => `${out}.part`;
export const stateOf = (out: string): string => `${out}.part.json`;

export async function keepState(out: string, state: PartState): Promise<void> {
  await writeFile(stateOf(out), `${JSON.stringify(state)}\n`);
}

/**
 * Cuts a half-written event off, and finds the last whole one.
 * @throws ProblemError not-found when there is nothing to resume, malformed when it was another export.
 */
export async function resumeFrom(
  out: string,
  format: Format,
  filter: FilterQuery,
): Promise<{ size: number; after: number }> {
  const state = await readState(out);
  if (state.format !== format || JSON.stringify(state.filter) !== JSON.stringify(filter)) {
    throw new ProblemError('malformed', `${partOf(out)} was begun with another format or filter.`);
  }
  if (format === 'bundle')
    throw new ProblemError('malformed', 'A Bundle cannot be resumed; NDJSON and CSV can.');
  const { text, start } = await tailOf(partOf(out));
  const whole = text.lastIndexOf(0x0a) + 1;
  await truncate(partOf(out), start + whole);
  const last = text.subarray(0, whole).toString('utf8').trimEnd().split('\n').at(-1) ?? '';
  return { size: state.size, after: sequenceOf(last, format) };
}

async function readState(out: string): Promise<PartState> {
  try {
    return JSON.parse(await readFile(stateOf(out), 'utf8')) as PartState;
  } catch (cause) {
    throw new ProblemError('not-found', `There is no export to resume at ${partOf(out)}.`, { cause });
  }
}

async function tailOf(path: string): Promise<{ text: Buffer; start: number }> {
  const { size } = await stat(path);
  const start = Math.max(0, size - TAIL);
  const file = await open(path);
  try {
    const text = Buffer.alloc(size - start);
    await file.read(text, 0, text.length, start);
    return { text, start };
  } finally {
    await file.close();
  }
}

function sequenceOf(line: string, format: Format): number {
  const found =
    format === 'csv' ? /^"(\d+)",/.exec(line) : /"url":"sequence","valueString":"(\d+)"/.exec(line);
  return found?.[1] === undefined ? -1 : Number(found[1]);
}
