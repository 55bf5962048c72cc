import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  randomInt,
  timingSafeEqual,
} from 'node:crypto';

const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Form and version of a sealed text, so that a later form can live beside it. */
const PREFIX = 's1.';

/** Keeps secrets that must be read again (webhook secrets, TOTP seeds, private keys) unreadable in the database. */
export interface Sealing {
  /** AES-256-GCM under the master key. `purpose` binds the text to its use: it opens under no other. */
  seal(plain: string, purpose: string): string;
  /** @throws Error when the text was altered, sealed for another purpose or under another master key. */
  unseal(sealed: string, purpose: string): string;
  /** HMAC-SHA-256 under a key of that purpose, base64url: for tokens that carry their own proof. */
  mac(text: string, purpose: string): string;
  /** Tells whether two processes hold the same master key, without telling the key. */
  readonly fingerprint: string;
}

/** @param master 32 bytes or more of secret; every use gets a key of its own by HKDF (RFC 5869). */
export function createSealing(master: Buffer): Sealing {
  const derive = (info: string): Buffer => Buffer.from(hkdfSync('sha256', master, 'crosswalk', info, 32));
  const sealingKey = derive('seal');
  const macKey = derive('mac');
  return {
    seal(plain, purpose) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealingKey, iv).setAAD(Buffer.from(purpose));
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return PREFIX + Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url');
    },
    unseal(sealed, purpose) {
      const bytes = Buffer.from(sealed.slice(PREFIX.length), 'base64url');
      if (!sealed.startsWith(PREFIX) || bytes.length < IV_BYTES + TAG_BYTES)
        throw new Error('Not a sealed text.');
      const decipher = createDecipheriv('aes-256-gcm', sealingKey, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(purpose));
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return (
        decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
      );
    },
    mac: (text, purpose) => createHmac('sha256', macKey).update(`${purpose}\0${text}`).digest('base64url'),
    fingerprint: derive('fingerprint').toString('base64url'),
  };
}

/** SHA-256, base64url. Fit to store secrets of full entropy (keys, client secrets); never for passwords. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Compares without telling by its time where the texts differ, nor how long the expected one is. */
export function sameSecret(given: string, expected: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A number in base 62, padded with zeros to `width`. */
export function base62(value: number, width: number): string {
  let text = '';
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62)) text = BASE62.charAt(rest % 62) + text;
  return text.padStart(width, '0');
}

/** Random letters and digits, 5.95 bits each. */
export function randomText(length: number): string {
  return Array.from({ length }, () => BASE62.charAt(randomInt(62))).join('');
}
