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

const EXTENSIONS: Readonly<Record<ExportFormat, string>> = {
  bundle: 'json',
  ndjson: 'ndjson',
  csv: 'csv',
  pdf: 'pdf',
};
/** The number in the log that each event carries, as each format writes it. */
const NUMBER: Readonly<Record<ExportFormat, RegExp | undefined>> = {
  bundle: /"url":"sequence","valueString":"(\d+)"/g,
  ndjson: /"url":"sequence","valueString":"(\d+)"/g,
  csv: /^"(\d+)",/gm,
  pdf: undefined,
};

/** Takes an export of `/audit/export` in, telling how far it is. @throws ApiError, or AbortError when stopped */
export async function downloadExport(
  format: ExportFormat,
  filter: TrailFilter,
  told: (progress: ExportProgress) => void,
  signal: AbortSignal,
): Promise<Exported> {
  const answer = await send(`/audit/export${queryString({ ...exportFilter(filter), format })}`, { signal });
  const size = Number(answer.headers.get('Audit-Log-Size') ?? NaN);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const decoder = new TextDecoder();
  const progress: ExportProgress = { bytes: 0, share: undefined };
  const reader = answer.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done || value === undefined) break;
    pieces.push(value as Uint8Array<ArrayBuffer>);
    progress.bytes += value.length;
    const reached = lastNumber(decoder.decode(value, { stream: true }), NUMBER[format]);
    if (reached !== undefined && size > 0) progress.share = (reached + 1) / size;
    told({ ...progress });
  }
  const day = new Date().toISOString().slice(0, 10);
  const type = answer.headers.get('Content-Type') ?? '';
  return { name: `audit-${day}.${EXTENSIONS[format]}`, content: new Blob(pieces, { type }) };
}

function lastNumber(text: string, pattern: RegExp | undefined): number | undefined {
  const last = pattern === undefined ? undefined : [...text.matchAll(pattern)].at(-1);
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
