import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';
import type { mongo } from 'mongoose';
import { ProblemError } from '../fhir';
import type { Plan, Principal } from './principal';
import { collectionOf, isDuplicate, type RateRecord, type Records } from './records';

/** What one request of a face gets to hear about its allowance. */
export interface Limited {
  /** For every answer, refusals too. */
  headers: Record<string, string>;
  /** The 429 to throw; undefined when the request may go on. */
  refused?: ProblemError;
}

export interface RateLimits {
  /** HandoffRx: by key and minute, on the Free plan also by practice and calendar month (UTC). `RateLimit-*` in seconds. */
  handoffrx(principal: Principal): Promise<Limited>;
  /**
   * Dermifi: 1000 an hour and 100 a minute; `X-RateLimit-*` of the hour, the reset in Unix seconds.
   * @param subject user id or, before sign-in, the network address.
   */
  dermifi(subject: { user: string } | { address: string }): Promise<Limited>;
  /** The dashboard: 600 a minute for each user, whichever face a page asks. `RateLimit-*` in seconds. */
  dashboard(user: string): Promise<Limited>;
  /** What a practice on the Free plan has used of its calendar month (UTC). */
  freeMonth(practice: string): Promise<{ limit: number; used: number; resetsAt: Date }>;
}

/** A window in which so many requests are allowed; it begins with the first of them. */
interface Rule {
  /** Name of the window in the record; no dots. */
  name: string;
  limit: number;
  until: (now: Date) => Date;
}

interface Window {
  limit: number;
  remaining: number;
  resetAt: Date;
}

type Rates = mongo.Collection<RateRecord>;

interface Taken {
  /** In the order of the rules. */
  windows: Window[];
  allowed: boolean;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const REFUSED_SUBJECTS = 10_000;
/** A count need not outlive a failover: it waits for no other member and no journal. */
const COUNTED = { w: 1, journal: false } as const;

/** HandoffRx, "Rate Limits". */
export const PER_MINUTE: Record<Plan, number> = { Free: 10, Pro: 100, Enterprise: 500 };
const FREE_PER_MONTH = 100;

/** Dermifi, "Rate Limiting". */
const DERMIFI: readonly [Rule, Rule] = [
  { name: 'hour', limit: 1000, until: (now) => new Date(now.getTime() + HOUR_MS) },
  { name: 'minute', limit: 100, until: (now) => new Date(now.getTime() + MINUTE_MS) },
];

/** More than pages ask for, scrolled as fast as one can. */
const DASHBOARD: Rule = { name: 'minute', limit: 600, until: (now) => new Date(now.getTime() + MINUTE_MS) };

function perMinute(plan: Plan): Rule {
  return { name: 'minute', limit: PER_MINUTE[plan], until: (now) => new Date(now.getTime() + MINUTE_MS) };
}

const MONTH: Rule = {
  name: 'month',
  limit: FREE_PER_MONTH,
  until: (now) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)),
};

export function createRateLimits({ rates }: Pick<Records, 'rates'>, clock: () => Date): RateLimits {
  const take = taker(collectionOf(rates, COUNTED), clock);
  return {
    async handoffrx({ id, practice = '', plan = 'Free' }) {
      const minute = await take(`key:${id}`, [perMinute(plan)]);
      const taken = [minute];
      if (plan === 'Free' && minute.allowed) taken.push(await take(`month:${practice}`, [MONTH]));
      return tightestOf(taken, clock());
    },
    async freeMonth(practice) {
      const now = clock();
      const { month } = (await rates.findById(`month:${practice}`).lean())?.windows ?? {};
      const open = month !== undefined && month.until > now;
      return { limit: FREE_PER_MONTH, used: open ? month.used : 0, resetsAt: MONTH.until(now) };
    },
    async dashboard(user) {
      return tightestOf([await take(`dashboard:${user}`, [DASHBOARD])], clock());
    },
    async dermifi(subject) {
      const taken = await take(
        'user' in subject ? `user:${subject.user}` : `address:${holderOf(subject.address)}`,
        DERMIFI,
      );
      const [hour] = taken.windows;
      if (hour === undefined) throw new ProblemError('internal', 'The hour of the rate limit is missing.');
      return limited([taken], clock(), {
        'X-RateLimit-Limit': String(hour.limit),
        'X-RateLimit-Remaining': String(hour.remaining),
        'X-RateLimit-Reset': String(Math.ceil(hour.resetAt.getTime() / 1000)),
      });
    },
  };
}

function tightestOf(taken: readonly Taken[], now: Date): Limited {
  const tightest = least(taken.flatMap((each) => each.windows));
  return limited(taken, now, {
    'RateLimit-Limit': String(tightest.limit),
    'RateLimit-Remaining': String(tightest.remaining),
    'RateLimit-Reset': String(secondsTo(tightest.resetAt, now)),
  });
}

/** Whoever has one IPv6 address has the 64 bits below it too: they count as one. */
function holderOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const ip = ipaddr.process(address);
  if (!(ip instanceof ipaddr.IPv6)) return ip.toString();
  return new ipaddr.IPv6([...ip.parts.slice(0, 4), 0, 0, 0, 0]).toString();
}

