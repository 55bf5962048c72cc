import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import jwt from 'jsonwebtoken';
import { LRUCache } from 'lru-cache';
import { ProblemError } from '../fhir';
import { isDuplicate, type Records, type SigningKeyRecord } from './records';
import type { Sealing } from './sealing';

/** What a token of ours says. Times are seconds since 1970. */
export interface Claims {
  kind: 'user' | 'client';
  sub: string;
  iat: number;
  exp: number;
  /** Session of a user's token. */
  sid?: string;
  /** Granted scopes of a client's token, separated by spaces (RFC 9068). */
  scope?: string;
}

export interface Tokens {
  /** A JWT (ES256) of this server, good for `seconds`. */
  sign(claims: Pick<Claims, 'kind' | 'sub' | 'sid' | 'scope'>, seconds: number): Promise<string>;
  /** The claims of a token that this server signed and that has not expired. @throws ProblemError unauthorized */
  verify(token: string): Promise<Claims>;
  /** Public keys, for `/.well-known/jwks.json` (RFC 7517). */
  jwks(): Promise<{ keys: object[] }>;
  /** Signs with a new key from now on; what the old ones signed stays good until it expires. */
  rotate(): Promise<void>;
}

interface SigningKey {
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
  publicJwk: object;
  createdAt: Date;
}

const ALGORITHM = 'ES256';
/** A key signs for thirty days, and is published for one more: longer than any token of it lives. */
const SIGNS_MS = 30 * 86_400_000;
const KEPT_MS = SIGNS_MS + 86_400_000;
/** How long a process believes its list of keys; one that rotates tells the others only through the database. */
const LIST_KEPT_MS = 60_000;
const VERIFIED_TOKENS = 5_000;
const KID = /^es256-\d{1,9}$/;
const generate = promisify(generateKeyPair);

export interface TokenOptions {
  /** Issuer and audience. */
  publicUrl: string;
  sealing: Sealing;
  clock: () => Date;
}

/** The server's signing keys lie in the database, sealed, so that every process signs and verifies alike. */
export function createTokens({ signingKeys }: Pick<Records, 'signingKeys'>, options: TokenOptions): Tokens {
  const { publicUrl, sealing, clock } = options;
  const verified = new LRUCache<string, Claims>({ max: VERIFIED_TOKENS });
  let held: { at: number; keys: SigningKey[] } = { at: -Infinity, keys: [] };

  const load = async (): Promise<SigningKey[]> => {
    const records = await signingKeys.find({ expireAt: { $gt: clock() } }).lean();
    const keys = records.map((record) => openKey(record, sealing));
    held = { at: clock().getTime(), keys: keys.sort((a, b) => numberOf(b.kid) - numberOf(a.kid)) };
    return held.keys;
  };
  const current = async (): Promise<SigningKey[]> =>
    clock().getTime() - held.at < LIST_KEPT_MS ? held.keys : await load();

  const make = async (kid: string): Promise<void> => {
    try {
      await signingKeys.insertOne(await newKey(kid, clock(), sealing));
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    await load();
  };
  const newest = async (): Promise<SigningKey> => {
    const [key] = await current();
    const now = clock().getTime();
    if (key !== undefined && now - key.createdAt.getTime() < SIGNS_MS) return key;
    // Processes that notice together give it one name, and so make one key.
    await make(nameAfter(key?.kid, clock()));
    const [made] = held.keys;
    if (made === undefined) throw new ProblemError('unavailable', 'No signing key could be made.');
    return made;
  };
  const keyOf = async (kid: string | undefined): Promise<SigningKey | undefined> => {
    const known = (await current()).find((each) => each.kid === kid);
    if (known !== undefined || kid === undefined || !KID.test(kid)) return known;
    return (await load()).find((each) => each.kid === kid);
  };

  return {
    async sign(claims, seconds) {
      const key = await newest();
      const iat = Math.floor(clock().getTime() / 1000);
      const payload = {
        ...claims,
        iss: publicUrl,
        aud: publicUrl,
        jti: randomUUID(),
        iat,
        exp: iat + seconds,
      };
      return jwt.sign(payload, key.privateKey, { algorithm: ALGORITHM, keyid: key.kid });
    },
    async verify(token) {
      const now = Math.floor(clock().getTime() / 1000);
      const before = verified.get(token);
      if (before !== undefined && before.exp > now) return before;
      const key = await keyOf(kidOf(token));
      const claims = key === undefined ? undefined : check(token, key.publicKey, publicUrl, now);
      if (claims === undefined)
        throw new ProblemError('unauthorized', 'The access token is not valid or has expired.');
      verified.set(token, claims);
      return claims;
    },
    async jwks() {
      await newest();
      return {
        keys: held.keys.map(({ kid, publicJwk }) => ({ ...publicJwk, kid, use: 'sig', alg: ALGORITHM })),
      };
    },
    async rotate() {
      const { kid } = await newest();
      await make(nameAfter(kid, clock()));
    },
  };
}

function check(token: string, key: KeyObject, publicUrl: string, clockTimestamp: number): Claims | undefined {
  try {
    const claims = jwt.verify(token, key, {
      algorithms: [ALGORITHM],
      issuer: publicUrl,
      audience: publicUrl,
      clockTimestamp,
    });
    return claims as unknown as Claims;
  } catch {
    return undefined;
  }
}

function kidOf(token: string): string | undefined {
  try {
    return jwt.decode(token, { complete: true })?.header.kid;
  } catch {
    return undefined;
  }
}

/** Days since 1970, or the next number: no name comes twice, even after a long stop. */
function nameAfter(kid: string | undefined, now: Date): string {
  const day = Math.floor(now.getTime() / 86_400_000);
  return `es256-${Math.max(day, kid === undefined ? 0 : numberOf(kid) + 1)}`;
}

function numberOf(kid: string): number {
  return Number(kid.slice('es256-'.length));
}

async function newKey(kid: string, now: Date, sealing: Sealing): Promise<SigningKeyRecord> {
  const { privateKey, publicKey } = await generate('ec', { namedCurve: 'P-256' });
  return {
    _id: kid,
    publicJwk: publicKey.export({ format: 'jwk' }),
    privateKey: sealing.seal(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), purposeOf(kid)),
    createdAt: now,
    expireAt: new Date(now.getTime() + KEPT_MS),
  };
}

function openKey(record: SigningKeyRecord, sealing: Sealing): SigningKey {
  const privateKey = createPrivateKey(sealing.unseal(record.privateKey, purposeOf(record._id)));
  return {
    kid: record._id,
    privateKey,
    publicKey: createPublicKey(privateKey),
    publicJwk: record.publicJwk,
    createdAt: record.createdAt,
  };
}

function purposeOf(kid: string): string {
  return `signing-key:${kid}`;
}
