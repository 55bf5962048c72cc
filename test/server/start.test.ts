import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { DemoCredentials } from '../../src/demo';

/** The server as an operator starts, stops and kills it: the built one, in a process of its own. */
const MAIN = resolve(__dirname, '../../dist/main.js');
const CLI = resolve(__dirname, '../../dist/cli.js');

interface Running {
  child: ChildProcess;
  url: string;
  output(): string;
  ended: Promise<{ code: number | null; stderr: string }>;
}

let dataDir: string;
let port: number;
const children: ChildProcess[] = [];

function run(
  script: string,
  args: string[],
  environment: Record<string, string>,
  program = process.execPath,
): Running {
  const env = { PATH: process.env.PATH ?? '', DATA_DIR: dataDir, PORT: String(port), ...environment };
  const child = spawn(program, [script, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<{ code: number | null; stderr: string }>((done) =>
    child.once('exit', (code) => done({ code, stderr })),
  );
  return { child, url: `http://127.0.0.1:${env.PORT}`, output: () => stdout, ended };
}

async function started(environment: Record<string, string> = {}): Promise<Running> {
  return listening(run(MAIN, [], environment));
}

async function listening(running: Running): Promise<Running> {
  for (let waited = 0; waited < 60_000 && !running.output().includes('Ctrl-C'); waited += 50) {
    if (running.child.exitCode !== null) throw new Error((await running.ended).stderr);
    await new Promise((done) => setTimeout(done, 50));
  }
  return running;
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as AddressInfo;
      probe.close(() => done(free));
    });
  });
}

const credentials = (): DemoCredentials =>
  JSON.parse(readFileSync(join(dataDir, 'demo-credentials.json'), 'utf8')) as DemoCredentials;
const headers = (key: string) => ({ Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' });

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'crosswalk-start-'));
  port = await freePort();
});
afterAll(() => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

it('seeds once, prints commands that carry its port and folder, stops with 0, and keeps its data through kill -9', async () => {
  const first = await started();
  expect(first.output()).toContain(`Crosswalk is running at ${first.url}`);
  expect(first.output()).toContain(`PORT=${port} DATA_DIR=${dataDir} npm run -s crosswalk -- audit export`);
  expect(statSync(join(dataDir, 'demo-credentials.json')).mode & 0o777).toBe(0o600);
  const { handoffrx } = credentials();
  const [sender] = handoffrx;
  const receiver = handoffrx.find(({ practice }) => practice === 'Sonora Behavioral Health');
  expect(handoffrx.filter(({ plan, scopes }) => plan === 'Enterprise' && scopes.length === 3)).toHaveLength(
    2,
  );
  first.child.kill('SIGTERM');
  expect(await first.ended).toMatchObject({ code: 0 });

  // Nobody listens at the receiver's endpoint yet: the event must wait through a kill.
  const hookPort = await freePort();
  const allowed = { WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8' };
  const hook = run(
    CLI,
    [
      'webhook',
      'create',
      '--practice',
      'Sonora Behavioral Health',
      '--url',
      `http://127.0.0.1:${hookPort}/`,
      '--events',
      'referral.created',
      '--json',
    ],
    allowed,
  );
  expect(await hook.ended).toMatchObject({ code: 0 });

  const second = await started(allowed);
  expect(second.output()).not.toContain('shown this once');
  expect(credentials().handoffrx).toEqual(handoffrx);
  const body = JSON.stringify({
    client_first: 'Maria',
    client_last: 'Hernandez',
    sent_to_practice: 'Sonora Behavioral Health',
    service_needed: 'IOP - Substance Use',
    level_of_care: 'IOP',
    clinical_justification: 'Client meets ASAM criteria for IOP.',
  });
  const created = await fetch(`${second.url}/api/v1/referrals`, {
    method: 'POST',
    headers: headers(sender?.apiKey ?? ''),
    body,
  });
  expect(created.status).toBe(201);
  second.child.kill('SIGKILL');
  await second.ended;

  const received: string[] = [];
  const endpoint = createHttpServer((req, res) => {
    let text = '';
    req.on('data', (chunk: Buffer) => (text += chunk.toString()));
    req.on('end', () => {
      received.push(text);
      res.end();
    });
  });
  await new Promise<void>((done) => endpoint.listen(hookPort, '127.0.0.1', done));
  const third = await started(allowed);
  const { id } = (await created.json()) as { id: string };
  const read = await fetch(`${third.url}/api/v1/referrals/${id}`, {
    headers: headers(receiver?.apiKey ?? ''),
  });
  expect(read.status).toBe(200);
  for (let waited = 0; waited < 15_000 && received.length === 0; waited += 50)
    await new Promise((done) => setTimeout(done, 50));
  expect(JSON.parse(received[0] ?? '{}')).toMatchObject({
    event: 'referral.created',
    data: { referral_id: id },
  });
  third.child.kill('SIGINT');
  expect(await third.ended).toMatchObject({ code: 0 });
  endpoint.closeAllConnections();
  endpoint.close();
}, 120_000);

describe('a start that cannot be', () => {
  const oneLine = expect.stringMatching(/^[^\n]+\n$/) as string;

  it.each([
    ['a malformed variable', { PORT: 'abc' }, 'PORT'],
    ['an unknown switch', { FHIR_AUTH: 'maybe' }, 'FHIR_AUTH'],
    ['an open record on a public address', { FHIR_AUTH: 'off', HOST: '0.0.0.0' }, 'loopback'],
    ['a host that is none', { HOST: '999.1.1.1' }, 'HOST'],
    ['a base of links with a query', { PUBLIC_URL: 'https://fhir.example.com/?x' }, 'PUBLIC_URL'],
    ['a base of links with a password', { PUBLIC_URL: 'https://u:p@fhir.example.com' }, 'PUBLIC_URL'],
    ['a folder that cannot be written', { DATA_DIR: '/proc/nowhere' }, 'DATA_DIR'],
    ['a malformed database address', { MONGODB_URI: 'localhost' }, 'MONGODB_URI'],
    ['a database that does not answer', { MONGODB_URI: 'mongodb://127.0.0.1:9/x' }, 'MONGODB_URI'],
  ])('ends with one line and exit code 1: %s', async (_what, environment, named) => {
    const { code, stderr } = await run(MAIN, [], environment).ended;
    expect([code, stderr]).toEqual([1, oneLine]);
    expect(stderr).toContain(named);
  });

  it('ends with one line and exit code 1: a port that is taken', async () => {
    const holder: Server = createServer();
    await new Promise<void>((done) => holder.listen(port, '127.0.0.1', done));
    const { code, stderr } = await run(MAIN, [], {}).ended;
    holder.close();
    expect([code, stderr]).toEqual([1, oneLine]);
    expect(stderr).toContain(`Port ${port}`);
  });
});

/** Processes whose parent is this one, as the kernel tells. */
function childrenOf(pid: number): number[] {
  const parentOf = (entry: string): number => {
    try {
      return Number(
        readFileSync(`/proc/${entry}/stat`, 'latin1')
          .replace(/^.*\) /, '')
          .split(' ')[1],
      );
    } catch {
      return 0; // ended meanwhile
    }
  };
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && parentOf(entry) === pid)
    .map(Number);
}

