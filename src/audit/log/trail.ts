/** Recording: durable, and shared. */
import { mongo } from 'mongoose';
import { ProblemError } from '../../fhir';
import type { AuditDraft, AuditTrail } from '../draft';
import { countOfAccounts } from '../event';
import { encodeDrafts, type InboxDocument } from './inbox';

export interface TrailOptions {
  inbox: mongo.Collection<InboxDocument>;
  /** `strict`: `record` resolves once the entry is durable. `async`: once it is accepted. */
  mode: 'strict' | 'async';
  clock: () => Date;
  /** Told when something was written. */
  wrote(): void;
}

export interface Trail extends AuditTrail {
  /** Drafts out of committed documents. Writing them twice is harmless: the sealer knows them by their ids. */
  fromRelay(drafts: readonly AuditDraft[]): Promise<void>;
  /** Resolves when everything recorded so far is durable, whatever the mode. */
  settled(): Promise<void>;
  /** When this process last recorded, in milliseconds of the epoch. */
  lastRecord(): number;
}

/** Drafts, and references in them, that one document takes: some megabytes, far below the limit of 16. */
const GROUP_LIMIT = 2_000;
const GROUP_REFERENCES = 50_000;
/** Drafts that `async` mode holds while the store does not answer; beyond them requests are refused. */
const ASYNC_LIMIT = 20_000;
const RETRY_MS = 500;

interface Waiting {
  draft: AuditDraft;
  done(): void;
  failed(error: unknown): void;
}

/**
 * The trail of this process. All drafts of a turn of the event loop, and all that arrive while a write is on its way,
 * go into the next write together; so a read costs a share of a write.
 */
export function createTrail({ inbox, mode, clock, wrote }: TrailOptions): Trail {
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  let held = 0;
  let last = 0;

  const write = async (drafts: readonly AuditDraft[], relayed: boolean): Promise<void> => {
    const encoded = encodeDrafts(drafts);
    const document = {
      _id: new mongo.ObjectId(),
      at: clock(),
      count: drafts.reduce((sum, draft) => sum + countOfAccounts(draft), 0),
      bytes: encoded.length,
      drafts: new mongo.Binary(encoded),
    };
    await inbox.insertOne(relayed ? { ...document, relayed } : document, {
      writeConcern: { w: 'majority', journal: true },
    });
    wrote();
  };
  const writeGroup = async (): Promise<void> => {
    const many = groupSize(waiting.map(({ draft }) => draft));
    const group = waiting.slice(0, many);
    waiting = waiting.slice(many);
    try {
      await write(
        group.map(({ draft }) => draft),
        false,
      );
      for (const { done } of group) done();
    } catch (error) {
      for (const { failed } of group) failed(error);
    }
  };
  const drain = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) await writeGroup();
    writing = undefined;
  };
  const durable = (draft: AuditDraft): Promise<void> => {
    last = Date.now();
    return new Promise((done, failed) => {
      waiting.push({ draft, done, failed });
      writing ??= drain();
    });
  };
  /** In `async` mode nobody waits, so what fails is tried until it is written. */
  const eventually = async (draft: AuditDraft): Promise<void> => {
    for (;;) {
      try {
        await durable(draft);
        held -= 1;
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  };

  return {
    record: async (draft) => {
      if (mode === 'async') {
        if (held >= ASYNC_LIMIT) throw unavailable(undefined);
        held += 1;
        void eventually(draft);
        return;
      }
      try {
        await durable(draft);
      } catch (error) {
        throw unavailable(error);
      }
    },
    fromRelay: async (drafts) => {
      for (let rest = drafts; rest.length > 0;) {
        const many = groupSize(rest);
        await write(rest.slice(0, many), true);
        rest = rest.slice(many);
      }
    },
    settled: async () => {
      while (writing !== undefined) await writing;
    },
    lastRecord: () => last,
  };
}

/** How many of the drafts, from the first, go into one document: at least one. */
function groupSize(drafts: readonly AuditDraft[]): number {
  let references = 0;
  const over = drafts.findIndex(({ patients = [], resources = [] }) => {
    // A patient may mean an event.
    references += 10 * patients.length + resources.length;
    return references > GROUP_REFERENCES;
  });
  return Math.max(1, Math.min(over < 0 ? drafts.length : over, GROUP_LIMIT));
}

function unavailable(cause: unknown): ProblemError {
  return new ProblemError(
    'unavailable',
    'The audit trail cannot be written at the moment, so the request was not served.',
    {
      headers: { 'Retry-After': '5' },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
