import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Several processes on one port, as an operator starts them. */
const MAIN = resolve(__dirname, '../../dist/main.js');

/** Faults that no request can cause, as far as we know: one that nobody waits for, and one that ends the process. */
const FAULTS = `
process.on('SIGUSR2', () => void Promise.reject(new Error('of Maria Hernandez')));
process.on('SIGHUP', () => setImmediate(() => { throw new Error('of the code'); }));
`;

let dataDir: string;
let logged = '';
let server: ChildProcess;
let port: number;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'crosswalk-workers-'));
  port = await freePort();
  const faults = join(dataDir, 'faults.cjs');
  writeFileSync(faults, FAULTS);
  const env = {
    PATH: process.env.PATH ?? '',
    DATA_DIR: join(dataDir, 'data'),
    PORT: String(port),
    WORKERS: '2',
    NODE_OPTIONS: `--require ${faults}`,
  };
  server = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  server.stderr?.on('data', (chunk: Buffer) => (logged += chunk.toString()));
  await until(async () => (await get('/readyz').catch(() => undefined))?.status === 200);
}, 90_000);

afterAll(async () => {
  const ended = new Promise((done) => server.once('exit', done));
  server.kill('SIGTERM');
  expect(await ended).toBe(0);
  rmSync(dataDir, { recursive: true, force: true });
});

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as AddressInfo;
      probe.close(() => done(free));
    });
  });
}

/** On a connection of its own: the next worker answers. */
function get(path: string): Promise<{ status: number; body: string }> {
  return new Promise((done, fail) => {
    const agent = new Agent({ keepAlive: false });
    const asked = request({ host: '127.0.0.1', port, path, agent }, (res) => {
      let body = '';
      res.on('data', (chunk: Buffer) => (body += chunk.toString()));
      res.on('end', () => done({ status: res.statusCode ?? 0, body }));
    });
    asked.on('error', fail).end();
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 50) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error('What the test waited for did not come.');
}

/** Requests that were refused for want of a token, as /metrics counts them. */
async function refusedRequests(): Promise<number> {
  const { status, body } = await get('/metrics');
  expect(status).toBe(200);
  const found =
    /^crosswalk_http_request_seconds_count\{face="dermifi",interaction="\S+",status="401"\} (\d+)$/m.exec(
      body,
    );
  expect(body).toMatch(/^crosswalk_waiting\{queue="dead"\} 0$/m);
  return Number(found?.[1] ?? 0);
}

async function workerIds(): Promise<number[]> {
  const { stdout } = spawn('ps', ['--ppid', String(server.pid), '-o', 'pid=,args=']);
  let listed = '';
  for await (const chunk of stdout) listed += String(chunk);
  return listed
    .split('\n')
    .filter((line) => line.includes(MAIN))
    .map((line) => Number.parseInt(line, 10));
}

it('goes on after a fault that nobody waited for, and replaces a worker that another one ended', async () => {
  const [first = 0, second = 0] = await workerIds();
  process.kill(first, 'SIGUSR2');
  await until(() => Promise.resolve(logged.includes('failed where nobody waited for it')));
  expect(await workerIds()).toEqual([first, second]);
  expect(logged).not.toContain('Hernandez');
  process.kill(second, 'SIGHUP');
  await until(async () => {
    const now = await workerIds();
    return now.length === 2 && !now.includes(second);
  });
  expect((await get('/readyz')).status).toBe(200);
}, 90_000);

it('tells the metrics of all workers, whichever answers, and forgets nothing of one that died', async () => {
  for (let calls = 0; calls < 20; calls++) expect((await get('/v1/patients')).status).toBe(401);
  // Asked one after the other, both workers answer.
  const told = [await refusedRequests(), await refusedRequests(), await refusedRequests()];
  expect(told).toEqual([20, 20, 20]);
  const before = await workerIds();
  expect(before).toHaveLength(2);
  const [first = 0] = before;
  process.kill(first, 'SIGKILL');
  await until(async () => {
    const now = await workerIds();
    return now.length === 2 && !now.includes(first);
  });
  expect(await refusedRequests()).toBe(20);
  await get('/v1/patients');
  expect(await refusedRequests()).toBe(21);
}, 90_000);
