/** Reads and creates of one moment share their round trips, and nothing else. */
import type { Patient } from '@medplum/fhirtypes';
import { connectStore, createStore, EVERYTHING, type Store } from '../../src/store';
import { as, patient, testStore, type TestStore } from './support';

let it_: TestStore;
beforeAll(async () => {
  it_ = await testStore();
});
afterAll(() => it_.close());

const MANY = 40;
const numbered = <T>(make: (i: number) => T): T[] => Array.from({ length: MANY }, (_, i) => make(i));

const create = (store: Store, id: string, resource = patient('Together')): Promise<unknown> =>
  store.commit([{ kind: 'create', resource, id }], as());

const change = (store: Store, id: string, family: string): Promise<unknown> =>
  store.commit([{ kind: 'put', resource: { ...patient(family), id } }], as());

/** How many commands of this name a process of its own sends for the work. */
async function commandsFor(name: string, work: (store: Store) => Promise<unknown>): Promise<number> {
  const joint = it_.uri.includes('?') ? '&' : '?';
  const connection = await connectStore({ uri: `${it_.uri}${joint}monitorCommands=true` });
  try {
    await connection.prepare('Patient');
    let count = 0;
    connection.client.on('commandStarted', ({ commandName }) => (count += commandName === name ? 1 : 0));
    await work(createStore({ connection }));
    return count;
  } finally {
    await connection.close();
  }
}

test('creates, reads and changes that come at once take few commands, and each is answered its own', async () => {
  const inserts = await commandsFor('insert', (store) =>
    Promise.all(numbered((i) => create(store, `few-${i}`, patient(`Family${i}`)))),
  );
  expect(inserts).toBeLessThan(MANY / 4);
  const finds = await commandsFor('find', async (store) => {
    const found = await Promise.all(numbered((i) => store.read<Patient>(EVERYTHING, 'Patient', `few-${i}`)));
    expect(found.map((one) => one?.resource.name?.[0]?.family)).toEqual(numbered((i) => `Family${i}`));
    expect(await store.read(EVERYTHING, 'Patient', 'few-none')).toBeUndefined();
  });
  expect(finds).toBeLessThan(MANY / 4);
  const changes = await commandsFor('insert', (store) =>
    Promise.all(numbered((i) => change(store, `few-${i}`, `Changed${i}`))),
  );
  expect(changes).toBeLessThan(MANY / 4);
  const past = await it_.store.history(EVERYTHING, { type: 'Patient', id: 'few-7', count: 10 });
  expect(past.versions.map(({ version }) => version)).toEqual([2, 1]);
});

test('of creates under one id one is made, the others are told, and those beside them succeed', async () => {
  const outcomes = await Promise.allSettled([
    ...numbered(() => create(it_.store, 'one-id')),
    ...numbered((i) => create(it_.store, `beside-${i}`)),
  ]);
  const refused = outcomes.slice(0, MANY).filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(MANY - 1);
  for (const one of refused) expect(one).toMatchObject({ reason: { code: 'conflict' } });
  expect(outcomes.slice(MANY).every(({ status }) => status === 'fulfilled')).toBe(true);
});

test('one that is too large is refused alone', async () => {
  const large = patient('Large', { text: { status: 'generated', div: `<div>${'x'.repeat(17e6)}</div>` } });
  const [refused, ...others] = await Promise.allSettled([
    create(it_.store, 'large', large),
    ...numbered((i) => create(it_.store, `small-${i}`)),
  ]);
  expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'too-large' } });
  expect(others.every(({ status }) => status === 'fulfilled')).toBe(true);
});

test('what one reader makes of a resource, another who reads it at the same moment does not see', async () => {
  await create(it_.store, 'shared');
  const [one, other] = await Promise.all(
    numbered(() => it_.store.read<Patient>(EVERYTHING, 'Patient', 'shared')),
  );
  if (one !== undefined) one.resource.name = [{ family: 'Spoiled' }];
  expect(other?.resource.name).toEqual([{ family: 'Together' }]);
});
