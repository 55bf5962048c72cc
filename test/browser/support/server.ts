import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the demonstration made for its people and machines; see docs/operators.md. */
export interface Credentials {
  handoffrx: { practice: string; practiceId: string; plan: string; apiKey: string; scopes: string[] }[];
  dermifi: { email: string; password: string; totpSecret?: string; role: string }[];
  fhir: { clientId: string; clientSecret: string; scope: string }[];
  portal: { email: string; password: string; role: string }[];
}

export interface RunningServer {
  url: string;
  credentials: Credentials;
  stop(): Promise<void>;
}

const ROOT = join(__dirname, '..', '..', '..');
const MAIN = join(ROOT, 'dist', 'main.js');
const START_MS = 120_000;

/** A server process of its own: embedded store in a fresh DATA_DIR, seeded with the demonstration. */
export async function startServer(environment: Record<string, string> = {}): Promise<RunningServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'crosswalk-browser-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [MAIN], {
    cwd: ROOT,
    env: {
      ...plainEnvironment(),
      PORT: String(port),
      DATA_DIR: dataDir,
      WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8',
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const stop = async (): Promise<void> => {
    await ended(child);
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await untilReady(url, child);
    const file = join(dataDir, 'demo-credentials.json');
    return { url, stop, credentials: JSON.parse(readFileSync(file, 'utf8')) as Credentials };
  } catch (error) {
    await stop();
    throw error;
  }
}

export function isBuilt(): boolean {
  return existsSync(MAIN) && existsSync(join(ROOT, 'dist', 'web', 'index.html'));
}

/** Without what an operator's shell may say to the server. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const {
    NODE_ENV: _mode,
    MONGODB_URI: _uri,
    PUBLIC_URL: _url,
    HOST: _host,
    WORKERS: _workers,
    ...rest
  } = process.env;
  return rest;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const last = Date.now() + START_MS;
  for (;;) {
    if (child.exitCode !== null)
      throw new Error(`The server ended with ${child.exitCode} before it was ready.`);
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok === true) return;
    if (Date.now() > last) throw new Error('The server was not ready in time.');
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
