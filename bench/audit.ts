/**
 * The audit trail's costs: what strict reads cost over HTTP, what `record` adds to a bare `findOne`, what an event costs
 * until it can be searched, and how fast a large log is exported and verified, in how much memory.
 * `npm run bench -- audit`: a log of 1,000,000 events; `--quick`: 100,000.
 */
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  createAudit,
  newEventId,
  verifyFile,
  type Audit,
  type AuditDraft,
  type FilterQuery,
  type Format,
} from '../src/audit';
import { startEmbeddedMongo } from '../src/embedded-mongo';
import { connectStore, type StoreConnection } from '../src/store';
import { readsOverHttp } from './audit-http';

const ORIGIN = 'https://bench.test';
const SEALING = { seal: (plain: string) => plain, unseal: (sealed: string) => sealed };
const LOOKUPS = {
  practice: (id: string) => Promise.resolve(id),
  user: () => Promise.resolve([]),
  referral: () => Promise.resolve([]),
  referralFacts: () => Promise.resolve(undefined),
};
const CLIENTS = 64;
const ROUNDS = 5;
const ROUND_MS = 3_000;

function read(i: number): AuditDraft {
  return {
    id: newEventId(),
    at: new Date(),
    requestId: `req_${randomUUID().replaceAll('-', '')}`,
    face: 'fhir',
    interaction: 'read',
    action: 'R',
    outcome: '0',
    agent: {
      kind: 'client',
      id: 'client-7',
      name: 'EHR of Sonora',
      practice: 'sonora',
      practiceName: 'Sonora Behavioral Health',
      address: '192.0.2.7',
    },
    patients: [`patient-${i % 1_000}`],
    resources: [`Observation/obs-${i % 10_000}/_history/1`],
  };
}

/** Operations per second of so many clients in a closed loop. */
async function rate(work: (i: number) => Promise<unknown>): Promise<number> {
  const until = performance.now() + ROUND_MS;
  let done = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      await work(done);
      done += 1;
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return (done * 1_000) / (performance.now() - started);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function measureRecord(connection: StoreConnection, audit: Audit): Promise<void> {
  const bare = connection.collection<{ _id: string }>('bench_reads');
  await bare.insertMany(
    Array.from({ length: 1_000 }, (_, i) => ({ _id: String(i), resource: { text: 'x'.repeat(800) } })),
  );
  const find = (i: number): Promise<unknown> => bare.findOne({ _id: String(i % 1_000) });
  const rounds: { floor: number; audited: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const floor = await rate(find);
    const audited = await rate(async (i) => {
      await find(i);
      await audit.trail.record(read(i));
    });
    rounds.push({ floor, audited });
  }
  const floor = median(rounds.map((round) => round.floor));
  const audited = median(rounds.map((round) => round.audited));
  const cost = 1e6 / audited - 1e6 / floor;
  line(`findOne alone                ${floor.toFixed(0).padStart(9)} /s`);
  line(
    `findOne and strict record    ${audited.toFixed(0).padStart(9)} /s   (${(100 * (1 - audited / floor)).toFixed(1)} % less, ${cost.toFixed(0)} us each)`,
  );
}

/** Events that are sealed and then made searchable, and what either costs this process. */
async function measureSearchable(audit: Audit, events: number): Promise<void> {
  await Promise.all(Array.from({ length: events }, (_, i) => audit.trail.record(read(i))));
  for (const [name, work] of [
    ['sealed', () => audit.checkpoint()],
    ['made searchable', () => audit.flush()],
  ] as const) {
    const started = performance.now();
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    const seconds = (performance.now() - started) / 1_000;
    line(
      `${name.padEnd(28)} ${(events / seconds).toFixed(0).padStart(9)} /s   (${((user + system) / events).toFixed(0)} us of this process each)`,
    );
  }
}

async function fill(audit: Audit, events: number): Promise<void> {
  const started = performance.now();
  for (let made = 0; made < events;) {
    const many = Math.min(20_000, events - made);
    const from = made;
    await Promise.all(Array.from({ length: many }, (_, i) => audit.trail.record(read(from + i))));
    await audit.flush();
    made += many;
  }
  const seconds = (performance.now() - started) / 1_000;
  line(
    `recorded and sealed          ${(events / seconds).toFixed(0).padStart(9)} /s   (without making them searchable)`,
  );
}

/** Exports in a process of its own, so that the memory is the export's. */
async function measureExport(
  uri: string,
  folder: string,
  format: Format,
  filter: FilterQuery,
  size: number,
): Promise<void> {
  const order: Order = { uri, path: join(folder, format), format, filter };
  const child = fork(__filename, [JSON.stringify(order)], { stdio: 'inherit' });
  const failed = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`The export ended with ${String(code)}.`)),
  );
  const [exported] = (await Promise.race([once(child, 'message'), failed])) as [Exported];
  const name = `export ${format}${Object.keys(filter).length > 0 ? ', one patient' : ''}`;
  line(
    `${name.padEnd(28)} ${(size / exported.seconds).toFixed(0).padStart(9)} /s   (${exported.events} of ${size} events, ` +
      `${exported.cpu.toFixed(0)} us of CPU each, ${(exported.bytes / 1e6).toFixed(0)} MB, at most ${(exported.peak / 1e6).toFixed(0)} MB of memory; ` +
      `verified at ${(exported.events / exported.checked).toFixed(0)} /s)`,
  );
}

