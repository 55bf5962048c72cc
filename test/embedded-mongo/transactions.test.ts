import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import type { ClientSession, Collection } from 'mongodb';
import { testDatabase } from '../support/mongo';
import type { TestDatabase } from '../support/mongo';

interface Row {
  _id: number;
  value: number;
  email?: number;
}

let database: TestDatabase;
let client: MongoClient;
let run = 0;

beforeAll(async () => {
  database = await testDatabase();
  client = await MongoClient.connect(database.uri);
});

afterAll(async () => {
  await client.close();
  await database.close();
});

async function collection(): Promise<Collection<Row>> {
  const made = client.db().collection<Row>(`rows${run++}`);
  await made.createIndex({ email: 1 }, { unique: true, sparse: true });
  await made.createIndex({ value: 1 });
  await made.insertMany([0, 1, 2].map((_id) => ({ _id, value: 0 })));
  return made;
}

const KEYS = [0, 1, 2, 3];
const step = fc.record({
  who: fc.nat(2),
  what: fc.oneof(
    fc.constantFrom('begin' as const, 'commit' as const, 'abort' as const),
    fc.constantFrom('read' as const, 'add' as const, 'insert' as const, 'remove' as const, 'claim' as const),
    fc.constantFrom('read' as const, 'add' as const, 'find' as const),
  ),
  key: fc.constantFrom(...KEYS),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What MongoDB documents of snapshot isolation, on a map: the first writer wins, a snapshot never moves. */
class Model {
  committed = new Map<number, Row>([0, 1, 2].map((_id) => [_id, { _id, value: 0 }]));
  readonly open = new Map<
    number,
    { snapshot: Map<number, Row>; own: Map<number, Row>; wrote: Set<number | string> }
  >();

  /** Rows as the transaction sees them. */
  seen(who: number): Map<number, Row> {
    return this.open.get(who)?.own ?? this.committed;
  }

  /** Whether writing the key (or unique value) conflicts for this transaction. */
  conflicts(who: number, name: number | string): boolean {
    const mine = this.open.get(who);
    if (!mine) return false;
    if (mine.wrote.has(name)) return false;
    for (const [other, { wrote }] of this.open) if (other !== who && wrote.has(name)) return true;
    const before = JSON.stringify(holderOf(mine.snapshot, name));
    return (
      before !== JSON.stringify(holderOf(this.committed, name)) ||
      this.changedAndBack.get(who)?.has(name) === true
    );
  }

  /** Names that committed transactions wrote since each open one began. */
  readonly changedAndBack = new Map<number, Set<number | string>>();

  commit(who: number): void {
    const mine = this.open.get(who);
    if (!mine) return;
    for (const name of mine.wrote) {
      for (const names of this.changedAndBack.values()) names.add(name);
      if (typeof name !== 'number') continue;
      const row = mine.own.get(name);
      if (row) this.committed.set(name, row);
      else this.committed.delete(name);
    }
    this.end(who);
  }

  begin(who: number): void {
    this.open.set(who, { snapshot: new Map(this.committed), own: new Map(this.committed), wrote: new Set() });
    this.changedAndBack.set(who, new Set());
  }

  end(who: number): void {
    this.open.delete(who);
    this.changedAndBack.delete(who);
  }
}

function holderOf(rows: ReadonlyMap<number, Row>, name: number | string): unknown {
  if (typeof name === 'number') return rows.get(name);
  return [...rows.values()].find(({ email }) => `email ${email}` === name)?._id;
}

test('concurrent transactions behave as snapshot isolation with first-writer-wins says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      const rows = await collection();
      const sessions = [0, 1, 2].map(() => client.startSession());
      const model = new Model();
      for (const one of steps) await follow(rows, sessions[one.who] as ClientSession, model, one);
      for (const session of sessions) await session.endSession();
      expect(await rows.find().sort({ _id: 1 }).toArray()).toEqual(
        [...model.committed.values()].sort((a, b) => a._id - b._id),
      );
      await rows.drop();
    }),
    { numRuns: Number(process.env['RUNS'] ?? 30) },
  );
});

