import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import jwt, { type Algorithm, type Jwt, type JwtPayload } from 'jsonwebtoken';
import { publicKeysOf } from './clients';
import { type ClientRecord, isDuplicate, type Records } from './records';
import { digest } from './sealing';

/** Fetches a JSON document within the deployment's address rules; rejects when it may or can not. */
export type FetchJson = (url: string) => Promise<unknown>;

export interface AssertionRules {
  /** Whom an assertion must be addressed to: the token endpoint, or the issuer. */
  audience: readonly [string, ...string[]];
  fetchJson: FetchJson;
  clock: () => Date;
}

/** True when the assertion proves that the client is asking, now, and for the first time. */
export type VerifyAssertion = (client: ClientRecord, assertion: string) => Promise<boolean>;

/** Algorithms of a key's kind; what the header says counts only among them. SMART asks for RS384 and ES384. */
export const ASSERTION_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
];

const LONGEST_LIFE_S = 300;
const SKEW_S = 10;
const KEYS_KEPT_MS = 3_600_000;
/** Fetches of one client's keys in a minute, however many unknown `kid`s come. */
const FETCHES_A_MINUTE = 4;

interface Header {
  kid?: string;
  jku?: string;
}

/**
 * Asymmetric client authentication.
 * https://hl7.org/fhir/smart-app-launch/STU2/client-confidential-asymmetric.html
 */
export function createAssertions(
  { assertions }: Pick<Records, 'assertions'>,
  rules: AssertionRules,
): VerifyAssertion {
  const fetched = fetchedKeys(rules);

  const keysFor = async (client: ClientRecord, { kid, jku }: Header): Promise<JsonWebKey[]> => {
    if (client.jwks !== undefined) return fitting(client.jwks.keys, kid);
    if (client.jwksUrl === undefined || (jku !== undefined && jku !== client.jwksUrl)) return [];
    const held = fitting(await fetched.kept(client.jwksUrl), kid);
    return held.length > 0 ? held : fitting(await fetched.again(client.jwksUrl), kid);
  };
  const unused = async (client: ClientRecord, jti: string, exp: number): Promise<boolean> => {
    try {
      const expireAt = new Date((exp + SKEW_S + 1) * 1000);
      await assertions.insertOne({ _id: digest(`${client._id}\0${jti}`), expireAt });
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  };

  return async (client, assertion) => {
    const keys = await keysFor(client, headerOf(assertion));
    for (const key of keys) {
      const claims = check(assertion, createPublicKey({ key, format: 'jwk' }), client._id, rules);
      if (claims?.jti !== undefined && claims.exp !== undefined)
        return unused(client, claims.jti, claims.exp);
    }
    return false;
  };
}

function headerOf(assertion: string): Header {
  try {
    return jwt.decode(assertion, { complete: true })?.header ?? {};
  } catch {
    return {};
  }
}

/** Keys of that id; without an id all of them. */
function fitting(keys: readonly object[], kid: string | undefined): JsonWebKey[] {
  return (keys as (JsonWebKey & { kid?: string })[]).filter((key) => kid === undefined || key.kid === kid);
}

function check(
  assertion: string,
  key: KeyObject,
  clientId: string,
  rules: AssertionRules,
): JwtPayload | undefined {
  const now = Math.floor(rules.clock().getTime() / 1000);
  try {
    const { payload } = jwt.verify(assertion, key, {
      complete: true,
      algorithms: algorithmsOf(key),
      issuer: clientId,
      subject: clientId,
      audience: [...rules.audience],
      clockTimestamp: now,
      clockTolerance: SKEW_S,
    }) as Jwt;
    return typeof payload === 'object' && isShortLived(payload, now) ? payload : undefined;
  } catch {
    return undefined;
  }
}

/** "exp ... SHALL be no more than five minutes in the future"; ours are not older than five minutes either. */
function isShortLived({ exp, iat, jti }: JwtPayload, now: number): boolean {
  if (exp === undefined || typeof jti !== 'string' || jti === '') return false;
  const old = iat !== undefined && now - iat > LONGEST_LIFE_S + SKEW_S;
  return exp - now <= LONGEST_LIFE_S + SKEW_S && !old;
}

function algorithmsOf(key: KeyObject): Algorithm[] {
  const family = key.asymmetricKeyType === 'ec' ? 'ES' : '[RP]S';
  return ASSERTION_ALGORITHMS.filter((each) => new RegExp(`^${family}`).test(each)) as Algorithm[];
}

/** Key sets by URL: kept an hour, fetched again when asked to, at a bounded rate; together by those who wait. */
function fetchedKeys({ fetchJson, clock }: AssertionRules) {
  const sets = new Map<string, { at: number; keys: Promise<object[]>; fetches: number[] }>();
  const fetchSet = (url: string): Promise<object[]> => {
    const now = clock().getTime();
    const before = sets.get(url);
    const fetches = (before?.fetches ?? []).filter((at) => now - at < 60_000);
    if (before !== undefined && fetches.length >= FETCHES_A_MINUTE) return before.keys;
    const keys = fetchJson(url)
      .then(publicKeysOf)
      .catch((): object[] => []);
    sets.set(url, { at: now, keys, fetches: [...fetches, now] });
    return keys;
  };
  return {
    kept(url: string): Promise<object[]> {
      const set = sets.get(url);
      return set !== undefined && clock().getTime() - set.at < KEYS_KEPT_MS ? set.keys : fetchSet(url);
    },
    again: fetchSet,
  };
}
