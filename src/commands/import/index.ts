import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { DEFAULT_LIMITS } from '../../faces/fhir';
import type { House } from '../../house';
import { eachContext } from '../../http';
import { interactionServices } from '../../interactions';
import { importFiles, readText, type Importer, type ImportProgress, type ImportSummary } from './load';
import { occasion } from './occasion';
import { CSV_KINDS, importTable } from './tables';
import { print } from '../print';

interface Options {
  csv?: string;
  json?: boolean;
}

/** `import FILE...`, `import --csv providers|pharmacies|formulary FILE`: decisions, "Commands and files". */
export function registerImportCommand(program: Command, openHouse: () => Promise<House>): void {
  program
    .command('import')
    .description(
      'Load FHIR bundles or NDJSON into the record: files, folders, .gz, .tar.gz; or the directory from CSV',
    )
    .argument('<file...>', 'files or folders')
    .option('--csv <kind>', `the files are CSV: ${CSV_KINDS.join(', ')}`)
    .option('--json', 'print JSON')
    .action(async (files: string[], { csv, json }: Options) => {
      const house = await openHouse();
      try {
        const { refused, ...summary } =
          csv === undefined ? await importRecords(house, files) : await importCsv(house, csv, files);
        await house.drain();
        print(summary, { json });
        if (summary.failed > 0) process.exitCode = 1;
        for (const { file, reason } of refused) process.stderr.write(`${file}: ${reason}\n`);
      } finally {
        await house.close();
      }
    });
}

/** Loads files into the record of the house, with a progress bar where a terminal shows it. */
export async function importRecords(house: House, files: readonly string[]): Promise<ImportSummary> {
  const progress = progressBar();
  try {
    return await importFiles(importerOf(house), files, progress.report);
  } finally {
    progress.stop();
  }
}

/** Loads tables of the directory, pharmacies or the formulary; each file whole or not at all. */
export async function importCsv(
  { store }: House,
  kind: string,
  files: readonly string[],
): Promise<ImportSummary> {
  const started = performance.now();
  const resources: Record<string, number> = {};
  for (const file of files) {
    const written = await importTable(store, kind, await readText(file), eachContext(occasion()));
    for (const [type, count] of Object.entries(written)) resources[type] = (resources[type] ?? 0) + count;
  }
  return { resources, failed: 0, seconds: Math.round(performance.now() - started) / 1000, refused: [] };
}

/** An import is the operator's own: it may do everything, within larger limits. */
function importerOf(house: House): Importer {
  const bundles: Importer['bundles'] = {
    ...interactionServices(house),
    limits: { ...DEFAULT_LIMITS, entries: 100_000 },
    rowsFor: () => true,
  };
  return { bundles, trail: house.audit.trail };
}

/** A bar on a terminal, nothing elsewhere. */
function progressBar(): { report(progress: ImportProgress): void; stop(): void } {
  if (!process.stderr.isTTY) return { report: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: '{bar} {percentage}% | {value}/{total} kB | {resources} resources',
    stream: process.stderr,
    clearOnComplete: true,
  });
  let running = false;
  return {
    report({ bytesDone, bytesTotal, resources }) {
      if (!running) bar.start(Math.ceil(bytesTotal / 1024), 0, { resources: 0 });
      running = true;
      bar.update(Math.ceil(bytesDone / 1024), { resources });
    },
    stop() {
      if (running) bar.stop();
      running = false;
    },
  };
}
