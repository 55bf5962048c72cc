import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { fieldProblem, ProblemError } from '../fhir';
import { createTurns } from '../turns';

/** scrypt's parameters. */
export interface PasswordCost {
  N: number;
  r: number;
  p: number;
}

/** OWASP's recommendation for 16 MiB: N = 2^14, r = 8, p = 5; about 0.25 s on one core here. */
const PASSWORD_COST: PasswordCost = { N: 2 ** 14, r: 8, p: 5 };

export interface Passwords {
  /** `scrypt$N$r$p$salt$hash`: old hashes stay readable when the cost changes. */
  hash(password: string): Promise<string>;
  /** With no stored hash it works as long and says no, so that its time does not tell whether there is one. */
  verify(password: string, stored: string | undefined): Promise<boolean>;
}

/** Characters of a password. */
const PASSWORD_LENGTH = { least: 8, most: 256 } as const;

/** @throws ProblemError invalid, naming the field */
export function checkNewPassword({ length }: string, field: string): void {
  const { least, most } = PASSWORD_LENGTH;
  if (length >= least && length <= most) return;
  const message = `A password has ${least} to ${most} characters.`;
  throw fieldProblem('invalid', message, [{ field, message }]);
}

/** Hashes at work at once: the thread pool's other half stays free for files and names. */
const AT_ONCE = 2;
/** Beyond so many waiting, the caller is told to come back. */
const WAITING_AT_MOST = 100;
const HASH_BYTES = 32;

const scryptAsync = promisify<string, Buffer, number, PasswordCost & { maxmem: number }, Buffer>(scrypt);

/** Passwords by node's scrypt, in its thread pool, a few at a time. */
export function createPasswords(cost: PasswordCost = PASSWORD_COST): Passwords {
  const inTurn = createTurns({
    atOnce: AT_ONCE,
    waitingAtMost: WAITING_AT_MOST,
    refusal: () =>
      new ProblemError('unavailable', 'Too many sign-ins at once. Try again in a moment.', {
        headers: { 'Retry-After': '1' },
      }),
  });
  const derive = (password: string, salt: Buffer, { N, r, p }: PasswordCost): Promise<Buffer> =>
    inTurn(() => scryptAsync(password.normalize('NFKC'), salt, HASH_BYTES, { N, r, p, maxmem: 256 * N * r }));
  const nobody = encode(cost, randomBytes(16), randomBytes(HASH_BYTES));
  return {
    async hash(password) {
      const salt = randomBytes(16);
      return encode(cost, salt, await derive(password, salt, cost));
    },
    async verify(password, stored) {
      const known = decode(stored ?? nobody);
      return (
        timingSafeEqual(await derive(password, known.salt, known.cost), known.hash) && stored !== undefined
      );
    },
  };
}

function encode({ N, r, p }: PasswordCost, salt: Buffer, hash: Buffer): string {
  return ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

function decode(stored: string): { cost: PasswordCost; salt: Buffer; hash: Buffer } {
  const [, N, r, p, salt = '', hash = ''] = stored.split('$');
  return {
    cost: { N: Number(N), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64url'),
    hash: Buffer.from(hash, 'base64url'),
  };
}
