import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { BSON, MongoClient } from 'mongodb';
import { startEmbeddedMongo } from '../../src/embedded-mongo';
import type { EmbeddedMongo } from '../../src/embedded-mongo';
import { describeEmbedded } from '../support/mongo';

let dataDir: string;
let server: EmbeddedMongo;
let client: MongoClient;

function socket(): Socket {
  return connect({ path: decodeURIComponent(/^mongodb:\/\/([^/]+)\//.exec(server.uri)?.[1] ?? '') });
}

/** Sends bytes, ends the sending side, and resolves with all that came back once the server is done. */
function exchange(bytes: Uint8Array): Promise<Buffer> {
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    const peer = socket();
    peer.on('data', (chunk) => received.push(chunk));
    peer.on('error', () => undefined);
    peer.on('close', () => resolve(Buffer.concat(received)));
    peer.end(bytes);
  });
}

/** Sends a frame and resolves with the first piece that comes back. */
function ask(frame: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const peer = socket();
    peer.once('data', (chunk) => {
      resolve(chunk);
      peer.destroy();
    });
    peer.on('error', () => undefined);
    peer.write(frame);
  });
}

function message(document: object, { opCode = 2013, flags = 0, tail = Buffer.alloc(0) } = {}): Buffer {
  const body = BSON.serialize(document);
  const head = Buffer.alloc(21);
  head.writeInt32LE(21 + body.length + tail.length, 0);
  head.writeInt32LE(7, 4);
  head.writeInt32LE(opCode, 12);
  head.writeUInt32LE(flags, 16);
  return Buffer.concat([head, body, tail]);
}

function reply(bytes: Buffer): BSON.Document {
  expect(bytes.readInt32LE(0)).toBe(bytes.length);
  expect(bytes.readInt32LE(8)).toBe(7);
  return BSON.deserialize(bytes.subarray(21));
}

const ping = message({ ping: 1, $db: 'admin' });
const insert = message({ insert: 'kept', documents: [{ n: 3 }], $db: 'crosswalk' });

async function expectUnharmed(): Promise<void> {
  expect(reply(await exchange(ping))).toEqual({ ok: 1 });
  expect(await client.db().collection('kept').countDocuments({})).toBe(2);
}

