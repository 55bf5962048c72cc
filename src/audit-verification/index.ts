/** Checking the audit log as a reviewer would: export the whole of it, and verify the file with the offline verifier. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Audit, verifyFile } from '../audit';
import { ProblemError } from '../fhir';
import type { StoreConnection } from '../store';

/** One verification of the whole log: under way, or how it ended. */
export interface Verification {
  state: 'running' | 'done' | 'failed';
  /** Name of who asked for it. */
  by: string;
  startedAt: Date;
  /** Events written out so far, then verified. */
  events: number;
  /** Number of events in the log that is being verified. */
  size: number;
  endedAt?: Date;
  /** Of a `done` one: whether everything held. */
  ok?: boolean;
  /** Id of the key that signed. */
  key?: string;
  /** Number of events that are wrong. */
  wrong?: number;
  /** Why it did not hold, or could not be done; no patient's data. */
  problem?: string;
}

export interface AuditVerification {
  /** The latest one; undefined when there has been none. */
  latest(): Promise<Verification | undefined>;
  /** Begins one. @throws ProblemError conflict while one is under way */
  start(by: string): Promise<Verification>;
}

interface VerificationDocument extends Verification {
  _id: 'latest';
  /** When its process last gave a sign of life. */
  seenAt: Date;
}

/** A process that gave no sign for so long is taken for dead. Milliseconds. */
const DEAD_MS = 60_000;
/** How often progress is written down. Milliseconds. */
const TOLD_MS = 1_000;

/** @param directory where the export lies while it is verified; it is removed afterwards. */
export function createAuditVerification(
  audit: Audit,
  connection: StoreConnection,
  directory: string,
): AuditVerification {
  const collection = connection.collection<VerificationDocument>('audit_verifications');
  const tell = async (changed: Partial<Verification>): Promise<void> => {
    await collection.updateOne({ _id: 'latest' }, { $set: { ...changed, seenAt: new Date() } });
  };
  const run = async (): Promise<void> => {
    try {
      const verdict = await verifyWhole(audit, directory, tell);
      await tell({ state: 'done', endedAt: new Date(), ...verdict });
    } catch {
      const problem = 'The verification could not be finished. Try again; the log of the server says more.';
      await tell({ state: 'failed', endedAt: new Date(), problem }).catch(() => undefined);
    }
  };
  const latest = async (): Promise<Verification | undefined> => {
    const found = await collection.findOne({ _id: 'latest' });
    if (found === null) return undefined;
    const { _id, seenAt, ...verification } = found;
    const isDead = verification.state === 'running' && Date.now() - seenAt.getTime() > DEAD_MS;
    return isDead
      ? { ...verification, state: 'failed', problem: 'The server was stopped meanwhile.' }
      : verification;
  };
  return {
    latest,
    async start(by) {
      if ((await latest())?.state === 'running')
        throw new ProblemError('conflict', 'A verification is under way already.');
      const begun: Verification = { state: 'running', by, startedAt: new Date(), events: 0, size: 0 };
      await collection.replaceOne({ _id: 'latest' }, { ...begun, seenAt: new Date() }, { upsert: true });
      void run();
      return begun;
    },
  };
}

type Verdict = Pick<Verification, 'ok' | 'events' | 'size' | 'key' | 'wrong' | 'problem'>;

async function verifyWhole(
  audit: Audit,
  directory: string,
  tell: (changed: Partial<Verification>) => Promise<void>,
): Promise<Verdict> {
  const place = await mkdtemp(join(directory, 'verification-'));
  const file = join(place, 'audit.ndjson');
  try {
    let toldAt = 0;
    const { size, text } = await audit.exportEvents({
      filter: {},
      format: 'ndjson',
      progress: (events) => {
        if (Date.now() - toldAt < TOLD_MS) return;
        toldAt = Date.now();
        void tell({ events }).catch(() => undefined);
      },
    });
    await tell({ size });
    await pipeline(Readable.from(text), createWriteStream(file, { mode: 0o600 }));
    const verdict = await verifyFile(file, { keys: await audit.publicKeys() });
    const { ok, events, wrong, kid, problem } = verdict;
    return {
      ok,
      events,
      size,
      wrong,
      ...(kid !== undefined && { key: kid }),
      ...(problem !== undefined && { problem }),
    };
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
