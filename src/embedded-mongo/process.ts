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
  pid: number;
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
}

/**
 * Starts the server as a child process on a unix socket of mode 0600 in `dataDir`. The child ends when this process
 * does, however that ends; signals to the process group do not reach it, so that a parent can finish its work first.
 * @throws Error with one clear line, for example when another server has the data directory
 */
export async function startEmbeddedMongo({
  dataDir,
  port,
  limits,
}: EmbeddedMongoOptions): Promise<EmbeddedMongo> {
  const child = spawn(process.execPath, [...entry(), JSON.stringify({ dataDir, port, limits })], {
    stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
    detached: true,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const { uri } = await firstReport(child);
  release(child);
  return { uri, pid: child.pid ?? 0, stop: () => stop(child) };
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
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.ref();
    child.once('exit', () => resolve());
    child.stdin?.end();
  });
}
