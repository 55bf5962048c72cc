/** Retention: how long events are kept, and the one way in which they go. HIPAA: six years, 45 CFR 164.316(b)(2)(i) */
import { randomUUID } from 'node:crypto';
import { ProblemError } from '../fhir';
import type { StoreConnection } from '../store';
import { newEventId, type AuditDraft, type AuditTrail } from './draft';
import { idOf } from './export/peek';
import type { AuditCollections } from './log/collections';
import { unpackEvents } from './log/segment';

/** No policy may keep events for less. Years. */
const LEAST_YEARS = 6;

export interface Pruned {
  /** Events of accesses before this go. */
  cutoff: Date;
  events: number;
  /** Numbers of the first and the last event. */
  first?: number;
  last?: number;
}

export interface Retention {
  /** Years that events are kept. */
  policy(): Promise<{ years: number }>;
  /** @throws ProblemError invalid when it is less than the law allows. */
  setPolicy(years: number, by: AuditDraft['agent']): Promise<void>;
  /**
   * Removes the events that the policy no longer keeps, from the beginning of the log. Their hashes stay, so that all
   * that came after them can still be proven. The removal is recorded first.
   */
  apply(by: AuditDraft['agent'], options: { dryRun: boolean }): Promise<Pruned>;
}

export function createRetention(options: {
  collections: AuditCollections;
  connection: StoreConnection;
  trail: AuditTrail;
  clock: () => Date;
}): Retention {
  const { collections, connection, trail, clock } = options;
  const policy = async (): Promise<{ years: number }> => {
    const kept = await collections.state.findOne({ _id: 'retention' });
    return { years: kept?.years ?? LEAST_YEARS };
  };
  const record = (
    by: AuditDraft['agent'],
    action: 'U' | 'D',
    details: AuditDraft['details'] & object,
  ): Promise<void> =>
    trail.record({
      id: newEventId(),
      at: clock(),
      requestId: `cmd_${randomUUID().replaceAll('-', '')}`,
      face: 'command',
      interaction: 'security',
      action,
      outcome: '0',
      agent: by,
      details: [{ type: 'subject', value: 'audit retention' }, ...details],
    });
  return {
    policy,
    setPolicy: async (years, by) => {
      if (!Number.isInteger(years) || years < LEAST_YEARS) {
        throw new ProblemError(
          'invalid',
          `Audit events are kept for at least ${LEAST_YEARS} years (45 CFR 164.316(b)(2)(i)).`,
        );
      }
      await record(by, 'U', [{ type: 'years', value: String(years) }]);
      await collections.state.updateOne({ _id: 'retention' }, { $set: { years } }, { upsert: true });
    },
    apply: async (by, { dryRun }) => {
      const cutoff = new Date(clock());
      cutoff.setUTCFullYear(cutoff.getUTCFullYear() - (await policy()).years);
      const due = await dueSegments(collections, cutoff);
      const [first, last] = [due[0], due.at(-1)];
      const events = due.reduce((sum, { count }) => sum + count, 0);
      if (first === undefined || last === undefined || dryRun) return { cutoff, events };
      const pruned = { cutoff, events, first: first._id, last: last._id + last.count - 1 };
      await record(by, 'D', [
        { type: 'cutoff', value: cutoff.toISOString() },
        { type: 'events', value: `${events}: ${pruned.first} to ${pruned.last}` },
      ]);
      for (const { _id } of due) await prune(collections, connection, _id);
      return pruned;
    },
  };
}

/** Segments from the beginning of what is kept, as long as all their accesses are older than the cutoff. */
async function dueSegments(
  { segments }: AuditCollections,
  cutoff: Date,
): Promise<{ _id: number; count: number }[]> {
  const due: { _id: number; count: number }[] = [];
  const cursor = segments
    .find({ events: { $exists: true } }, { projection: { count: 1, to: 1, done: 1 } })
    .sort({ _id: 1 });
  for await (const { _id, count, to, done } of cursor) {
    if (to >= cutoff || !done) break;
    due.push({ _id, count });
  }
  return due;
}

async function prune(
  { segments }: AuditCollections,
  connection: StoreConnection,
  first: number,
): Promise<void> {
  const segment = await segments.findOne({ _id: first }, { projection: { events: 1 } });
  if (segment?.events === undefined) return;
  const ids = (await unpackEvents(segment.events)).map(idOf);
  await connection.records('AuditEvent').deleteMany({ _id: { $in: ids } });
  await segments.updateOne({ _id: first }, { $unset: { events: '' } });
}
