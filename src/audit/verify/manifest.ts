/**
 * What a server signs: checkpoints of its log, and the manifest of an export. Both are Ed25519 over canonical JSON;
 * the manifest travels as a compact JWS (RFC 7515, RFC 8037) so that common tools can check it too.
 */
import { createPublicKey, hash, verify, type KeyObject } from 'node:crypto';
import { canonicalJson } from './canonical';

/** An Ed25519 public key. RFC 8037 */
export interface PublicJwk {
  kty: 'OKP';
  crv: 'Ed25519';
  x: string;
  kid: string;
  use?: 'sig';
  alg?: 'EdDSA';
}

/** The log as it stood: everything before `size` is fixed by `root` and `chain`. Hashes are base64. */
export interface Checkpoint {
  /** Name of the deployment. */
  origin: string;
  /** Number of events. */
  size: number;
  /** Root of the Merkle tree over them. */
  root: string;
  /** Last link of the hash chain over them. */
  chain: string;
  at: string;
  kid: string;
  /** Ed25519 over the canonical JSON of all the other fields, base64. */
  signature: string;
}

export const FORMAT = 'crosswalk-audit-export/1';

/** What an export holds, signed. */
export interface Manifest {
  format: typeof FORMAT;
  /** Name of the deployment. */
  origin: string;
  generated: string;
  /** The filter as asked; empty for everything. */
  filter: Record<string, string>;
  count: number;
  /** Id of the first event, to name it should it be missing. */
  first?: string;
  /** Sequence numbers of the events: `decodeRuns`. */
  selection: string;
  checkpoint: Checkpoint;
  /** Events before this number have been pruned by the retention policy. */
  retainedFrom?: number;
  keys: PublicJwk[];
}

export function signedPart(checkpoint: Omit<Checkpoint, 'signature'>): Buffer {
  const { origin, size, root, chain, at, kid } = checkpoint;
  return Buffer.from(canonicalJson({ origin, size, root, chain, at, kid }));
}

/** Whether one of these keys signed the checkpoint. */
export function checkpointHolds(checkpoint: Checkpoint, keys: readonly PublicJwk[]): boolean {
  const key = keyOf(keys, checkpoint.kid);
  return (
    key !== undefined &&
    verify(null, signedPart(checkpoint), key, Buffer.from(checkpoint.signature, 'base64'))
  );
}

/** `jws` is the manifest as it was given. */
export type ManifestCheck = { manifest: Manifest; kid: string; jws: string } | { wrong: string };

/**
 * Checks the manifest's signature and the signature of the checkpoint in it.
 * @param trusted keys of the server known from elsewhere; without them the keys in the manifest itself are used.
 */
export function openManifest(jws: string, trusted?: readonly PublicJwk[]): ManifestCheck {
  const [header = '', payload = '', signature = '', ...rest] = jws.split('.');
  if (rest.length > 0 || signature === '') return { wrong: 'the manifest is damaged' };
  const manifest = decoded(payload);
  const kid = decoded(header)?.['kid'];
  if (manifest === undefined || typeof kid !== 'string') return { wrong: 'the manifest is damaged' };
  if (manifest['format'] !== FORMAT)
    return { wrong: 'the manifest has a format that this verifier does not know' };
  if (!isManifest(manifest)) return { wrong: 'the manifest is damaged' };
  const keys = trusted ?? manifest.keys;
  const key = keyOf(keys, kid);
  if (key === undefined)
    return { wrong: `the manifest is signed with the key ${kid}, which is not among the trusted keys` };
  const bytes = Buffer.from(signature, 'base64url');
  const exact = bytes.toString('base64url') === signature;
  if (!exact || !verify(null, Buffer.from(`${header}.${payload}`), key, bytes)) {
    return { wrong: 'the signature of the manifest does not hold: the manifest was changed' };
  }
  if (!checkpointHolds(manifest.checkpoint, keys))
    return { wrong: 'the signature of the checkpoint does not hold' };
  return { manifest, kid, jws };
}

/** A part of a JWS as the object that it should be. */
function decoded(part: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Whether all that is read before the signature is known to hold has its kind. */
function isManifest(value: Record<string, unknown> | Manifest): value is Manifest {
  const { checkpoint, selection, keys } = value;
  return (
    typeof selection === 'string' &&
    isObject(checkpoint) &&
    typeof checkpoint.signature === 'string' &&
    Array.isArray(keys) &&
    keys.every((key: unknown) => isObject(key) && typeof key['x'] === 'string')
  );
}

function keyOf(keys: readonly PublicJwk[], kid: string): KeyObject | undefined {
  const jwk = keys.find((candidate) => candidate.kid === kid);
  if (jwk === undefined) return undefined;
  return createPublicKey({ key: { kty: jwk.kty, crv: jwk.crv, x: jwk.x }, format: 'jwk' });
}

/**
 * Keys from a file: a JWKS (as `GET /audit/keys` answers), one JWK, or PEM. Ids are computed anew: they are thumbprints.
 * @throws Error when the text is none of these.
 */
export function parseKeys(text: string): PublicJwk[] {
  if (text.includes('-----BEGIN')) {
    const jwk = parsedKey(() => createPublicKey(text).export({ format: 'jwk' }));
    if (jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519' || jwk.x === undefined)
      throw new Error('The key is not an Ed25519 key.');
    return [{ kty: 'OKP', crv: 'Ed25519', x: jwk.x, kid: thumbprint(jwk.x) }];
  }
  const parsed = parsedKey(() => JSON.parse(text) as { keys?: PublicJwk[] } & Partial<PublicJwk>);
  const keys = parsed.keys ?? [parsed as PublicJwk];
  if (!keys.every((key) => key.kty === 'OKP' && key.crv === 'Ed25519' && typeof key.x === 'string')) {
    throw new Error('The key file holds something else than Ed25519 keys.');
  }
  return keys.map((key) => ({ ...key, kid: thumbprint(key.x) }));
}

function parsedKey<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new Error('The key file is neither a JWKS, as `audit keys` prints it, nor PEM.', { cause });
  }
}

/** Id of a key: its thumbprint. RFC 7638 */
export function thumbprint(x: string): string {
  return hash('sha256', canonicalJson({ crv: 'Ed25519', kty: 'OKP', x }), 'base64url');
}