describeEmbedded('the wire protocol', () => {
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'crosswalk-wire-'));
    server = await startEmbeddedMongo({ dataDir });
    client = await MongoClient.connect(server.uri);
    await client
      .db()
      .collection('kept')
      .insertMany([{ n: 1 }, { n: 2 }]);
  });

  afterAll(async () => {
    await client.close();
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('a frame may come in pieces, and several in one', async () => {
    expect(reply(await exchange(ping))).toEqual({ ok: 1 });
    const both = await exchange(Buffer.concat([ping, ping]));
    expect(both.length).toBe(2 * (await exchange(ping)).length);
    const pieces = await new Promise<Buffer>((resolve) => {
      const peer = socket();
      peer.once('data', (chunk) => {
        resolve(chunk);
        peer.destroy();
      });
      for (const byte of ping) peer.write(Buffer.from([byte]));
    });
    expect(reply(pieces)).toEqual({ ok: 1 });
  });

  test('a frame of an impossible length ends the connection', async () => {
    for (const length of [-1, 0, 15, 48_000_001, 0x7fffffff]) {
      const frame = Buffer.from(ping);
      frame.writeInt32LE(length, 0);
      expect(await exchange(frame)).toHaveLength(0);
    }
    await expectUnharmed();
  });

  test('a cut frame does nothing', async () => {
    for (let length = 0; length < insert.length; length++)
      expect(await exchange(insert.subarray(0, length))).toHaveLength(0);
    await expectUnharmed();
  });

  test('garbage and flipped bytes neither crash the server nor touch data', async () => {
    const find = message({
      find: 'kept',
      filter: { n: { $gt: 0 } },
      sort: { n: 1 },
      lsid: { id: new BSON.UUID() },
      $db: 'crosswalk',
    });
    const flipped = fc
      .tuple(
        fc.constantFrom(ping, find),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      )
      .map(([frame, changes]) => {
        const bytes = Buffer.from(frame);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return bytes;
      });
    const framed = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => {
      const head = Buffer.alloc(16);
      head.writeInt32LE(16 + bytes.length, 0);
      head.writeInt32LE(2013, 12);
      return Buffer.concat([head, bytes]);
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(flipped, framed, fc.uint8Array({ maxLength: 300 })), async (bytes) => {
        await exchange(bytes);
      }),
      { numRuns: 150 },
    );
    await expectUnharmed();
  });

  test('unknown flags, operations and compression end the connection; OP_QUERY serves hello alone', async () => {
    expect(await exchange(message({ ping: 1, $db: 'admin' }, { flags: 4 }))).toHaveLength(0);
    expect(await exchange(message({ ping: 1, $db: 'admin' }, { opCode: 2012 }))).toHaveLength(0);
    expect(await exchange(message({ ping: 1, $db: 'admin' }, { tail: Buffer.from([9]) }))).toHaveLength(0);
    const body = BSON.serialize({ ismaster: 1 });
    const head = Buffer.alloc(20);
    head.writeInt32LE(20 + 11 + 8 + body.length, 0);
    head.writeInt32LE(2004, 12);
    const answer = await exchange(Buffer.concat([head, Buffer.from('admin.$cmd\0'), Buffer.alloc(8), body]));
    expect(BSON.deserialize(answer.subarray(36))).toMatchObject({
      ismaster: true,
      helloOk: true,
      maxWireVersion: 21,
      ok: 1,
    });
  });

  test('a document that is malformed inside is refused and not stored', async () => {
    const inserted = async (document: Buffer): Promise<BSON.Document> => {
      const frame = message({ insert: 'kept', documents: ['@'], $db: 'crosswalk' });
      const placeholder = BSON.serialize({ documents: ['@'] }).subarray(4, -1);
      const at = frame.indexOf(placeholder);
      const list = Buffer.concat([
        Buffer.alloc(4),
        Buffer.from('\x030\0', 'latin1'),
        document,
        Buffer.alloc(1),
      ]);
      list.writeInt32LE(list.length, 0);
      const element = Buffer.concat([Buffer.from('\x04documents\0', 'latin1'), list]);
      const whole = Buffer.concat([frame.subarray(0, at), element, frame.subarray(at + placeholder.length)]);
      whole.writeInt32LE(whole.length, 0);
      whole.writeInt32LE(whole.length - 21, 21);
      return reply(await ask(whole));
    };
    const good = Buffer.from(BSON.serialize({ _id: 1, a: { b: ['text', { c: true }] } }));
    const wrong = [good.indexOf('text') - 4, good.length - 5, good.indexOf('c\0', 20) - 1].map((at) => {
      const bytes = Buffer.from(good);
      bytes[at] = 0x77;
      return bytes;
    });
    for (const document of wrong) expect(await inserted(document)).toMatchObject({ ok: 0, code: 22 });
    let deep: object = {};
    for (let level = 0; level < 250; level++) deep = { deep };
    expect(await inserted(Buffer.from(BSON.serialize(deep)))).toMatchObject({ ok: 0, code: 22 });
    await expectUnharmed();
    expect(await inserted(good)).toMatchObject({ ok: 1, n: 1 });
    expect(await client.db().collection<{ _id: number }>('kept').deleteOne({ _id: 1 })).toMatchObject({
      deletedCount: 1,
    });
  });

  test('an unacknowledged write is done without a reply', async () => {
    const silent = await exchange(
      message(
        { insert: 'silent', documents: [{ n: 1 }], $db: 'crosswalk', writeConcern: { w: 0 } },
        { flags: 2 },
      ),
    );
    expect(silent).toHaveLength(0);
    while ((await client.db().collection('silent').countDocuments({})) === 0)
      await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
