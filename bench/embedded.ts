/** `npm run bench -- embedded`: the embedded database, as ratios to its own ping (the driver is the limit). */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BSON, MongoClient } from 'mongodb';
import type { Collection } from 'mongodb';
import { startEmbeddedMongo } from '../src/embedded-mongo';

interface Row {
  _id: string;
  index: string[];
  counter: number;
  resource: unknown;
}

/** One line of the table: operations a second, as a ratio to ping, and what is wanted. */
export interface Measured {
  what: string;
  perSecond: number;
  ratio?: number;
  wanted?: number;
}

/** An operation that is compared with ping. */
interface Line {
  what: string;
  clients: number;
  operation: () => Promise<unknown>;
  wanted?: number;
}

/** How many documents are there, and how long each line is measured. */
export interface EmbeddedBenchOptions {
  documents: number;
  milliseconds: number;
}

/** Runs the whole bench on a temporary database and prints its table. */
export async function benchEmbedded(options: EmbeddedBenchOptions): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'crosswalk-bench-'));
  try {
    const results = [...(await load(dataDir, options)), ...(await measure(dataDir, options))];
    for (const { what, perSecond, ratio, wanted } of results) {
      const compared =
        ratio === undefined
          ? ''
          : `${ratio.toFixed(2)} of ping${wanted === undefined ? '' : ` (wanted ${wanted})`}`;
      process.stdout.write(`${what.padEnd(58)} ${String(Math.round(perSecond)).padStart(8)}  ${compared}\n`);
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

function document(i: number): Row {
  const words = Array.from({ length: 24 }, (_, k) => `word-${(i * 31 + k * 7919) % 9973}`);
  return {
    _id: `id-${((i * 7919) % 1_000_003).toString().padStart(7, '0')}-${i}`,
    index: [
      `t|status|${i % 5}`,
      `t|subject|${i % 2000}`,
      `s|family|${words[0] ?? ''}`,
      `d|date|${2000 + (i % 25)}`,
    ],
    counter: 0,
    resource: {
      resourceType: 'Observation',
      text: words.join(' '),
      components: words.slice(0, 12).map((word, k) => ({
        code: word,
        value: k * 1.5,
        unit: 'mg',
        note: words.slice(k, k + 6).join(' '),
      })),
    },
  };
}

async function load(dataDir: string, { documents }: EmbeddedBenchOptions): Promise<Measured[]> {
  const server = await startEmbeddedMongo({ dataDir });
  const client = await MongoClient.connect(server.uri);
  const rows = client.db().collection<Row>('rows');
  await rows.createIndex({ index: 1, _id: 1 });
  const begun = performance.now();
  let bytes = 0;
  for (let i = 0; i < documents; i += 1000) {
    const batch = Array.from({ length: Math.min(1000, documents - i) }, (_, k) => document(i + k));
    bytes += batch.reduce((sum, one) => sum + BSON.calculateObjectSize(one), 0);
    await rows.insertMany(batch, { ordered: false });
  }
  const seconds = (performance.now() - begun) / 1000;
  await client.close();
  await server.stop();
  const disk = (await stat(join(dataDir, 'data.mdb'))).size;
  process.stdout.write(
    `${documents} documents of ${Math.round(bytes / documents)} bytes; disk ${(disk / bytes).toFixed(2)} times the BSON (wanted below 2.5)\n`,
  );
  return [{ what: 'insertMany of 1,000, documents a second', perSecond: documents / seconds }];
}

const PING_CLIENTS = 64;
/** Documents made ready for one line: more of them would slow the client down. */
const FRESH = 20_000;

async function measure(
  dataDir: string,
  { documents, milliseconds }: EmbeddedBenchOptions,
): Promise<Measured[]> {
  const begun = performance.now();
  const server = await startEmbeddedMongo({ dataDir });
  const started = performance.now() - begun;
  const client = await MongoClient.connect(server.uri, { maxPoolSize: 64 });
  const db = client.db();
  const rows = db.collection<Row>('rows');
  const ids = (await rows.find({}, { projection: { _id: 1 }, limit: 5000 }).toArray()).map(({ _id }) => _id);
  const id = (): string => ids[Math.floor(Math.random() * ids.length)] ?? '';
  try {
    process.stdout.write(`start with ${documents} documents: ${Math.round(started)} ms (wanted below 600)\n`);
    const ping = (): Promise<unknown> => db.command({ ping: 1 });
    await rate(PING_CLIENTS, ping, WARM_MS);
    // Made beforehand: what a document costs to make is not the database's.
    const fresh = Array.from({ length: FRESH }, (_, i) => document(documents + i));
    let next = documents + FRESH;
    const increment = { $inc: { counter: 1 } };
    const lines: Line[] = [
      {
        what: 'insertOne at 64',
        clients: 64,
        operation: () => rows.insertOne(fresh.pop() ?? document(next++)),
        wanted: 0.6,
      },
      {
        what: 'findOne by id at 16',
        clients: 16,
        operation: () => rows.findOne({ _id: id() }),
        wanted: 0.5,
      },
      {
        what: 'findOneAndUpdate at 64',
        clients: 64,
        operation: () => rows.findOneAndUpdate({ _id: id() }, increment),
        wanted: 0.35,
      },
      {
        what: 'multikey equality, sort, limit 20, projection at 16',
        clients: 16,
        operation: () => page(rows),
        wanted: 0.2,
      },
      {
        what: 'two-write transaction at 16',
        clients: 16,
        operation: () => transfer(client, rows, id(), id()),
      },
    ];
    const measured: Measured[] = [];
    for (const line of lines) measured.push(await against(ping, line, milliseconds));
    return [
      { what: 'ping at 64 clients', perSecond: await rate(PING_CLIENTS, ping, milliseconds) },
      ...measured,
      {
        what: 'findOne p99 during an unindexed count, ms (wanted < 50)',
        perSecond: await slowestBeside(rows, id),
      },
      {
        what: 'private memory at most, sorts and groups of all, MB (< 400)',
        perSecond: await mostMemory(server.pid, rows),
      },
    ];
  } finally {
    await client.close();
    await server.stop();
  }
}

function page(rows: Collection<Row>): Promise<unknown> {
  const subject = `t|subject|${Math.floor(Math.random() * 2000)}`;
  return rows
    .find({ index: subject }, { sort: { _id: 1 }, limit: 20, projection: { counter: 1, index: 1 } })
    .toArray();
}

async function transfer(client: MongoClient, rows: Collection<Row>, from: string, to: string): Promise<void> {
  await client.withSession((session) =>
    session.withTransaction(async () => {
      await rows.updateOne({ _id: from }, { $inc: { counter: -1 } }, { session });
      if (to !== from) await rows.updateOne({ _id: to }, { $inc: { counter: 1 } }, { session });
    }),
  );
}

/** Before a line is measured: client and server compile what they run. */
const WARM_MS = 1_000;
/** A machine is now faster and now slower: ping and operation take turns, and the median of their ratios counts. */
const ROUNDS = 5;

/** Operations a second with so many in flight, and their ratio to ping. */
async function against(
  ping: () => Promise<unknown>,
  { what, clients, operation, wanted }: Line,
  milliseconds: number,
): Promise<Measured> {
  await rate(clients, operation, WARM_MS);
  const rounds: { perSecond: number; ratio: number }[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const pings = await rate(PING_CLIENTS, ping, milliseconds / 2 / ROUNDS);
    const perSecond = await rate(clients, operation, milliseconds / ROUNDS);
    rounds.push({ perSecond, ratio: perSecond / pings });
  }
  const [middle = { perSecond: 0, ratio: 0 }] = rounds
    .sort((a, b) => a.ratio - b.ratio)
    .slice(Math.floor(ROUNDS / 2));
  return { what, ...middle, ...(wanted === undefined ? {} : { wanted }) };
}

async function rate(
  clients: number,
  operation: () => Promise<unknown>,
  milliseconds: number,
): Promise<number> {
  const begun = performance.now();
  let done = 0;
  const client = async (): Promise<void> => {
    while (performance.now() - begun < milliseconds) {
      await operation();
      done++;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return (done * 1000) / (performance.now() - begun);
}

/**
 * The most private memory of the server, in MB, while all documents are sorted, grouped, read and counted. What is beyond a
 * limit has to be refused by an error that says so.
 */
async function mostMemory(pid: number, rows: Collection<Row>): Promise<number> {
  let most = 0;
  const look = (): void => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    // Pages of the data file count as private too where one process maps it; they are the kernel's cache, and go when needed.
    most = Math.max(most, Number(/^Anonymous:\s+(\d+) kB$/m.exec(rollup)?.[1]) / 1024);
  };
  const watch = setInterval(look, 50);
  const all = async (cursor: AsyncIterable<unknown>): Promise<void> => {
    let n = 0;
    for await (const row of cursor) n += row === undefined ? 0 : 1;
    process.stdout.write(`  ${n} rows\n`);
  };
  const asked = [
    () => all(rows.find({}).sort({ 'resource.text': 1 })),
    () => all(rows.aggregate([{ $group: { _id: '$resource.text', all: { $push: '$$ROOT' } } }])),
    () => all(rows.aggregate([{ $group: { _id: '$resource.text', n: { $sum: 1 } } }])),
    () => all(rows.aggregate([{ $sort: { counter: 1, 'resource.text': -1 } }])),
    () => all(rows.find({}, { batchSize: 100_000 })),
    () => rows.distinct('resource.text'),
    () => rows.updateMany({}, { $inc: { counter: 1 } }),
  ];
  for (const ask of asked) {
    await ask().catch((error: unknown) => {
      if (!/exceeded memory limit|[Ee]xceeded|too big|16MB/.test((error as Error).message)) throw error;
      process.stdout.write(`  refused: ${(error as Error).message.slice(0, 110)}\n`);
    });
    look();
  }
  clearInterval(watch);
  return most;
}

async function slowestBeside(rows: Collection<Row>, id: () => string): Promise<number> {
  let counting = true;
  const counted = rows
    .countDocuments({ 'resource.text': /nothing like it/ })
    .finally(() => (counting = false));
  const times: number[] = [];
  while (counting) {
    const begun = performance.now();
    await rows.findOne({ _id: id() });
    times.push(performance.now() - begun);
  }
  await counted;
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
}
