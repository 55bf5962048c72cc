import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Limits } from './limits';

/** A database server that runs in a process of its own. */
export interface EmbeddedMongo {
  /** For the `mongodb` driver or mongoose. */
  uri: string;
  /** Of the process at work; another one after it was started again. */
  readonly pid: number;
  /** Ends the process once what it acknowledged is on disk. */
  stop(): Promise<void>;
}

export interface EmbeddedMongoOptions {
  /** The folder of the database; made when it does not exist. */
  dataDir: string;
  /** Listen on this loopback TCP port as well (0: any free one); the uri is then its. */
  port?: number;
  /** Other limits than the usual ones, for tests. */
  limits?: Partial<Limits>;
  /** Start the process again when it ends by itself (out of memory, killed). Default false. */
  revive?: boolean;
}

/** Before the process is started again; twice as long each time it did not last. */
const REVIVE_MS = 100;
const REVIVE_MOST_MS = 5_000;
/** Who ran for so long is started again at once. */
const LASTED_MS = 60_000;

/**
 * Starts the server as a child process on a unix socket of mode 0600 in `dataDir`. The child ends when this process
 * does, however that ends; signals to the process group do not reach it, so that a parent can finish its work first.
 * @throws Error with one clear line, for example when another server has the data directory
 */
export async function startEmbeddedMongo(options: EmbeddedMongoOptions): Promise<EmbeddedMongo> {
  let child = launch(options);
  const { uri } = await firstReport(child);
  release(child);
  if (options.revive !== true) return { uri, pid: child.pid ?? 0, stop: () => stop(child) };
  const kept = keepAlive(options, child, (next) => (child = next));
  return {
    uri,
    get pid() {
      return child.pid ?? 0;
    },
    stop: () => {
      kept.end();
      return stop(child);
    },
  };
}

function launch({ dataDir, port, limits }: EmbeddedMongoOptions): ChildProcess {
  return spawn(process.execPath, [...entry(), JSON.stringify({ dataDir, port, limits })], {
    stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
    detached: true,
    // Each thread would keep memory of its own that is free: some hundred megabytes together.
    env: { ...process.env, NODE_OPTIONS: '', MALLOC_ARENA_MAX: '2' },
  });
}

/** Starts the server again, at the same place, whenever it ends by itself: clients find it by themselves. */
function keepAlive(
  options: EmbeddedMongoOptions,
  first: ChildProcess,
  became: (child: ChildProcess) => void,
): { end(): void } {
  let isEnded = false;
  let delay = REVIVE_MS;
  let timer: NodeJS.Timeout | undefined;
  let since = Date.now();
  const gone = (why: string): void => {
    if (isEnded) return;
    if (Date.now() - since >= LASTED_MS) delay = REVIVE_MS;
    process.stderr.write(`The embedded database ended (${why}); it is started again.\n`);
    timer = setTimeout(again, delay).unref();
    delay = Math.min(delay * 2, REVIVE_MOST_MS);
  };
  const watch = (child: ChildProcess): void => {
    // Where no process could be made (out of memory) there is none to exit.
    if (child.pid === undefined) child.once('error', ({ message }) => gone(message));
    else child.once('exit', (code, signal) => gone(signal ?? `code ${code ?? 'none'}`));
  };
  const again = (): void => {
    since = Date.now();
    try {
      const child = launch(options);
      became(child);
      watch(child);
      // One that cannot listen ends, and is started again like any other.
      firstReport(child).catch((error: Error) => process.stderr.write(`${error.message}\n`));
      release(child);
    } catch (error) {
      gone((error as Error).message);
    }
  };
  watch(first);
  return {
    end: () => {
      isEnded = true;
      clearTimeout(timer);
    },
  };
}

/** The compiled entry beside this file, or, from sources, the TypeScript one with a hook that compiles it. */
function entry(): string[] {
  const compiled = join(__dirname, 'child.js');
  if (existsSync(compiled)) return [compiled];
  return ['--require', join(__dirname, 'typescript-hook.cjs'), join(__dirname, 'child.ts')];
}

function firstReport(child: ChildProcess): Promise<{ uri: string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`The database server ended with code ${code ?? 'none'} before it listened`)),
    );
    reportPipe(child)
      .setEncoding('utf8')
      .on('data', (chunk: string) => {
        text += chunk;
        if (!text.includes('\n')) return;
        const report = JSON.parse(text) as { uri?: string; error?: string };
        if (report.uri === undefined) reject(new Error(report.error ?? 'The database server did not start'));
        else resolve({ uri: report.uri });
      });
  });
}

function reportPipe(child: ChildProcess): Readable {
  return child.stdio[3] as Readable;
}

/** The child alone does not keep this process alive. */
function release(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, reportPipe(child)])
    (stream as unknown as { unref?: () => void } | null)?.unref?.();
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resolve();
    child.ref();
    child.once('exit', () => resolve());
    child.stdin?.end();
  });
}
