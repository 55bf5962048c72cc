import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '../fhir';
import { type IdempotencyRecord, isDuplicate, type Records } from './records';
import { digest } from './sealing';

/** One run of the work behind an `Idempotency-Key`. */
export interface Claim {
  /**
   * A UUID that every run of this key's work gets. The work gives it to what it creates as id, so that a run after
   * a crash finds what the one before it had written, and two never make two.
   */
  id: string;
  /** True when an earlier run may have written something: look for `id` first. */
  resumed: boolean;
}

export interface IdempotencyRequest {
  /** Organization id. */
  practice: string;
  /** The header's value. */
  key: string;
  /** Hash of method, path and body. */
  bodyHash: string;
}

export interface Idempotency {
  /**
   * Runs the work once for a key of a practice within 24 hours and gives everybody its answer (a plain object, kept).
   * A refusal (4xx) is not kept: the corrected request may use the key again.
   * @throws ProblemError invalid (422) for another body; conflict (409) when the first run takes too long.
   */
  run<T extends object>(request: IdempotencyRequest, work: (claim: Claim) => Promise<T>): Promise<T>;
}

const KEPT_MS = 24 * 3_600_000;
/** A run that is not done after so long is taken over: its process may be gone. */
const LEASE_MS = 5_000;
/** Longer than the lease, so that a retry right after a crash is served. */
const PATIENCE_MS = 8_000;
const PAUSE_MS = 25;

export function createIdempotency(
  { idempotency }: Pick<Records, 'idempotency'>,
  clock: () => Date,
): Idempotency {
  const claim = async (id: string, bodyHash: string): Promise<Claim | IdempotencyRecord> => {
    const now = clock();
    const leaseUntil = new Date(now.getTime() + LEASE_MS);
    const fresh = {
      _id: id,
      bodyHash,
      claim: randomUUID(),
      leaseUntil,
      expireAt: new Date(now.getTime() + KEPT_MS),
    };
    const present = await idempotency.findById(id).lean();
    if (present === null || present.expireAt <= now) {
      await idempotency.deleteOne({ _id: id, expireAt: { $lte: now } });
      return (await insert(idempotency, fresh)) ? { id: fresh.claim, resumed: false } : claim(id, bodyHash);
    }
    if (present.bodyHash !== bodyHash) {
      throw new ProblemError('invalid', 'This Idempotency-Key was used with another request body.');
    }
    if (present.answer !== undefined || present.leaseUntil > now) return present;
    const taken = await idempotency.updateOne(
      { _id: id, leaseUntil: present.leaseUntil, answer: { $exists: false } },
      { $set: { leaseUntil } },
    );
    return taken.matchedCount === 1 ? { id: present.claim, resumed: true } : claim(id, bodyHash);
  };

  return {
    async run<T extends object>(request: IdempotencyRequest, work: (claim: Claim) => Promise<T>): Promise<T> {
      const id = digest(`${request.practice}\0${request.key}`);
      const patientUntil = performance.now() + PATIENCE_MS;
      for (;;) {
        const mine = await claim(id, request.bodyHash);
        if ('resumed' in mine) return perform(idempotency, id, mine, work);
        if (mine.answer !== undefined) return mine.answer as T;
        if (performance.now() > patientUntil) {
          throw new ProblemError('conflict', 'A request with this Idempotency-Key is still at work.');
        }
        await sleep(PAUSE_MS);
      }
    },
  };
}

async function perform<T extends object>(
  idempotency: Records['idempotency'],
  id: string,
  claim: Claim,
  work: (claim: Claim) => Promise<T>,
): Promise<T> {
  try {
    const answer = await work(claim);
    await idempotency.updateOne({ _id: id, claim: claim.id }, { $set: { answer } });
    return answer;
  } catch (error) {
    const mine = { _id: id, claim: claim.id, answer: { $exists: false } };
    if (error instanceof ProblemError && error.status < 500) await idempotency.deleteOne(mine);
    // What a failure left behind is not known: the next try resumes under the same claim.
    else await idempotency.updateOne(mine, { $set: { leaseUntil: new Date(0) } });
    throw error;
  }
}

async function insert(idempotency: Records['idempotency'], record: IdempotencyRecord): Promise<boolean> {
  try {
    await idempotency.insertOne(record);
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}