it('ends with the npm that started it: no shell between them keeps the signal', async () => {
  const { child, url, ended } = await listening(run('start', [], {}, 'npm'));
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0 });
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
}, 60_000);

it('tells those who ask all the time to leave their connections before it closes them', async () => {
  const { child, url, ended } = await started();
  const client = async (): Promise<string> => {
    for (;;) {
      const answer = await fetch(`${url}/healthz`);
      await answer.text();
      if (answer.headers.get('connection') === 'close') return 'told';
    }
  };
  const clients = Array.from({ length: 8 }, client);
  await new Promise((done) => setTimeout(done, 500));
  child.kill('SIGTERM');
  expect(await Promise.all(clients)).toEqual(clients.map(() => 'told'));
  expect(await ended).toMatchObject({ code: 0 });
}, 60_000);

it('starts its database again when that is killed, and has lost nothing', async () => {
  const { child, url, ended } = await started();
  const [sender] = credentials().handoffrx;
  const asked = { headers: headers(sender?.apiKey ?? '') };
  const before: unknown = await (await fetch(`${url}/api/v1/referrals`, asked)).json();
  const [database = 0, ...others] = childrenOf(child.pid ?? 0);
  expect([database > 0, others]).toEqual([true, []]);
  process.kill(database, 'SIGKILL');
  let answer = await fetch(`${url}/api/v1/referrals`, asked);
  for (let waited = 0; waited < 20_000 && answer.status !== 200; waited += 100) {
    await new Promise((done) => setTimeout(done, 100));
    answer = await fetch(`${url}/api/v1/referrals`, asked);
  }
  expect([answer.status, await answer.json()]).toEqual([200, before]);
  expect(childrenOf(child.pid ?? 0)).not.toContain(database);
  child.kill('SIGTERM');
  const { code, stderr } = await ended;
  expect([code, stderr]).toEqual([0, expect.stringContaining('it is started again')]);
}, 90_000);

it('refuses unknown commands and arguments with one line', async () => {
  const unknown = await run(CLI, ['nonsense'], {}).ended;
  expect([unknown.code, unknown.stderr.trim().split('\n')]).toEqual([
    1,
    [expect.stringContaining('nonsense')],
  ]);
  const plan = await run(
    CLI,
    [
      'key',
      'create',
      '--practice',
      'Sonora Behavioral Health',
      '--plan',
      'Gold',
      '--scopes',
      'referrals:read',
    ],
    {},
  ).ended;
  expect([plan.code, plan.stderr.trim().split('\n')]).toEqual([1, [expect.stringContaining('Gold')]]);
  const nowhere = join(dataDir, 'nowhere', 'report.csv');
  const report = await run(CLI, ['audit', 'report', 'brokering', '--out', nowhere], {}).ended;
  expect([report.code, report.stderr]).toEqual([
    1,
    `${nowhere} cannot be opened or written: there is no such file or folder.\n`,
  ]);
  const type = await run(CLI, ['reindex', 'Pacient'], {}).ended;
  expect([type.code, type.stderr]).toEqual([1, 'There is no resource type Pacient.\n']);
  const overlap = await run(CLI, ['webhook', 'rotate', 'any', '--overlap', 'soon'], {}).ended;
  expect([overlap.code, overlap.stderr]).toEqual([1, '"soon" is no time such as 30m, 24h or 7d.\n']);
  expect(existsSync(dataDir)).toBe(true);
}, 90_000);
