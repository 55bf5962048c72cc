/**
 * When to seal. Recording comes first: while accesses come thick and fast, sealing waits, for at most `maxLagMs`, and
 * then takes a quarter of the time at most; as soon as it is calmer, it catches up.
 */
import type { Sealer } from './log/sealer';
import type { AuditCollections } from './log/collections';

export interface ScheduleOptions {
  sealer: Sealer;
  inbox: AuditCollections['inbox'];
  /** When this process last recorded, in milliseconds of the epoch. */
  lastRecord(): number;
  /** Longest time that a draft waits for the log while the server is busy. Default a minute. */
  maxLagMs?: number;
  /** Told of failures, which are retried. */
  failed(error: unknown): void;
}

export interface Schedule {
  start(): void;
  /** Something was written: it will be sealed soon. */
  nudge(): void;
  /** Resolves when everything that lay in the inbox at the call has been sealed, by whichever process. */
  sealAll(): Promise<void>;
  /** Ends; what waits stays in the inbox for the next start. */
  stop(): Promise<void>;
}

/** Between looks at the inbox: other processes write to it too. */
const LOOK_MS = 2_000;
/** Drafts of about this time go into one segment. */
const GATHER_MS = 1_000;
/** The server is busy while it recorded within this time. */
const CALM_MS = 100;
/** How often to ask again while another process seals. */
const POLL_MS = 25;

export function createSchedule({
  sealer,
  inbox,
  lastRecord,
  maxLagMs = 60_000,
  failed,
}: ScheduleOptions): Schedule {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let nudgedAt = 0;
  let turn: Promise<unknown> = Promise.resolve();

  /** One step at a time in this process. */
  const step = (): ReturnType<Sealer['step']> => {
    const next = turn.then(() => sealer.step());
    turn = next.catch(() => undefined);
    return next;
  };
  const busy = (): boolean => Date.now() - lastRecord() < CALM_MS;
  const round = async (): Promise<void> => {
    if (busy() && Date.now() - nudgedAt < maxLagMs) return;
    for (let began = Date.now(); !stopped && (await step()) === 'sealed'; began = Date.now()) {
      if (busy()) await pause(3 * (Date.now() - began));
    }
    nudgedAt = 0;
    await sealer.release();
  };
  const arm = (milliseconds: number): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      round()
        .catch(failed)
        .finally(() => arm(nudgedAt === 0 ? LOOK_MS : GATHER_MS));
    }, milliseconds);
    timer.unref();
  };
  return {
    start: () => arm(GATHER_MS),
    nudge: () => {
      if (nudgedAt === 0) nudgedAt = Date.now();
    },
    sealAll: async () => {
      const last = await inbox
        .find({}, { projection: { _id: 1 } })
        .sort({ _id: -1 })
        .limit(1)
        .next();
      if (last === null) return;
      for (;;) {
        const state = await step();
        const waiting = await inbox.findOne({ _id: { $lte: last._id } }, { projection: { _id: 1 } });
        if (waiting === null) break;
        if (state === 'busy') await pause(POLL_MS);
      }
      await sealer.release();
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await turn;
      await sealer.release().catch(() => undefined);
    },
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