interface Order {
  uri: string;
  path: string;
  format: Format;
  filter: FilterQuery;
}

interface Exported {
  events: number;
  seconds: number;
  /** Microseconds of processor time an event. */
  cpu: number;
  bytes: number;
  /** The process's own memory at its highest: resident, without what it shares with files. Bytes. */
  peak: number;
  /** Seconds to verify. */
  checked: number;
}

async function exportAlone({ uri, path, format, filter }: Order): Promise<Exported> {
  const connection = await connectStore({ uri });
  const audit = await createAudit({ connection, sealing: SEALING, lookups: LOOKUPS, origin: ORIGIN });
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, privateMemory())), 50);
  const started = performance.now();
  const before = process.cpuUsage();
  const { text } = await audit.exportEvents({ format, filter });
  await pipeline(Readable.from(text), createWriteStream(path));
  const seconds = (performance.now() - started) / 1_000;
  const { user, system } = process.cpuUsage(before);
  clearInterval(watch);
  const checking = performance.now();
  const verdict = await verifyFile(path);
  const checked = (performance.now() - checking) / 1_000;
  if (!verdict.ok) throw new Error(`The export does not verify: ${verdict.problem ?? String(verdict.wrong)}`);
  const { size } = await stat(path);
  await rm(path);
  await audit.close();
  await connection.close();
  return {
    events: verdict.events,
    seconds,
    cpu: (user + system) / verdict.events,
    bytes: size,
    peak,
    checked,
  };
}

/** Resident pages less those of files, such as the program itself. https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html */
function privateMemory(): number {
  if (process.platform !== 'linux') return process.memoryUsage().rss;
  const [, resident = 0, shared = 0] = readFileSync('/proc/self/statm', 'utf8').split(' ').map(Number);
  return (resident - shared) * PAGE;
}

const PAGE = 4_096;

function line(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** @param options.events size of the log to export. */
export async function benchAudit({ events }: { events: number }): Promise<void> {
  const { strict, async } = await readsOverHttp(ROUNDS, ROUND_MS / 1_000);
  line(`FHIR reads, async            ${async.toFixed(0).padStart(9)} /s`);
  line(
    `FHIR reads, strict           ${strict.toFixed(0).padStart(9)} /s   (${(100 * (1 - strict / async)).toFixed(1)} % less)`,
  );
  const folder = await mkdtemp(join(tmpdir(), 'crosswalk-bench-audit-'));
  const external = process.env['MONGODB_URI'];
  const embedded = external === undefined ? await startEmbeddedMongo({ dataDir: folder }) : undefined;
  const uri = external ?? embedded?.uri ?? '';
  const connection = await connectStore({ uri });
  const common = { connection, sealing: SEALING, lookups: LOOKUPS, origin: ORIGIN };
  const audit = await createAudit(common);
  // The large log is filled without the searchable copies, whose indexes are the store's bench.
  const unpublished = await createAudit({ ...common, publish: () => Promise.resolve() });
  try {
    line(
      `${events} events, ${CLIENTS} clients, medians of ${ROUNDS} rounds, ${external === undefined ? 'embedded database' : 'external database'}`,
    );
    await measureRecord(connection, audit);
    await connection.collection('audit_inbox').deleteMany({});
    await measureSearchable(audit, 5_000);
    await fill(unpublished, events);
    for (const format of ['ndjson', 'bundle', 'csv'] as const)
      await measureExport(uri, folder, format, {}, events);
    await measureExport(uri, folder, 'ndjson', { patient: 'patient-77' }, events);
  } finally {
    await audit.close();
    await unpublished.close();
    await connection.close();
    await embedded?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const [order] = process.argv.slice(2);
if (require.main === module && order !== undefined) {
  void exportAlone(JSON.parse(order) as Order).then((exported) => {
    process.send?.(exported);
    process.disconnect();
  });
}
