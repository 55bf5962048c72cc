import { exportFilter, type TrailFilter } from './audit';
import { queryString, send } from './client';

export const FORMATS = ['bundle', 'ndjson', 'csv', 'pdf'] as const;
export type ExportFormat = (typeof FORMATS)[number];

export interface ExportProgress {
  bytes: number;
  /** Of the log that has been gone through, 0 to 1; undefined while that is not known. */
  share: number | undefined;
}

export interface Exported {
  name: string;
  content: Blob;
}

/** What is exported, and what of it is there already. */
export interface ExportRequest {
  format: ExportFormat;
  filter: TrailFilter;
  /** Of the same export, which broke off. */
  received?: Received;
}

/** The beginning of an export, up to its last whole line. */
interface Received {
  pieces: readonly string[];
  bytes: number;
  /** Number of events in the log that it is taken from, and of the last one received: where it goes on. */
  size: number;
  after: number;
}

/** An export that was stopped, or whose connection broke. */
export class BrokenOff extends Error {
  constructor(
    /** Has what was received, where an export of the format can go on from there. */
    readonly rest: ExportRequest,
    readonly isStopped: boolean,
  ) {
    super('The connection broke off before the whole export was here.');
  }
}

const EXTENSIONS: Readonly<Record<ExportFormat, string>> = {
  bundle: 'json',
  ndjson: 'ndjson',
  csv: 'csv',
  pdf: 'pdf',
};
/** The number in the log that each event carries, as each format writes it. */
const NUMBER: Readonly<Record<Exclude<ExportFormat, 'pdf'>, RegExp>> = {
  bundle: /"url":"sequence","valueString":"(\d+)"/g,
  ndjson: /"url":"sequence","valueString":"(\d+)"/g,
  csv: /^"(\d+)",/gm,
};

/**
 * Takes an export of `/audit/export` in, telling how far it is. docs/compliance.md, "Export"
 * @throws ApiError when it is refused, BrokenOff when it ends too early
 */
export async function downloadExport(
  asked: ExportRequest,
  told: (progress: ExportProgress) => void,
  signal: AbortSignal,
): Promise<Exported> {
  const { format, filter, received } = asked;
  const from = received && { size: received.size, after: received.after };
  const query = queryString({ ...exportFilter(filter), format, ...from });
  try {
    const answer = await send(`/audit/export${query}`, { signal });
    const type = answer.headers.get('Content-Type') ?? '';
    if (format === 'pdf') return fileOf(format, [await answer.blob()], type);
    return fileOf(format, await textOf(answer, { ...asked, format }, told, signal), type);
  } catch (error) {
    if (signal.aborted && !(error instanceof BrokenOff)) throw new BrokenOff(asked, true);
    throw error;
  }
}

function fileOf(format: ExportFormat, pieces: BlobPart[], type: string): Exported {
  const day = new Date().toISOString().slice(0, 10);
  return { name: `audit-${day}.${EXTENSIONS[format]}`, content: new Blob(pieces, { type }) };
}

/** All that came by now, and what comes of the answer. @throws BrokenOff */
async function textOf(
  answer: Response,
  asked: ExportRequest & { format: Exclude<ExportFormat, 'pdf'> },
  told: (progress: ExportProgress) => void,
  signal: AbortSignal,
): Promise<string[]> {
  const { format, received } = asked;
  const size = Number(answer.headers.get('Audit-Log-Size') ?? NaN);
  const pieces = [...(received?.pieces ?? [])];
  let { bytes = 0, after = -1 } = received ?? {};
  let line = '';
  const decoder = new TextDecoder();
  const reader = answer.body?.getReader();
  try {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      const text = line + decoder.decode(value, { stream: !done });
      if (done) return [...pieces, text];
      bytes += value.length;
      const end = text.lastIndexOf('\n') + 1;
      after = lastNumber(text.slice(0, end), NUMBER[format]) ?? after;
      pieces.push(text.slice(0, end));
      line = text.slice(end);
      told({ bytes, share: size > 0 && after >= 0 ? (after + 1) / size : undefined });
    }
  } catch {
    // A Bundle is signed as a whole; without a single event there is nothing to go on from.
    const canGoOn = format !== 'bundle' && after >= 0;
    const { received: _before, ...again } = asked;
    const rest = canGoOn ? { ...again, received: { pieces, bytes, size, after } } : again;
    throw new BrokenOff(rest, signal.aborted);
  }
}

function lastNumber(text: string, pattern: RegExp): number | undefined {
  const last = [...text.matchAll(pattern)].at(-1);
  return last?.[1] === undefined ? undefined : Number(last[1]);
}

/** Hands a file to the browser's downloads. */
export function saveFile({ name, content }: Exported): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has the content by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
