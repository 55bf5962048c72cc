import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const HOOK = join(ROOT, 'src/embedded-mongo/typescript-hook.cjs');

/** What is killed: the server, one of its workers, or the database beneath it. */
export type Victim = 'server' | 'worker' | 'database';

/** The server as a process of its own, on a folder that outlives it. */
export interface Served {
  url: string;
  kill(victim: Victim): Promise<void>;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** Starts the server and waits until it answers. */
export async function serve(env: Record<string, string>): Promise<Served> {
  const child = spawn(process.execPath, ['--require', HOOK, join(ROOT, 'src/main.ts')], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-500)));
  const url = `http://127.0.0.1:${env['PORT'] ?? ''}`;
  for (let waited = 0; !(await answers(url)); waited += 100) {
    if (child.exitCode !== null)
      throw new Error(`The server ended with code ${child.exitCode}: ${complaint}`);
    if (waited > 120_000) throw new Error(`The server did not start: ${complaint}`);
    await pause(100);
  }
  return { url, kill: (victim) => kill(child, victim), stop: () => end(child, 'SIGTERM') };
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/.well-known/jwks.json`, { signal: AbortSignal.timeout(1_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** A killed worker is replaced by its server; all else ends the server. */
async function kill(child: ChildProcess, victim: Victim): Promise<void> {
  const below = childrenOf(child.pid ?? 0);
  const isDatabase = (pid: number): boolean => commandOf(pid).includes('embedded-mongo/child');
  const chosen = below.filter((pid) => isDatabase(pid) === (victim === 'database'));
  const [pid] = chosen;
  if (victim !== 'server' && pid !== undefined)
    process.kill(chosen[Math.floor(Math.random() * chosen.length)] ?? pid, 'SIGKILL');
  if (victim === 'worker' && pid !== undefined) return;
  if (victim === 'database') await pause(200);
  await end(child, 'SIGKILL');
  // Its workers and its database end by themselves once it is gone.
  for (let waited = 0; below.some((each) => commandOf(each) !== '') && waited < 10_000; waited += 50)
    await pause(50);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill(signal);
  await ended;
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
