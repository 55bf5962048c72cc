import type { Organization } from '@medplum/fhirtypes';
import { connectStore, createStore, EVERYTHING, type Store, type StoreConnection } from '../../src/store';
import { createIdentity, type Identity } from '../../src/identity';
import { type TestDatabase, testDatabase } from '../support/mongo';
import { PUBLIC_URL } from './support';

let database: TestDatabase;
let connection: StoreConnection;
let store: Store;
let identity: Identity;

beforeAll(async () => {
  database = await testDatabase();
  connection = await connectStore({ uri: database.uri });
  store = createStore({ connection, rules: [] });
  identity = await createIdentity({
    connection: connection.mongoose,
    store,
    publicUrl: PUBLIC_URL,
    dataDir: '/nowhere',
    masterKey: Buffer.alloc(32, 7).toString('base64'),
    fetchJson: () => Promise.reject(new Error('no network in this test')),
  });
});
afterAll(async () => {
  await connection.close();
  await database.close();
});

async function organization(id: string): Promise<Organization | undefined> {
  return (await store.read<Organization>(EVERYTHING, 'Organization', id))?.resource;
}

it('makes the Organization of a new practice', async () => {
  const made = await Promise.all(
    Array.from({ length: 5 }, () => identity.practices.create('Sonora Behavioral Health')),
  );
  const [practice] = made;
  expect(new Set(made.map((each) => each.id)).size).toBe(1);
  expect(await organization(practice?.id ?? '')).toMatchObject({
    name: 'Sonora Behavioral Health',
    active: true,
  });
});

it('makes the Organization that the directory has under that name the practice', async () => {
  const context = {
    viewer: EVERYTHING,
    requestId: 'test',
    author: { id: 'test', name: 'Test', kind: 'system' },
  };
  const names = ['Desert Sky, IOP', 'Desert Sky, IOP West'];
  const [known] = await store.commit(
    names.map((name) => ({
      kind: 'create' as const,
      resource: { resourceType: 'Organization' as const, name },
    })),
    context,
  );
  const practice = await identity.practices.create('desert sky,  iop');
  expect(practice).toEqual({ id: known?.id, name: 'Desert Sky, IOP' });
  expect(await identity.practices.find('DESERT SKY, IOP')).toEqual(practice);
});

it('finishes a create that was cut short after the name was reserved', async () => {
  const cut = { _id: 'cut-short', name: 'Cut Short', folded: 'cut short', createdAt: new Date() };
  await connection.db.collection<typeof cut>('practices').insertOne(cut);
  expect(await identity.practices.create('Cut Short')).toEqual({ id: 'cut-short', name: 'Cut Short' });
  expect(await organization('cut-short')).toMatchObject({ name: 'Cut Short' });
});
