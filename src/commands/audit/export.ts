import { SingleBar, Presets } from 'cli-progress';
import type { Command } from 'commander';
import { createWriteStream } from 'node:fs';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  summaryPdf,
  type Audit,
  type ExportResult,
  type FilterQuery,
  type Format,
  type PreparedExport,
} from '../../audit';
import { ProblemError } from '../../fhir';
import { print } from '../print';
import { filterFacts, recorded, withAudit, type OpenAuditHouse } from './house';
import { keepState, partOf, resumeFrom, stateOf } from './part';

interface ExportOptions extends FilterQuery {
  out: string;
  format: string;
  resume?: boolean;
  json?: boolean;
}

/** The filters of decisions.md, "Audit", as options. */
export function withFilters(command: Command): Command {
  return command
    .option('--from <time>', 'accesses from this date or time on')
    .option('--to <time>', 'up to this date (the whole day) or time')
    .option('--practice <practice>', 'of one practice, by name or id')
    .option('--patient <id>', 'that concern this patient')
    .option('--referral <id>', 'that concern this referral')
    .option('--user <user>', 'by this user (e-mail), client or key (id)')
    .option('--action <action>', 'C, R, U, D or E')
    .option('--outcome <outcome>', '0 success, 4 refused, 8 or 12 failure');
}

export function filterOf({
  from,
  to,
  practice,
  patient,
  referral,
  user,
  action,
  outcome,
}: FilterQuery): FilterQuery {
  const all = { from, to, practice, patient, referral, user, action, outcome };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** `audit export`: decisions.md, "Commands and files". */
export function registerExport(audit: Command, openHouse: OpenAuditHouse): void {
  withFilters(audit.command('export').description('Write audit events to a file that proves itself'))
    .requiredOption(
      '--out <file>',
      'where to write; a one-page summary goes beside it, as <file>.summary.pdf',
    )
    .option('--format <format>', 'bundle, ndjson or csv', 'bundle')
    .option('--resume', 'go on with an NDJSON or CSV export that broke off')
    .option('--json', 'print JSON')
    .action(async (options: ExportOptions) => {
      const format = formatOf(options.format);
      const done = await withAudit(openHouse, (house) => exportFile(house, { ...options, format }));
      if (options.json === true) print(done, { json: true });
      else
        process.stdout.write(
          `${done.events} events of a log of ${done.log} in ${done.file}; summary in ${done.summary}\n`,
        );
    });
}

function formatOf(text: string): Format {
  if (text === 'bundle' || text === 'ndjson' || text === 'csv') return text;
  throw new ProblemError('malformed', `The format must be bundle, ndjson or csv, not ${text}.`);
}

interface Exported {
  file: string;
  format: Format;
  events: number;
  /** Number of events in the log. */
  log: number;
  root: string;
  key: string;
  summary: string;
}

async function exportFile(
  audit: Audit,
  { out, format, resume, ...options }: ExportOptions & { format: Format },
): Promise<Exported> {
  if ((await stat(out).catch(() => undefined))?.isDirectory() === true)
    throw new ProblemError('malformed', `${out} is a folder: --out names the file.`);
  const filter = filterOf(options);
  const resumed = resume === true ? await resumeFrom(out, format, filter) : undefined;
  const bar = process.stderr.isTTY
    ? new SingleBar({ format: '{bar} {value}/{total} events' }, Presets.shades_classic)
    : undefined;
  const facts = { format, file: basename(out), ...filterFacts(filter) };
  const prepared = await recorded(
    audit,
    { interaction: 'export', action: 'E', command: 'audit export', facts },
    () =>
      audit.exportEvents({
        filter,
        format,
        progress: (events) => bar?.update(events),
        ...(resumed === undefined ? {} : { resume: resumed }),
      }),
  );
  bar?.start(prepared.size, 0);
  try {
    await keepState(out, { format, filter, size: prepared.size });
    return await finish(prepared, { out, format, append: resumed !== undefined });
  } finally {
    bar?.stop();
  }
}

/** Writes beside the file first: a file of that name is always whole. */
async function finish(
  prepared: PreparedExport,
  { out, format, append }: { out: string; format: Format; append: boolean },
): Promise<Exported> {
  const done: { result?: ExportResult } = {};
  async function* pieces(): AsyncGenerator<string> {
    done.result = yield* prepared.text;
  }
  await pipeline(
    Readable.from(pieces()),
    createWriteStream(partOf(out), { flags: append ? 'a' : 'w', mode: 0o600 }),
  );
  const { result } = done;
  if (result === undefined) throw new Error('The export ended without its manifest.');
  const summary = `${out}.summary.pdf`;
  await writeFile(summary, await summaryPdf(result, basename(out)), { mode: 0o600 });
  await rename(partOf(out), out);
  await rm(stateOf(out), { force: true });
  const { count, checkpoint } = result.manifest;
  return {
    file: out,
    format,
    events: count,
    log: checkpoint.size,
    root: checkpoint.root,
    key: checkpoint.kid,
    summary,
  };
}
