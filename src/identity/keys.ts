import { ProblemError } from '../fhir';
import { isApiKey, newApiKey } from './key-format';
import type { Plan, Principal } from './principal';
import type { Practices } from './practices';
import { collectionOf, type KeyRecord, type Records } from './records';
import { digest, randomText } from './sealing';

/** HandoffRx scopes. Matching needs `providers:read`. */
export const KEY_SCOPES = ['referrals:read', 'referrals:write', 'providers:read'] as const;
/** HandoffRx plans, "Rate Limits". */
export const PLANS: readonly Plan[] = ['Free', 'Pro', 'Enterprise'];

/** What may be told about a key: all but the key. */
export interface KeyInfo {
  id: string;
  practice: string;
  practiceId: string;
  plan: Plan;
  scopes: string[];
  status: 'active' | 'expired' | 'revoked';
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
  /** To the minute. */
  lastUsedAt: Date | null;
  /** Id of the key that took over by rotation. */
  replacedBy: string | null;
}

/** A key just made: the only time that it is shown. */
export interface NewKey {
  id: string;
  apiKey: string;
  practice: string;
  plan: Plan;
  scopes: string[];
}

export interface KeyRequest {
  /** Id or name. */
  practice: string;
  plan: string;
  scopes: readonly string[];
  expiresAt?: Date;
}

export interface Keys {
  /** @throws ProblemError invalid: unknown practice, plan or scope, an expiry that is past. */
  create(request: KeyRequest): Promise<NewKey>;
  /** Newest first; of one practice (id) when given. */
  list(practice?: string): Promise<KeyInfo[]>;
  /** Undefined when unknown, or of another practice than the one given. */
  find(id: string, practice?: string): Promise<KeyInfo | undefined>;
  /** Ends the key at once. Revoking again changes nothing. @throws ProblemError not-found */
  revoke(id: string, practice?: string): Promise<KeyInfo>;
  /**
   * A new key with the same rights; the old one is good for `overlapMs` more (default 24 h).
   * @throws ProblemError not-found, or conflict when it is revoked, expired or rotated already.
   */
  rotate(id: string, options?: { overlapMs?: number; practice?: string }): Promise<NewKey>;
  /** Who holds this key. One indexed read, so that a revocation counts at once in every process. */
  authenticate(bearer: string): Promise<Principal>;
  /** Resolves when all times of last use are written. */
  flush(): Promise<void>;
}

const DAY_MS = 86_400_000;
/** Last use is written at most this often per key and process. */
const LAST_USE_MS = 60_000;

export function createKeys({ keys }: Pick<Records, 'keys'>, practices: Practices, clock: () => Date): Keys {
  const collection = collectionOf(keys);
  const noteUse = lastUseWriter(keys);

  const found = async (id: string, practice?: string): Promise<KeyRecord> => {
    const key = await keys.findOne({ _id: id, ...(practice !== undefined && { practice }) }).lean();
    if (key === null) throw new ProblemError('not-found', `There is no key "${id}".`);
    return key;
  };

  return {
    async create(request) {
      const practice = await practices.get(request.practice);
      return insertKey(keys, {
        practice: practice.id,
        practiceName: practice.name,
        plan: planOf(request.plan),
        scopes: scopesOf(request.scopes),
        createdAt: clock(),
        ...(request.expiresAt !== undefined && { expiresAt: futureDate(request.expiresAt, clock()) }),
      });
    },
    async list(practice) {
      const all = await keys
        .find(practice === undefined ? {} : { practice })
        .sort({ createdAt: -1, _id: 1 })
        .lean();
      return all.map((key) => infoOf(key, clock()));
    },
    async find(id, practice) {
      const key = await keys.findOne({ _id: id, ...(practice !== undefined && { practice }) }).lean();
      return key === null ? undefined : infoOf(key, clock());
    },
    async revoke(id, practice) {
      await found(id, practice);
      await keys.updateOne({ _id: id, revokedAt: { $exists: false } }, { $set: { revokedAt: clock() } });
      return infoOf(await found(id), clock());
    },
    async rotate(id, { overlapMs = DAY_MS, practice } = {}) {
      const old = await found(id, practice);
      const now = clock();
      const refusal = new ProblemError('conflict', `The key "${id}" is revoked, expired or rotated already.`);
      if (infoOf(old, now).status !== 'active' || old.replacedBy !== undefined) throw refusal;
      const made = await insertKey(keys, successorOf(old, now));
      const until = new Date(Math.min(now.getTime() + overlapMs, old.expiresAt?.getTime() ?? Infinity));
      const claimed = await keys.updateOne(
        { _id: id, replacedBy: { $exists: false }, revokedAt: { $exists: false } },
        { $set: { replacedBy: made.id, expiresAt: until } },
      );
      if (claimed.matchedCount === 1) return made;
      await keys.deleteOne({ _id: made.id });
      throw refusal;
    },
    async authenticate(bearer) {
      const key = isApiKey(bearer) ? await collection.findOne({ hash: digest(bearer) }) : null;
      const now = clock();
      if (key === null || infoOf(key, now).status !== 'active') {
        throw new ProblemError('unauthorized', 'Missing or invalid API key');
      }
      noteUse.used(key, now);
      return principalOf(key);
    },
    flush: noteUse.flush,
  };
}

