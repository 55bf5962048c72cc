import { Secret, TOTP } from 'otpauth';

/** RFC 6238 with what every authenticator application takes: SHA-1, six digits, 30 seconds. */
const PERIOD_S = 30;

function totpOf(secret: string): TOTP {
  return new TOTP({ issuer: 'Crosswalk', secret: Secret.fromBase32(secret), period: PERIOD_S, digits: 6 });
}

/** A new seed in base32, 160 bits. */
export function newTotpSecret(): string {
  return new Secret({ size: 20 }).base32;
}

/** Address that authenticator applications read from a QR code. */
export function totpUri(secret: string, email: string): string {
  const totp = totpOf(secret);
  totp.label = email;
  return totp.toString();
}

/** The time step whose code this is, at most one off from now; undefined when it is none of the three. */
export function totpStep(secret: string, code: string, now: Date): number | undefined {
  const timestamp = now.getTime();
  const delta = totpOf(secret).validate({ token: code.replace(/\s/g, ''), timestamp, window: 1 });
  return delta === null ? undefined : Math.floor(timestamp / 1000 / PERIOD_S) + delta;
}
