/**
 * When to seal and to publish. Recording comes first: while accesses come thick and fast, the rest waits, for at most
 * `maxLagMs` (publishing for `PUBLISH_LAG_MS`), and then takes a quarter of the time at most; as soon as it is calmer,
 * it catches up.
 */
import type { Publisher } from './publish';
import type { Sealer, SealStep } from './log/sealer';
import type { AuditCollections } from './log/collections';

export interface ScheduleOptions {
  sealer: Sealer;
  publisher: Publisher;
  inbox: AuditCollections['inbox'];
  /** Number of events in the log. */
  logSize(): Promise<number>;
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
  /**
   * Seals everything that lay in the inbox at the call, with whichever process is at it too.
   * @returns false when `end` (milliseconds of the epoch) came first; then it goes on in the background.
   */
  sealAll(end?: number): Promise<boolean>;
  /** The same for making searchable what was in the log at the call. */
  publishAll(end?: number): Promise<boolean>;
  /** Ends; what waits stays in the inbox for the next start. */
  stop(): Promise<void>;
}

/** Between looks at the inbox: other processes write to it too. */
const LOOK_MS = 2_000;
/** Drafts of about this time go into one segment. */
const GATHER_MS = 1_000;
/** The server is busy while it recorded within this time. */
const CALM_MS = 100;
/** So many events in one look: others record as fast as they can, an import for instance. */
const CROWD = 200;
/** Publishing goes on for so long before the inbox is looked at again. */
const TURN_MS = 1_000;
/** Between such turns. */
const BREATH_MS = 20;
/** How often to ask again while another process seals. */
const POLL_MS = 25;
/** Longest time that sealed events wait for the record while the server is busy: nobody searches them all day. */
const PUBLISH_LAG_MS = 300_000;
/** Events published at a time: the database does nothing else meanwhile. */
const PUBLISHED_BUSY = 25;
const PUBLISHED_CALM = 100;

export function createSchedule(options: ScheduleOptions): Schedule {
  const { sealer, publisher, inbox, lastRecord, maxLagMs = 60_000, failed } = options;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  /** Since when something waits to be sealed, to be published; 0 when nothing does. */
  let nudgedAt = 0;
  let sealedAt = Date.now();
  /** The last look found much. */
  let crowded = false;
  /** Somebody asked for it all and could not wait so long. */
  let wanted = false;
  let turn: Promise<unknown> = Promise.resolve();

  /** One step at a time in this process. */
  const inTurn = (step: () => Promise<SealStep>): Promise<SealStep> => {
    const next = turn.then(step);
    turn = next.catch(() => undefined);
    return next;
  };
  const busy = (): boolean => Date.now() - lastRecord() < CALM_MS;
  /** Steps as long as it is calm or overdue, and not beyond `end`. @returns whether nothing is left to do. */
  const work = async (
    step: () => Promise<SealStep>,
    overdue: () => boolean,
    end = Number.POSITIVE_INFINITY,
  ): Promise<boolean> => {
    for (let began = Date.now(); !stopped && began < end && (!busy() || overdue()); began = Date.now()) {
      if ((await inTurn(step)) !== 'sealed') return true;
      if (busy()) await pause(3 * (Date.now() - began));
    }
    return false;
  };
  const publishSome = (): Promise<SealStep> => publisher.step(busy() ? PUBLISHED_BUSY : PUBLISHED_CALM);
  const sealSome = async (): Promise<SealStep> => {
    const done = await sealer.step();
    if (done === 'sealed' && sealedAt === 0) sealedAt = Date.now();
    return done;
  };
  const round = async (): Promise<void> => {
    const since = nudgedAt;
    const overdue = (at: number, most: number) => (): boolean =>
      wanted || (at !== 0 && Date.now() - at >= most);
    const size = await options.logSize();
    if (await work(sealSome, overdue(since, maxLagMs))) nudgedAt = 0;
    await sealer.release();
    const late = overdue(sealedAt, PUBLISH_LAG_MS);
    crowded = (await options.logSize()) - size >= CROWD;
    if (crowded && !late()) return;
    if (await work(publishSome, late, Date.now() + TURN_MS)) {
      sealedAt = 0;
      wanted = false;
    }
    await publisher.release();
  };
  /** Steps until it is so, or `end`; another process may be at it meanwhile. */
  const until = async (
    step: () => Promise<SealStep>,
    end: number,
    reached: () => Promise<boolean>,
  ): Promise<boolean> => {
    while (!(await reached())) {
      if (Date.now() >= end) {
        wanted = true;
        return false;
      }
      if ((await inTurn(step)) === 'busy') await pause(POLL_MS);
    }
    return true;
  };
  const untilNext = (): number => {
    if (wanted) return BREATH_MS;
    if (sealedAt !== 0 && !busy() && !crowded) return BREATH_MS;
    return nudgedAt === 0 ? LOOK_MS : GATHER_MS;
  };
  const arm = (milliseconds: number): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      void round()
        .then(untilNext, (error: unknown) => {
          failed(error);
          return LOOK_MS;
        })
        .then(arm);
    }, milliseconds);
    timer.unref();
  };
  return {
    start: () => arm(GATHER_MS),
    nudge: () => {
      if (nudgedAt === 0) nudgedAt = Date.now();
    },
    sealAll: async (end = Infinity) => {
      const last = await inbox
        .find({}, { projection: { _id: 1 } })
        .sort({ _id: -1 })
        .limit(1)
        .next();
      if (last === null) return true;
      const left = { _id: { $lte: last._id } };
      const isDone = await until(
        sealer.step,
        end,
        async () => (await inbox.findOne(left, { projection: { _id: 1 } })) === null,
      );
      await sealer.release();
      return isDone;
    },
    publishAll: async (end = Infinity) => {
      const size = await options.logSize();
      if (size === 0) return true;
      const isDone = await until(
        () => publisher.step(PUBLISHED_CALM),
        end,
        async () => (await publisher.reached()) >= size,
      );
      await publisher.release();
      return isDone;
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await turn;
      await Promise.allSettled([sealer.release(), publisher.release()]);
    },
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