async function insertKey(keys: Records['keys'], fields: Omit<KeyRecord, '_id' | 'hash'>): Promise<NewKey> {
  const apiKey = newApiKey();
  const id = `key_${randomText(20)}`;
  await keys.insertOne({ _id: id, hash: digest(apiKey), ...fields });
  return { id, apiKey, practice: fields.practiceName, plan: fields.plan, scopes: fields.scopes };
}

/** Same rights, and as long a life when the old one had an end. */
function successorOf(old: KeyRecord, now: Date): Omit<KeyRecord, '_id' | 'hash'> {
  const { practice, practiceName, plan, scopes } = old;
  const lifeMs = old.expiresAt === undefined ? undefined : old.expiresAt.getTime() - old.createdAt.getTime();
  return {
    practice,
    practiceName,
    plan,
    scopes,
    createdAt: now,
    ...(lifeMs !== undefined && { expiresAt: new Date(now.getTime() + lifeMs) }),
  };
}

function infoOf(key: KeyRecord, now: Date): KeyInfo {
  const expired = key.expiresAt !== undefined && key.expiresAt <= now;
  return {
    id: key._id,
    practice: key.practiceName,
    practiceId: key.practice,
    plan: key.plan,
    scopes: key.scopes,
    status: key.revokedAt !== undefined ? 'revoked' : expired ? 'expired' : 'active',
    createdAt: key.createdAt,
    expiresAt: key.expiresAt ?? null,
    revokedAt: key.revokedAt ?? null,
    lastUsedAt: key.lastUsedAt ?? null,
    replacedBy: key.replacedBy ?? null,
  };
}

function principalOf(key: KeyRecord): Principal {
  return {
    kind: 'key',
    id: key._id,
    name: key.practiceName,
    practice: key.practice,
    practiceName: key.practiceName,
    scopes: key.scopes,
    plan: key.plan,
    viewer: { practice: key.practice },
  };
}

function planOf(text: string): Plan {
  const plan = PLANS.find((each) => each === text);
  if (plan === undefined)
    throw new ProblemError('invalid', `Unknown plan "${text}": it is one of ${PLANS.join(', ')}.`);
  return plan;
}

function scopesOf(list: readonly string[]): string[] {
  const unknown = list.filter((each) => !KEY_SCOPES.some((scope) => scope === each));
  if (unknown.length > 0 || list.length === 0) {
    const problem = list.length === 0 ? 'A key needs a scope' : `Unknown scope "${unknown.join('", "')}"`;
    throw new ProblemError('invalid', `${problem}: scopes are ${KEY_SCOPES.join(', ')}.`);
  }
  return KEY_SCOPES.filter((scope) => list.includes(scope));
}

function futureDate(date: Date, now: Date): Date {
  if (Number.isNaN(date.getTime()) || date <= now)
    throw new ProblemError('invalid', 'The expiry must be a future date.');
  return date;
}

/** Last use is for people who look for forgotten keys: no request waits for it. */
function lastUseWriter(keys: Records['keys']): {
  used(key: KeyRecord, now: Date): void;
  flush(): Promise<void>;
} {
  const writing = new Map<string, Promise<unknown>>();
  return {
    used(key, now) {
      const stale = key.lastUsedAt === undefined || now.getTime() - key.lastUsedAt.getTime() >= LAST_USE_MS;
      if (!stale || writing.has(key._id)) return;
      const work = keys
        .updateOne({ _id: key._id }, { $max: { lastUsedAt: now } })
        .catch(() => undefined)
        .finally(() => writing.delete(key._id));
      writing.set(key._id, work);
    },
    async flush() {
      await Promise.all(writing.values());
    },
  };
}
