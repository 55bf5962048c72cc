import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import type { Collection, Db } from 'mongodb';
import { startEmbeddedMongo } from '../../src/embedded-mongo';

/** What the kills found. All but `acknowledged` and `kills` must be empty or zero. */
export interface FaultReport {
  kills: number;
  /** Writes acknowledged before a kill. */
  acknowledged: number;
  /** What was wrong after a restart, one line each. */
  faults: string[];
}

interface Row {
  _id: string;
  tags?: string[];
  pair?: string;
  n?: number;
  fill?: string;
}

/** What the writers were told, to be held against what is found after the kill. */
interface Promised {
  inserted: Set<string>;
  counted: number;
  /** Increments sent, answered or not. */
  sent: number;
  pairs: Set<string>;
}

const WRITERS = 4;
/**
 * For a client to end whose server is gone. Now and then (once in some hundred kills) the driver waits for a reply that cannot come,
 * although nothing can be acknowledged any more.
 */
const PATIENCE_MS = 15_000;
/** Makes some rows large, so that the log goes into the data file again and again while kills come. */
const FILLING = 'f'.repeat(60_000);

/**
 * Kills the server with SIGKILL under inserting, counting and transaction writers, starts it again on the same folder
 * and checks: nothing acknowledged is lost, no transaction is torn, every index agrees with the documents.
 */
export async function runEmbeddedFaults({
  kills,
  onKill,
}: {
  kills: number;
  onKill?: (done: number) => void;
}): Promise<FaultReport> {
  const dataDir = await mkdtemp(join(tmpdir(), 'crosswalk-faults-'));
  const promised: Promised = { inserted: new Set(), counted: 0, sent: 0, pairs: new Set() };
  const faults: string[] = [];
  try {
    for (let kill = 1; kill <= kills; kill++) {
      await writeUntilKilled(dataDir, promised, kill);
      faults.push(...(await check(dataDir, promised)).map((fault) => `kill ${kill}: ${fault}`));
      onKill?.(kill);
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
  return { kills, acknowledged: promised.inserted.size + promised.counted + promised.pairs.size, faults };
}

async function writeUntilKilled(dataDir: string, promised: Promised, kill: number): Promise<void> {
  const server = await startEmbeddedMongo({ dataDir });
  // Without retries every answer is about one attempt.
  const client = await MongoClient.connect(server.uri, {
    retryWrites: false,
    // A session that ends after the kill looks for the server to abort its transaction, for as long as this.
    serverSelectionTimeoutMS: 10_000,
  });
  const db = client.db();
  await db.collection('rows').createIndex({ tags: 1, _id: 1 });
  await db.collection('rows').createIndex({ pair: 1 }, { sparse: true });
  const life = { isOver: false };
  const writers = Array.from({ length: WRITERS }, (_, w) => [
    untilOver(life, (i) => insertRow(db, promised, `${kill}.${w}.${i}`)),
    untilOver(life, () => count(db, promised)),
    untilOver(life, (i) => insertPair(client, db, promised, `${kill}.${w}.${i}`)),
  ]);
  await sleep(50 + Math.random() * 800);
  process.kill(server.pid, 'SIGKILL');
  // A write begun on a client that is closed would connect it again, and wait.
  life.isOver = true;
  // Who waits for a server now waits no longer.
  const ended = client.close().then(() => Promise.all(writers.flat()));
  const limit = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: limit.signal }).catch(() => undefined);
  await Promise.race([ended, late]).finally(() => limit.abort());
}

/** Repeats a write until the server is gone. */
async function untilOver(life: { isOver: boolean }, write: (i: number) => Promise<void>): Promise<void> {
  try {
    for (let i = 0; !life.isOver; i++) await write(i);
  } catch {
    // the kill
  }
}

async function insertRow(db: Db, { inserted }: Promised, id: string): Promise<void> {
  const fill = FILLING.slice(0, Math.random() * FILLING.length);
  await db.collection<Row>('rows').insertOne({ _id: id, tags: [`t${id.length}`, 'all'], fill });
  inserted.add(id);
}

async function count(db: Db, promised: Promised): Promise<void> {
  promised.sent++;
  await db.collection<Row>('rows').updateOne({ _id: 'counter' }, { $inc: { n: 1 } }, { upsert: true });
  promised.counted++;
}

async function insertPair(client: MongoClient, db: Db, { pairs }: Promised, id: string): Promise<void> {
  await client.withSession(async (session) => {
    session.startTransaction();
    for (const side of ['left', 'right']) {
      await db
        .collection<Row>('rows')
        .insertOne({ _id: `${side}.${id}`, pair: id, tags: ['all'] }, { session });
    }
    await session.commitTransaction();
  });
  pairs.add(id);
}

async function check(dataDir: string, promised: Promised): Promise<string[]> {
  const server = await startEmbeddedMongo({ dataDir });
  const client = await MongoClient.connect(server.uri);
  try {
    const rows = client.db().collection<Row>('rows');
    const found = await rows.find({}, { hint: { $natural: 1 }, projection: { fill: 0 } }).toArray();
    return [...lost(found, promised), ...torn(found, promised), ...(await disagreeing(rows, found))];
  } finally {
    await client.close();
    await server.stop();
  }
}

function lost(found: readonly Row[], { inserted, counted, sent }: Promised): string[] {
  const ids = new Set(found.map(({ _id }) => _id));
  const missing = [...inserted]
    .filter((id) => !ids.has(id))
    .map((id) => `insert ${id} was acknowledged and is lost`);
  const counter = found.find(({ _id }) => _id === 'counter')?.n ?? 0;
  const wrong = counter < counted || counter > sent;
  return wrong
    ? [...missing, `the counter is ${counter}: ${counted} were acknowledged, ${sent} sent`]
    : missing;
}

function torn(found: readonly Row[], { pairs }: Promised): string[] {
  const sides = new Map<string, number>();
  for (const { pair } of found) if (pair !== undefined) sides.set(pair, (sides.get(pair) ?? 0) + 1);
  const halves = [...sides].filter(([, n]) => n !== 2).map(([pair]) => `transaction ${pair} is torn`);
  return [
    ...halves,
    ...[...pairs]
      .filter((pair) => !sides.has(pair))
      .map((pair) => `transaction ${pair} was acknowledged and is lost`),
  ];
}

async function disagreeing(rows: Collection<Row>, found: readonly Row[]): Promise<string[]> {
  const byTag = await rows
    .find({ tags: 'all' }, { hint: { tags: 1, _id: 1 }, projection: { _id: 1 } })
    .toArray();
  const byPair = await rows
    .find({ pair: { $exists: true } }, { hint: { pair: 1 }, projection: { _id: 1 } })
    .toArray();
  const tagged = found.filter(({ tags }) => tags?.includes('all')).length;
  const paired = found.filter(({ pair }) => pair !== undefined).length;
  return [
    ...(byTag.length === tagged ? [] : [`index tags holds ${byTag.length} of ${tagged}`]),
    ...(byPair.length === paired ? [] : [`index pair holds ${byPair.length} of ${paired}`]),
  ];
}