async function follow(
  rows: Collection<Row>,
  session: ClientSession,
  model: Model,
  { who, what, key }: Step,
): Promise<void> {
  const open = model.open.get(who);
  if (what === 'begin') {
    if (open) return;
    session.startTransaction();
    // The snapshot is that of the first operation.
    await rows.findOne({ _id: -1 }, { session });
    model.begin(who);
  } else if (!open) return;
  else if (what === 'commit') {
    await session.commitTransaction();
    model.commit(who);
  } else if (what === 'abort') {
    await session.abortTransaction();
    model.end(who);
  } else if (what === 'read') {
    expect(await rows.findOne({ _id: key }, { session })).toEqual(model.seen(who).get(key) ?? null);
  } else if (what === 'find') {
    const expected = [...model.seen(who).values()].filter(({ value }) => value >= 1).map(({ _id }) => _id);
    const found = await rows.find({ value: { $gte: 1 } }, { session }).toArray();
    expect(found.map(({ _id }) => _id).sort()).toEqual(expected.sort());
  } else await write(rows, session, model, who, what, key);
}

async function write(
  rows: Collection<Row>,
  session: ClientSession,
  model: Model,
  who: number,
  what: 'add' | 'insert' | 'remove' | 'claim',
  key: number,
): Promise<void> {
  const seen = model.seen(who);
  const row = seen.get(key);
  const wrote = model.open.get(who)?.wrote as Set<number | string>;
  if (what === 'claim') return claim(rows, session, model, who, key);
  if (what === 'insert') {
    const result = await outcome(rows.insertOne({ _id: key, value: 5 }, { session }));
    if (model.conflicts(who, key)) return aborted(result, 112, session, model, who);
    if (row) return aborted(result, 11000, session, model, who);
    seen.set(key, { _id: key, value: 5 });
  } else {
    const change =
      what === 'add'
        ? rows.updateOne({ _id: key }, { $inc: { value: 1 } }, { session })
        : rows.deleteOne({ _id: key }, { session });
    const result = await outcome(change);
    if (!row) return expect(result).toBe(0);
    if (model.conflicts(who, key)) return aborted(result, 112, session, model, who);
    if (row.email !== undefined && what === 'remove') wrote.add(`email ${row.email}`);
    if (what === 'add') seen.set(key, { ...row, value: row.value + 1 });
    else seen.delete(key);
  }
  wrote.add(key);
}

/** Sets the one e-mail that is to be had, on a row that has none. */
async function claim(
  rows: Collection<Row>,
  session: ClientSession,
  model: Model,
  who: number,
  key: number,
): Promise<void> {
  const seen = model.seen(who);
  const row = seen.get(key);
  if (!row || row.email !== undefined) return;
  const result = await outcome(rows.updateOne({ _id: key }, { $set: { email: 1 } }, { session }));
  if (model.conflicts(who, key) || model.conflicts(who, 'email 1'))
    return aborted(result, 112, session, model, who);
  if (holderOf(seen, 'email 1') !== undefined) return aborted(result, 11000, session, model, who);
  seen.set(key, { ...row, email: 1 });
  for (const name of [key, 'email 1']) model.open.get(who)?.wrote.add(name);
}

async function outcome(write: Promise<unknown>): Promise<number> {
  try {
    await write;
    return 0;
  } catch (error) {
    return Number((error as { code?: number }).code);
  }
}

async function aborted(
  result: number,
  code: number,
  session: ClientSession,
  model: Model,
  who: number,
): Promise<void> {
  expect(result).toBe(code);
  await session.abortTransaction();
  model.end(who);
}

test('ten parallel increments in transactions lose none', async () => {
  const rows = await collection();
  await Promise.all(
    Array.from({ length: 10 }, () =>
      client.withSession((session) =>
        session.withTransaction(async () => {
          const row = await rows.findOne({ _id: 0 }, { session });
          await rows.updateOne({ _id: 0 }, { $set: { value: (row?.value ?? 0) + 1 } }, { session });
        }),
      ),
    ),
  );
  expect(await rows.findOne({ _id: 0 })).toMatchObject({ value: 10 });
});

test('a write beside a transaction waits for it, and then applies', async () => {
  const rows = await collection();
  await rows.updateOne({ _id: 0 }, { $set: { value: 2 } });
  const session = client.startSession();
  session.startTransaction();
  await rows.updateOne({ _id: 0 }, { $inc: { value: 10 } }, { session });
  const beside = rows.updateOne({ _id: 0 }, { $mul: { value: 3 } });
  await rows.updateOne({ _id: 1 }, { $inc: { value: 1 } }); // nobody else waits
  await session.commitTransaction();
  await beside;
  await session.endSession();
  expect(await rows.findOne({ _id: 0 })).toMatchObject({ value: 36 });
});

test('of parallel inserts with one unique key, one succeeds', async () => {
  const rows = await collection();
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, i) => outcome(rows.insertOne({ _id: 100 + i, value: 0, email: 7 }))),
  );
  expect(results.filter((code) => code === 0)).toHaveLength(1);
  expect(results.filter((code) => code === 11000)).toHaveLength(19);
});
