import type { Patient, Resource } from '@medplum/fhirtypes';
import {
  connectStore,
  createStore,
  EVERYTHING,
  type Store,
  type StoreConnection,
  type StoreOptions,
} from '../../src/store';
import type { Viewer, WriteContext } from '../../src/store';
import { testDatabase } from '../support/mongo';

export interface TestStore {
  store: Store;
  connection: StoreConnection;
  uri: string;
  /** Another process would connect like this. */
  another(): Promise<{ store: Store; connection: StoreConnection }>;
  close(): Promise<void>;
}

/** A store on a database of its own. */
export async function testStore(options: Omit<StoreOptions, 'connection'> = {}): Promise<TestStore> {
  const database = await testDatabase();
  const connections: StoreConnection[] = [];
  const another = async (): Promise<{ store: Store; connection: StoreConnection }> => {
    const connection = await connectStore({ uri: database.uri });
    connections.push(connection);
    return { connection, store: createStore({ connection, ...options }) };
  };
  const first = await another();
  return {
    ...first,
    uri: database.uri,
    another,
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
      await database.close();
    },
  };
}

const AUTHOR = { id: 'Device/test', name: 'Test', kind: 'system' };

/** Who writes: the whole deployment, or a practice. */
export function as(viewer: Viewer | string = EVERYTHING, extra: Partial<WriteContext> = {}): WriteContext {
  const practice = typeof viewer === 'string' ? { practice: viewer } : viewer;
  return { viewer: practice, requestId: 'request-1', author: AUTHOR, ...extra };
}

export function patient(family: string, rest: Partial<Patient> = {}): Patient {
  return { resourceType: 'Patient', name: [{ family }], ...rest };
}

/** What a caller gave, without what the server sets. */
export function content(resource: Resource): Resource {
  const copy = structuredClone(resource);
  delete copy.meta?.versionId;
  delete copy.meta?.lastUpdated;
  if (Object.keys(copy.meta ?? {}).length === 0) delete copy.meta;
  return copy;
}
