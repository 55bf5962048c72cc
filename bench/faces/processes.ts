import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findEmbeddedMongo } from '../../src/embedded-mongo';
import type { DemoCredentials } from '../../src/demo';

const ROOT = resolve(__dirname, '../..');
const HOOK = join(ROOT, 'src/embedded-mongo/typescript-hook.cjs');

/** A server as an operator starts it, and the floor on the same database. */
export interface Bench {
  url: string;
  floorUrl: string;
  dataDir: string;
  credentials: DemoCredentials;
  /** A token for the FHIR face: good when it is asked for, and for some minutes. */
  token(): string;
  stop(): Promise<void>;
}

/** Tokens live for five minutes. */
const RENEWAL_MS = 60_000;

/** @param environment what an operator would set besides. */
export async function startBench(environment: Record<string, string> = {}): Promise<Bench> {
  const dataDir = mkdtempSync(join(tmpdir(), 'crosswalk-bench-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = spawn(process.execPath, [join(ROOT, 'dist/main.js')], {
    env: { ...process.env, DATA_DIR: dataDir, PORT: String(port), HOST: '127.0.0.1', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await firstOutput(server, /Ctrl-C/);
  const credentials = JSON.parse(
    readFileSync(join(dataDir, 'demo-credentials.json'), 'utf8'),
  ) as DemoCredentials;
  const uri = await findEmbeddedMongo(dataDir);
  if (uri === undefined) throw new Error('The embedded database does not answer.');
  const floor = spawn(process.execPath, ['--require', HOOK, join(ROOT, 'bench/floor.ts'), uri], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const floorPort = (await firstOutput(floor, /\d+\n/)).trim();
  let token = await tokenFrom(url, credentials);
  const renew = (): void => void tokenFrom(url, credentials).then((made) => (token = made));
  const renewal = setInterval(renew, RENEWAL_MS);
  return {
    url,
    floorUrl: `http://127.0.0.1:${floorPort}`,
    dataDir,
    credentials,
    token: () => token,
    stop: async () => {
      clearInterval(renewal);
      floor.stdin?.end();
      await ended(server, () => server.kill('SIGTERM'));
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** CPU that the server process has used, in milliseconds, as it says itself. */
export async function serverCpu({ url }: Bench): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (\S+)/m.exec(text)?.[1]) * 1000;
}

/** Between two looks, and the CPU time that a server without work may take meanwhile. */
const LOOK_MS = 3_000;
const IDLE_MS = 150;

/**
 * Resolves when the server has done what it put off while it was busy: audit events are sealed and made searchable
 * when there is time, and would be taken for the cost of whatever is measured next.
 */
export async function untilCalm(bench: Bench): Promise<void> {
  for (let used = Infinity; used > IDLE_MS;) {
    const before = await serverCpu(bench);
    await new Promise((done) => setTimeout(done, LOOK_MS));
    used = (await serverCpu(bench)) - before;
  }
}

async function tokenFrom(url: string, { fhir }: DemoCredentials): Promise<string> {
  const [client] = fhir;
  if (client === undefined) throw new Error('The demonstration has no FHIR client.');
  const answer = await fetch(`${url}/oauth2/token`, {
    method: 'POST',
    headers: {
      Authorization: `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')}`,
      'Content-Type': 'application/x-www-form-urlencoded',
    },
    body: 'grant_type=client_credentials',
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}

function firstOutput(child: ChildProcess, wanted: RegExp): Promise<string> {
  return new Promise((done, fail) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (wanted.test(text)) done(text);
    });
    child.once('exit', (code) =>
      fail(new Error(`A process of the bench ended early with code ${code ?? 'none'}.`)),
    );
  });
}

function ended(child: ChildProcess, end: () => void): Promise<void> {
  return new Promise((done) => {
    child.once('exit', () => done());
    end();
  });
}
