/** The keys that sign checkpoints and manifests: Ed25519, made here, renewed by themselves, never forgotten. */
import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import {
  canonicalJson,
  signedPart,
  thumbprint,
  type Checkpoint,
  type Manifest,
  type PublicJwk,
} from '../verify';
import type { AuditCollections, KeyDocument } from './collections';

/** Keeps private keys unreadable in the database (identity's `Sealing`). */
export interface KeySealing {
  seal(plain: string, purpose: string): string;
  unseal(sealed: string, purpose: string): string;
}

export interface SigningKeys {
  signCheckpoint(checkpoint: Omit<Checkpoint, 'kid' | 'signature'>): Promise<Checkpoint>;
  /** A compact JWS with the manifest as its payload. RFC 7515, RFC 8037 */
  signManifest(manifest: Manifest): Promise<string>;
  /** All public keys, retired ones too, the newest first. */
  publicKeys(): Promise<PublicJwk[]>;
  /** Takes a new key into use. @returns its id. */
  rotate(): Promise<string>;
}

const PURPOSE = 'audit-signing-key';
/** A key signs for this long. */
const KEY_DAYS = 90;
const DAY_MS = 86_400_000;
/** How long a process signs with the key it knows before it looks for a newer one. */
const KNOWN_MS = 60_000;

interface Signer {
  kid: string;
  key: KeyObject;
  createdAt: Date;
  lookedAt: number;
}

export function createSigningKeys(
  { keys }: Pick<AuditCollections, 'keys'>,
  sealing: KeySealing,
  clock: () => Date,
): SigningKeys {
  let known: Signer | undefined;

  const make = async (): Promise<KeyDocument> => {
    const pair = generateKeyPairSync('ed25519');
    const x = pair.publicKey.export({ format: 'jwk' }).x ?? '';
    const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const document = { _id: thumbprint(x), x, sealed: sealing.seal(pem, PURPOSE), createdAt: clock() };
    await keys.insertOne(document);
    await keys.updateMany(
      { _id: { $ne: document._id }, retiredAt: { $exists: false } },
      { $set: { retiredAt: clock() } },
    );
    return document;
  };
  const current = async (): Promise<Signer> => {
    const now = clock().getTime();
    const fresh = (signer: { createdAt: Date }): boolean =>
      now - signer.createdAt.getTime() < KEY_DAYS * DAY_MS;
    if (known !== undefined && now - known.lookedAt < KNOWN_MS && fresh(known)) return known;
    const newest = await keys.find().sort({ createdAt: -1 }).limit(1).next();
    const document = newest !== null && fresh(newest) ? newest : await make();
    const key = createPrivateKey(sealing.unseal(document.sealed, PURPOSE));
    known = { kid: document._id, key, createdAt: document.createdAt, lookedAt: now };
    return known;
  };
  return {
    signCheckpoint: async (checkpoint) => {
      const { kid, key } = await current();
      const signature = sign(null, signedPart({ ...checkpoint, kid }), key).toString('base64');
      return { ...checkpoint, kid, signature };
    },
    signManifest: async (manifest) => {
      const { kid, key } = await current();
      const header = Buffer.from(canonicalJson({ alg: 'EdDSA', kid })).toString('base64url');
      const payload = Buffer.from(canonicalJson(manifest)).toString('base64url');
      const signature = sign(null, Buffer.from(`${header}.${payload}`), key).toString('base64url');
      return `${header}.${payload}.${signature}`;
    },
    publicKeys: async () => {
      await current();
      const documents = await keys
        .find({}, { projection: { sealed: 0 } })
        .sort({ createdAt: -1 })
        .toArray();
      return documents.map(({ _id, x }) => ({
        kty: 'OKP',
        crv: 'Ed25519',
        x,
        kid: _id,
        use: 'sig',
        alg: 'EdDSA',
      }));
    },
    rotate: async () => {
      known = undefined;
      return (await make())._id;
    },
  };
}
