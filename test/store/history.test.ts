import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { EVERYTHING, type HistoryRequest, type Viewer } from '../../src/store';
import { as, patient, testStore, type TestStore } from './support';

/** A clock that stands still unless it is moved: the order must not depend on it. */
let now = new Date('2026-01-01T00:00:00Z');

let it_: TestStore;
beforeAll(async () => {
  it_ = await testStore({ clock: () => now });
});
afterAll(() => it_.close());

const put = (resource: Resource, practice?: string): Promise<unknown> =>
  it_.store.commit([{ kind: 'put', resource: resource as Resource & { id: string } }], as(practice));

/** All pages, as `type/id/version`. */
async function pages(
  viewer: Viewer,
  request: Omit<HistoryRequest, 'count'>,
  count: number,
): Promise<string[][]> {
  const all: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await it_.store.history(viewer, {
      ...request,
      count,
      ...(cursor === undefined ? {} : { cursor }),
    });
    all.push(page.versions.map(({ type, id, version }) => `${type}/${id}/${version}`));
    cursor = page.next;
  } while (cursor !== undefined);
  return all;
}

const all = async (viewer: Viewer, request: Omit<HistoryRequest, 'count'>): Promise<string[]> =>
  (await pages(viewer, request, 100)).flat();

test('of one resource comes in pages, newest first, with deletions, and can be cut by time', async () => {
  const at = (day: number): Date => new Date(Date.UTC(2026, 0, day));
  for (let version = 1; version <= 12; version++) {
    now = at(version);
    await put(patient(`V${version}`, { id: 'long' }));
  }
  const expected = Array.from({ length: 12 }, (_, i) => `Patient/long/${12 - i}`);
  const request = { type: 'Patient' as ResourceType, id: 'long' };
  const paged = await pages(EVERYTHING, request, 5);
  expect(paged.map((page) => page.length)).toEqual([5, 5, 2]);
  expect(paged.flat()).toEqual(expected);
  expect(await all(EVERYTHING, { ...request, since: at(10) })).toEqual(expected.slice(0, 3));
  // Current between the 4th at noon and the 6th at noon: version 4, although made before, 5 and 6.
  const noon = (day: number): Date => new Date(at(day).getTime() + 43_200_000);
  const window = { ...request, at: { low: noon(4), high: noon(6) } };
  expect(await all(EVERYTHING, window)).toEqual(['Patient/long/6', 'Patient/long/5', 'Patient/long/4']);
  expect(await all(EVERYTHING, { type: 'Patient', at: window.at })).toEqual([
    'Patient/long/6',
    'Patient/long/5',
    'Patient/long/4',
  ]);
  const whole = await it_.store.history(EVERYTHING, { ...request, count: 50 });
  expect(whole.total).toBe(12);
});

test('of a type and of everything shows each version once, whatever the clock and the page size', async () => {
  now = new Date('2026-02-01T00:00:00Z');
  const ids = ['a', 'a-b', 'a.b', 'b', 'B', '9'];
  for (const id of ids) {
    for (let version = 1; version <= 11; version++) await put(patient(`V${version}`, { id }), 'practice-a');
    await put({ resourceType: 'Flag', id, status: 'active' } as Resource, 'practice-b');
  }
  const since = { since: now };
  const ofType = await all(EVERYTHING, { type: 'Patient', ...since });
  expect(ofType).toHaveLength(ids.length * 11);
  expect(new Set(ofType).size).toBe(ofType.length);
  for (const id of ids) {
    const own = ofType
      .filter((key) => key.startsWith(`Patient/${id}/`))
      .map((key) => Number(key.split('/')[2]));
    expect(own).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  }
  expect((await pages(EVERYTHING, { type: 'Patient', ...since }, 7)).flat()).toEqual(ofType);
  const system = await all(EVERYTHING, since);
  expect(system).toHaveLength(ids.length * 12);
  expect((await pages(EVERYTHING, since, 5)).flat()).toEqual(system);
  expect(await all({ practice: 'practice-b' }, since)).toHaveLength(ids.length);
  expect((await pages({ practice: 'practice-a' }, since, 4)).flat()).toHaveLength(ids.length * 11);
});

test('does not show what a lost race left behind', async () => {
  await put(patient('Kept', { id: 'phantom' }));
  const present = await it_.connection.records('Patient').findOne({ _id: 'phantom' });
  const row = { ...present, _id: 'Patient/phantom/1', type: 'Patient', id: 'phantom', until: new Date() };
  await it_.connection.history.insertOne(row as never);
  const request = { type: 'Patient' as ResourceType, id: 'phantom' };
  expect(await all(EVERYTHING, request)).toEqual(['Patient/phantom/1']);
  expect((await all(EVERYTHING, { type: 'Patient' })).filter((key) => key.includes('phantom'))).toEqual([
    'Patient/phantom/1',
  ]);
  await put(patient('Next', { id: 'phantom' }));
  expect(await all(EVERYTHING, request)).toEqual(['Patient/phantom/2', 'Patient/phantom/1']);
});

test('refuses a cursor that is not its own', async () => {
  await expect(it_.store.history(EVERYTHING, { count: 5, cursor: 'nonsense' })).rejects.toMatchObject({
    status: 400,
  });
});
