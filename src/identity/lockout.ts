import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '../fhir';
import { type AttemptsRecord, isDuplicate, type Records } from './records';
import { digest } from './sealing';

/** One try to sign in, counted from before its password is looked at: parallel guesses cannot slip past the count. */
export interface Attempt {
  /** Wrong password or code: it counts. */
  failed(): Promise<void>;
  /** Signed in: what was counted against this owner is forgotten. */
  succeeded(): Promise<void>;
  /** Neither (the second factor is still to come): as if it had not been. */
  withdrawn(): Promise<void>;
}

export interface Lockout {
  /**
   * Begins a try for an owner: a folded e-mail, known or not, with the address where that user signs in from it.
   * So who guesses from elsewhere slows himself, not the owner.
   * @throws ProblemError rate-limited with Retry-After: after 5 failures in 15 minutes 1 s, doubling to 60 s.
   */
  begin(owner: string): Promise<Attempt>;
  /** Until when each of these owners has to wait; those who need not are left out. */
  waiting(owners: readonly string[]): Promise<ReadonlyMap<string, Date>>;
  /** Forgets what was counted against these owners. */
  forget(owners: readonly string[]): Promise<void>;
}

const WINDOW_MS = 15 * 60_000;
const FREE_FAILURES = 5;
const LONGEST_BLOCK_S = 60;
/** A try that was never finished (a crash) counts as failed after so long. */
const UNFINISHED_MS = 30_000;
/** How long a try waits for others of the same owner to finish. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 20;

type Entries = AttemptsRecord['attempts'];
interface State {
  entries: Entries;
  blockedUntil: Date | undefined;
}

export function createLockout({ attempts }: Pick<Records, 'attempts'>, clock: () => Date): Lockout {
  const change = (owner: string, edit: (state: State, now: Date) => State | undefined) =>
    changeState(attempts, clock, owner, edit);

  return {
    async begin(who) {
      const owner = digest(who);
      const id = randomUUID();
      const patientUntil = performance.now() + PATIENCE_MS;
      while (!(await change(owner, (state, now) => admit(state, id, now)))) {
        if (performance.now() > patientUntil) throw blocked(1);
        await sleep(PAUSE_MS);
      }
      return {
        failed: async () => void (await change(owner, (state, now) => countFailure(state, id, now))),
        succeeded: async () => void (await attempts.deleteOne({ _id: owner })),
        withdrawn: async () =>
          void (await change(owner, (state) => ({
            ...state,
            entries: state.entries.filter((each) => each.id !== id),
          }))),
      };
    },
    async waiting(owners) {
      const byDigest = new Map(owners.map((owner) => [digest(owner), owner]));
      const found = await attempts
        .find({ _id: { $in: [...byDigest.keys()] }, blockedUntil: { $gt: clock() } })
        .lean();
      return new Map(
        found.flatMap(({ _id, blockedUntil }) =>
          blockedUntil === undefined ? [] : [[byDigest.get(_id) ?? '', blockedUntil] as const],
        ),
      );
    },
    async forget(owners) {
      await attempts.deleteMany({ _id: { $in: owners.map(digest) } });
    },
  };
}

/** Undefined while so many tries are unfinished that, failing, they would use up what is free. */
function admit({ entries, blockedUntil }: State, id: string, now: Date): State | undefined {
  if (blockedUntil !== undefined && blockedUntil > now) {
    throw blocked(Math.ceil((blockedUntil.getTime() - now.getTime()) / 1000));
  }
  const failed = entries.filter((each) => each.failed).length;
  const unfinished = entries.length - failed;
  if (unfinished >= Math.max(1, FREE_FAILURES - failed)) return undefined;
  return { entries: [...entries, { id, at: now, failed: false }], blockedUntil };
}

function countFailure({ entries, blockedUntil }: State, id: string, now: Date): State {
  const others = entries.filter((each) => each.id !== id);
  const next = [...others, { id, at: now, failed: true }];
  const beyond = next.filter((each) => each.failed).length - FREE_FAILURES;
  if (beyond < 0) return { entries: next, blockedUntil };
  const seconds = Math.min(LONGEST_BLOCK_S, 2 ** beyond);
  return { entries: next, blockedUntil: new Date(now.getTime() + seconds * 1000) };
}

function blocked(seconds: number): ProblemError {
  return new ProblemError('rate-limited', 'Too many failed sign-ins. Try again later.', {
    headers: { 'Retry-After': String(Math.max(1, seconds)) },
  });
}

/** Reads, edits and writes on condition that nobody else wrote meanwhile. False when the edit declined. */
async function changeState(
  attempts: Records['attempts'],
  clock: () => Date,
  owner: string,
  edit: (state: State, now: Date) => State | undefined,
): Promise<boolean> {
  for (;;) {
    const record = await attempts.findById(owner).lean();
    const now = clock();
    const next = edit(stateOf(record, now), now);
    if (next === undefined) return false;
    if (await write(attempts, owner, record, next, now)) return true;
  }
}

function stateOf(record: AttemptsRecord | null, now: Date): State {
  const entries = (record?.attempts ?? [])
    .filter((each) => now.getTime() - each.at.getTime() < WINDOW_MS)
    .map((each) => ({ ...each, failed: each.failed || now.getTime() - each.at.getTime() > UNFINISHED_MS }));
  return { entries, blockedUntil: record?.blockedUntil };
}

async function write(
  attempts: Records['attempts'],
  owner: string,
  before: AttemptsRecord | null,
  { entries, blockedUntil }: State,
  now: Date,
): Promise<boolean> {
  const revision = (before?.revision ?? 0) + 1;
  const fields = {
    attempts: entries,
    revision,
    expireAt: new Date(now.getTime() + WINDOW_MS),
    ...(blockedUntil !== undefined && { blockedUntil }),
  };
  if (before !== null) {
    const done = await attempts.updateOne({ _id: owner, revision: before.revision }, { $set: fields });
    return done.matchedCount === 1;
  }
  try {
    await attempts.insertOne({ _id: owner, ...fields });
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}
