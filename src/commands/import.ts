import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { DEFAULT_LIMITS } from '../faces/fhir';
import type { House } from '../house';
import { importFiles, type Importer, type ImportProgress } from '../import';
import { print } from './print';

/** `import FILE...`: decisions, "Commands and files". */
export function registerImportCommand(program: Command, openHouse: () => Promise<House>): void {
  program
    .command('import')
    .description('Load FHIR bundles or NDJSON into the record: files, folders, .gz, .tar.gz')
    .argument('<file...>', 'files or folders')
    .option('--json', 'print JSON')
    .action(async (files: string[], { json }: { json?: boolean }) => {
      const house = await openHouse();
      const progress = progressBar();
      try {
        const summary = await importFiles(importerOf(house), files, progress.report);
        progress.stop();
        print(summary, { json });
        if (summary.failed > 0) process.exitCode = 1;
        for (const { file, reason } of summary.refused) process.stderr.write(`${file}: ${reason}\n`);
      } finally {
        progress.stop();
        await house.drain();
        await house.close();
      }
    });
}

/** An import is the operator's own: it may do everything, within larger limits. */
function importerOf({ store, audit, config }: House): Importer {
  const bundles = {
    store,
    trail: audit.trail,
    baseUrl: `${config.publicUrl}/fhir/R4`,
    limits: { ...DEFAULT_LIMITS, entries: 100_000 },
    validation: 'strict' as const,
    allows: () => true,
  };
  return { bundles, trail: audit.trail };
}

/** A bar on a terminal, nothing elsewhere. */
function progressBar(): { report(progress: ImportProgress): void; stop(): void } {
  if (!process.stderr.isTTY) return { report: () => undefined, stop: () => undefined };
  const bar = new SingleBar({ format: '{bar} {percentage}% | {value}/{total} kB | {resources} resources', stream: process.stderr, clearOnComplete: true });
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
