import { EVERYTHING, reindex, type ReindexProgress } from '../../src/store';
import { parseSearch } from '../../src/search';
import { as, patient, testStore, type TestStore } from './support';

let it_: TestStore;
beforeAll(async () => {
  it_ = await testStore();
  const changes = Array.from({ length: 25 }, (_, i) => ({
    kind: 'create' as const,
    id: `p${i}`,
    resource: patient(`Family${i}`),
  }));
  await it_.store.commit(changes, as('practice-a'));
  await it_.store.commit([{ kind: 'delete', type: 'Patient', id: 'p3' }], as());
  // As if search parameters had been others when these were written.
  const other = { $set: { index: [], ranges: [], sort: {}, indexed: 'another' } };
  await it_.connection.records('Patient').updateMany({}, other);
});
afterAll(() => it_.close());

const found = async (family: string, practice?: string): Promise<string[]> => {
  const viewer = practice === undefined ? EVERYTHING : { practice };
  const page = await it_.store.search(viewer, parseSearch('Patient', [['family', family]]));
  return page.matches.map(({ id }) => id);
};

test('makes the index again, in rounds that can be gone on from, without new versions', async () => {
  const stop = new AbortController();
  const rounds: ReindexProgress[] = [];
  const options = { connection: it_.connection, type: 'Patient' as const, batch: 10 };
  const onProgress = (progress: ReindexProgress): void => {
    rounds.push(progress);
    stop.abort();
  };
  expect(await found('Family9')).toEqual([]);
  expect(await reindex({ ...options, onProgress, signal: stop.signal })).toBe(10);
  expect(rounds).toEqual([{ type: 'Patient', done: 10, after: 'p17' }]);
  expect(await found('Family9')).toEqual([]);
  await it_.store.commit([{ kind: 'put', resource: { ...patient('Written'), id: 'p20' } }], as());
  expect(await reindex({ ...options, after: 'p17' })).toBe(15);
  expect(await found('Family9')).toEqual(['p9']);
  expect(await found('Family9', 'practice-a')).toEqual(['p9']);
  expect(await found('Family9', 'practice-b')).toEqual([]);
  expect(await found('Family3')).toEqual([]);
  expect(await found('Written', 'practice-a')).toEqual(['p20']);
  expect((await it_.store.read(EVERYTHING, 'Patient', 'p9'))?.version).toBe(1);
});