function limited(taken: readonly Taken[], now: Date, headers: Record<string, string>): Limited {
  const full = taken
    .filter((each) => !each.allowed)
    .flatMap((each) => each.windows.filter((w) => w.remaining === 0));
  if (full.length === 0) return { headers };
  const wait = Math.max(...full.map((window) => secondsTo(window.resetAt, now)));
  const refused = new ProblemError('rate-limited', `Rate limit exceeded. Try again in ${wait} s.`, {
    headers: { 'Retry-After': String(wait) },
  });
  return { headers, refused };
}

/** The window nearest to its end; of equals the first. */
function least(windows: readonly Window[]): Window {
  return windows.reduce((a, b) => (b.remaining < a.remaining ? b : a));
}

function secondsTo(at: Date, now: Date): number {
  return Math.max(1, Math.ceil((at.getTime() - now.getTime()) / 1000));
}

/**
 * Counts in the database, so that all processes share one count: exactly `limit` requests pass a window, and
 * refused ones are not counted. All windows of a subject are one document and one write; what a process was told
 * is full it refuses by itself until the window ends, so that a flood of refused requests costs the database nothing.
 * (rate-limiter-flexible takes a write for each window, counts refused requests in all of them, and asks the database
 * for each.)
 */
function taker(rates: Rates, clock: () => Date) {
  const full = new LRUCache<string, { taken: Taken; until: number }>({ max: REFUSED_SUBJECTS });
  return async (subject: string, rules: readonly Rule[]): Promise<Taken> => {
    const refusal = full.get(subject);
    if (refusal !== undefined && refusal.until > clock().getTime()) return refusal.taken;
    for (;;) {
      const now = clock();
      const counted = await count(rates, subject, rules, now);
      if (counted !== null) return { windows: windowsOf(counted, rules), allowed: true };
      const record = await rates.findOne({ _id: subject });
      if (record === null) {
        const first = await begin(rates, subject, rules, now);
        if (first !== undefined) return { windows: windowsOf(first, rules), allowed: true };
      } else if (rules.some(({ name }) => isOver(record.windows[name], now))) {
        await renew(rates, record, rules, now);
      } else {
        const taken = { windows: windowsOf(record, rules), allowed: false };
        const ends = taken.windows.filter((w) => w.remaining === 0).map((w) => w.resetAt.getTime());
        if (ends.length > 0) {
          full.set(subject, { taken, until: Math.max(...ends) });
          return taken;
        }
      }
    }
  };
}

/** The usual case, one write: every window is open and has something left. */
function count(rates: Rates, subject: string, rules: readonly Rule[], now: Date): Promise<RateRecord | null> {
  const filter: mongo.Filter<RateRecord> = { _id: subject };
  const increments: Record<string, number> = {};
  for (const { name, limit } of rules) {
    filter[`windows.${name}.until`] = { $gt: now };
    filter[`windows.${name}.used`] = { $lt: limit };
    increments[`windows.${name}.used`] = 1;
  }
  return rates.findOneAndUpdate(filter, { $inc: increments }, { returnDocument: 'after' });
}

/** Undefined when another process was faster. */
async function begin(
  rates: Rates,
  subject: string,
  rules: readonly Rule[],
  now: Date,
): Promise<RateRecord | undefined> {
  const windows = Object.fromEntries(rules.map(({ name, until }) => [name, { used: 1, until: until(now) }]));
  const record = { _id: subject, windows, expireAt: latest(windows) };
  try {
    await rates.insertOne(record);
    return record;
  } catch (error) {
    if (isDuplicate(error)) return undefined;
    throw error;
  }
}

/** Opens the windows that are over anew, empty, unless another process has done so. */
async function renew(rates: Rates, record: RateRecord, rules: readonly Rule[], now: Date): Promise<void> {
  const over = rules.filter(({ name }) => isOver(record.windows[name], now));
  const fresh = Object.fromEntries(over.map(({ name, until }) => [name, { used: 0, until: until(now) }]));
  const filter: mongo.Filter<RateRecord> = { _id: record._id };
  const set: mongo.MatchKeysAndValues<RateRecord> = { expireAt: latest({ ...record.windows, ...fresh }) };
  for (const { name } of over) {
    filter[`windows.${name}.until`] = record.windows[name]?.until ?? { $exists: false };
    set[`windows.${name}`] = fresh[name];
  }
  await rates.updateOne(filter, { $set: set });
}

function isOver(window: { until: Date } | undefined, now: Date): boolean {
  return window === undefined || window.until <= now;
}

function latest(windows: RateRecord['windows']): Date {
  return new Date(Math.max(...Object.values(windows).map(({ until }) => until.getTime())));
}

function windowsOf(record: RateRecord, rules: readonly Rule[]): Window[] {
  return rules.map(({ name, limit }) => {
    const { used, until } = record.windows[name] ?? { used: limit, until: record.expireAt };
    return { limit, remaining: Math.max(0, limit - used), resetAt: until };
  });
}
