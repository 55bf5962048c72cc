import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createAudit,
  verifyFile,
  type Audit,
  type AuditDraft,
  type AuditOptions,
  type Format,
  type Verdict,
} from '../../src/audit';
import { connectStore, type StoreConnection } from '../../src/store';
import { testDatabase, type TestDatabase } from '../support/mongo';

/** Nothing to look up: ids stand for themselves. */
const PLAIN_LOOKUPS = {
  practice: (name: string) => Promise.resolve(name === 'nobody' ? undefined : name),
  user: () => Promise.resolve([]),
  referral: () => Promise.resolve([]),
  referralFacts: () => Promise.resolve(undefined),
};

/** Seals by reversing: what the tests need of sealing is that private keys go through it. */
const SEALING = {
  seal: (plain: string) => [...plain].reverse().join(''),
  unseal: (sealed: string) => [...sealed].reverse().join(''),
};

export interface House {
  database: TestDatabase;
  connection: StoreConnection;
  audit: Audit;
  folder: string;
  /** Another process on the same database. */
  another(options?: Partial<AuditOptions>): Promise<{ audit: Audit; connection: StoreConnection }>;
  close(): Promise<void>;
}

export async function openHouse(options: Partial<AuditOptions> = {}): Promise<House> {
  const database = await testDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'crosswalk-audit-'));
  const opened: { audit: Audit; connection: StoreConnection }[] = [];
  const another: House['another'] = async (more = {}) => {
    const connection = await connectStore({ uri: database.uri });
    const audit = await createAudit({
      connection,
      sealing: SEALING,
      origin: 'https://crosswalk.test',
      lookups: PLAIN_LOOKUPS,
      ...options,
      ...more,
    });
    opened.push({ audit, connection });
    return { audit, connection };
  };
  const { audit, connection } = await another();
  return {
    database,
    connection,
    audit,
    folder,
    another,
    close: async () => {
      for (const one of opened) {
        await one.audit.close();
        await one.connection.close();
      }
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A read of one patient by an API key, unless said otherwise. */
export function draft(changes: Partial<AuditDraft> = {}): AuditDraft {
  return {
    id: randomUUID(),
    at: new Date(),
    requestId: `req_${randomUUID().replaceAll('-', '')}`,
    face: 'fhir',
    interaction: 'read',
    action: 'R',
    outcome: '0',
    agent: {
      kind: 'key',
      id: 'key-1',
      name: 'Front desk',
      practice: 'sonora',
      practiceName: 'Sonora Behavioral Health',
      address: '192.0.2.7',
    },
    patients: ['p1'],
    resources: ['Patient/p1/_history/3'],
    ...changes,
  };
}

export async function exportTo(audit: Audit, path: string, format: Format, filter = {}): Promise<string> {
  const { text } = await audit.exportEvents({ format, filter });
  let whole = '';
  for await (const piece of text) whole += piece;
  await writeFile(path, whole);
  return whole;
}

/** Writes the bytes to a file and verifies it. */
export async function verifyText(folder: string, text: string | Buffer): Promise<Verdict> {
  const path = join(folder, `${randomUUID()}.txt`);
  await writeFile(path, text);
  try {
    return await verifyFile(path);
  } finally {
    await rm(path);
  }
}

export { readFile };
