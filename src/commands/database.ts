import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { readConfig, StartError } from '../config';
import {
  backup,
  findEmbeddedMongo,
  migrate,
  restore,
  runDatabase,
  startEmbeddedMongo,
  type MigrationProgress,
} from '../embedded-mongo';
import { isResourceType } from '../fhir';
import type { House } from '../house';
import { reindex } from '../store';
import { print } from './print';

interface Json {
  json?: boolean;
}

/** `db`, `backup`, `restore`, `migrate`, `reindex`. docs/embedded-database.md */
export function registerDatabaseCommands(program: Command, openHouse: () => Promise<House>): void {
  registerDb(program);
  registerBackup(program);
  registerMigrate(program);
  registerReindex(program, openHouse);
}

/** The embedded database alone, for mongosh, backups and other tools; runs until SIGTERM or Ctrl-C. */
function registerDb(program: Command): void {
  program
    .command('db')
    .description('Run the embedded database alone')
    .option('--data-dir <dir>', 'its folder; DATA_DIR by default')
    .option('--port <port>', 'listen on this loopback TCP port as well; 0 for any free one')
    .option('--json', 'print JSON')
    .action(async ({ dataDir, port, json }: Json & { dataDir?: string; port?: string }) => {
      const database = await runDatabase({
        dataDir: dataDir ?? readConfig(process.env).dataDir,
        ...(port !== undefined && { port: portOf(port) }),
      });
      const { uri, pid } = database;
      process.stdout.write(
        json === true
          ? `${JSON.stringify({ uri, pid })}\n`
          : `The database listens at ${uri} (process ${pid}). Ctrl-C stops it.\n`,
      );
      await new Promise<void>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
      });
      await database.stop();
    });
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new StartError('--port must be a number from 0 to 65535.');
  return port;
}

function registerBackup(program: Command): void {
  program
    .command('backup')
    .description('Take a consistent copy of the embedded database; the server may run meanwhile')
    .requiredOption('--out <file>', 'the new file')
    .option('--json', 'print JSON')
    .action(async ({ out, json }: Json & { out: string }) => {
      print(await backup(embeddedFolder(), out), { json });
    });
  program
    .command('restore')
    .description('Put a backup into an empty DATA_DIR')
    .argument('<file>')
    .option('--json', 'print JSON')
    .action(async (file: string, { json }: Json) => {
      print(await restore(file, embeddedFolder()), { json });
    });
}

function embeddedFolder(): string {
  const { mongodbUri, dataDir } = readConfig(process.env);
  if (mongodbUri !== undefined)
    throw new StartError('MONGODB_URI is set: use the backup tools of that database.');
  return dataDir;
}

/** Copies the embedded database into another one, verified by counts and hashes; goes on where it was interrupted. */
function registerMigrate(program: Command): void {
  program
    .command('migrate')
    .description('Copy everything from the embedded database to a MongoDB')
    .requiredOption('--to <uri>', 'mongodb:// URI of the target, with the name of the database')
    .option('--json', 'print JSON')
    .action(async ({ to, json }: Json & { to: string }) => {
      const dataDir = embeddedFolder();
      const running = await findEmbeddedMongo(dataDir);
      const started = running === undefined ? await startEmbeddedMongo({ dataDir }) : undefined;
      const bar = progressBar();
      try {
        const moved = await migrate(running ?? started?.uri ?? '', to, bar.report);
        bar.stop();
        print(moved, { json });
      } finally {
        bar.stop();
        await started?.stop();
      }
    });
}

/** A bar on a terminal, one collection after another; nothing elsewhere. */
function progressBar(): { report(progress: MigrationProgress): void; stop(): void } {
  if (!process.stderr.isTTY) return { report: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: '{bar} {percentage}% | {collection}: {value}/{total}',
    stream: process.stderr,
    clearOnComplete: true,
  });
  let running = false;
  return {
    report({ collection, done, total }) {
      if (!running) bar.start(total, done, { collection });
      running = true;
      bar.setTotal(total);
      bar.update(done, { collection });
    },
    stop() {
      if (running) bar.stop();
      running = false;
    },
  };
}

/** Makes the search index of every resource anew, after a change of search parameters. */
function registerReindex(program: Command, openHouse: () => Promise<House>): void {
  program
    .command('reindex')
    .description('Make the search index anew; the server may run meanwhile')
    .argument('[type...]', 'resource types; all by default')
    .option('--json', 'print JSON')
    .action(async (types: string[], { json }: Json) => {
      const house = await openHouse();
      try {
        const unknown = types.filter((type) => !isResourceType(type));
        if (unknown.length > 0) throw new StartError(`There is no resource type ${unknown.join(', ')}.`);
        const resources: Record<string, number> = {};
        for (const type of await house.connection.typesInUse()) {
          if (types.length > 0 && !types.includes(type)) continue;
          resources[type] = await reindex({ connection: house.connection, type });
        }
        print({ resources }, { json });
      } finally {
        await house.close();
      }
    });
}
