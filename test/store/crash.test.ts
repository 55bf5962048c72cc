import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { connectStore, EVERYTHING, sessionOf } from '../../src/store';
import { testStore } from './support';

const HOOK = join(__dirname, '../../src/embedded-mongo/typescript-hook.cjs');

/** Lets the writer run until it has acknowledged `wanted` bundles, and kills it in the middle of what it does then. */
function killedAfter(uri: string, wanted: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--require', HOOK, join(__dirname, 'killed-writer.ts'), uri], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.split('\n').length > wanted) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('exit', () => resolve(text.split('\n').slice(0, -1)));
  });
}

test('a writer killed at any moment leaves whole bundles with their events, and nothing acknowledged is lost', async () => {
  const { store, connection, uri, close } = await testStore();
  const acknowledged = await killedAfter(uri, 40);
  expect(acknowledged.length).toBeGreaterThanOrEqual(40);
  // In one snapshot: a commit that was on its way when its writer died may still arrive.
  await store.transaction(async (tx) => {
    const session = sessionOf(tx);
    const patients = await connection.records('Patient').find({}, { session }).toArray();
    const flags = await connection.records('Flag').find({}, { session }).toArray();
    const parts = new Map<string, number>();
    for (const { _id, events } of [...patients, ...flags]) {
      const bundle = _id.slice(0, _id.lastIndexOf('-'));
      parts.set(bundle, (parts.get(bundle) ?? 0) + 1);
      expect(events).toHaveLength(1);
    }
    expect([...parts].filter(([, count]) => count !== 4)).toEqual([]);
    for (const bundle of acknowledged) expect(parts.get(bundle)).toBe(4);
    for (const name of ['a', 'b', 'c', 'd']) {
      const tally = await tx.read(EVERYTHING, 'Basic', name);
      const bundles = [...parts.keys()].filter((bundle) => bundle.startsWith(`${name}-`)).length;
      expect(tally?.version).toBe(bundles);
      const past = await tx.history(EVERYTHING, { type: 'Basic', id: name, count: 500 });
      expect(past.versions).toHaveLength(bundles);
    }
  });
  await close();
}, 60_000);

test.each([
  ['http://localhost', /^MONGODB_URI is malformed/],
  ['mongodb://user:secret@127.0.0.1:1/crosswalk', /^No MongoDB primary answers at MONGODB_URI/],
])('a wrong address fails soon, with one line and without its password', async (uri, line) => {
  const failure = await connectStore({ uri, startTimeoutMs: 200 }).catch((error: unknown) => error as Error);
  expect(failure).toMatchObject({ name: 'StoreUnreachable', message: expect.stringMatching(line) });
  expect((failure as Error).message).not.toMatch(/secret|\n/);
});
