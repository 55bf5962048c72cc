import { TOTP } from 'otpauth';
import type { Credentials } from './server';

const servers = JSON.parse(process.env['CROSSWALK_BROWSER_TEST'] ?? '[]') as {
  url: string;
  credentials: Credentials;
}[];
const own = servers[Number(process.env['JEST_WORKER_ID'] ?? 1) - 1];
if (own === undefined)
  throw new Error('No server runs for this worker: npm run test:browser starts one for each.');

/** The server that the tests of this worker share, and the demonstration's credentials. */
export const { url: BASE, credentials: DEMO } = own;

export interface Person {
  email: string;
  password: string;
  role: string;
  totpSecret?: string;
}

/** The demonstration's first user of a role (operator, practice-admin, compliance, provider, staff, admin), or of an address. */
export function person(role: string): Person {
  const found = [...DEMO.portal, ...DEMO.dermifi].find((each) => each.role === role || each.email === role);
  if (found === undefined) throw new Error(`The demonstration has no ${role}.`);
  return found;
}

/** A code of the person's authenticator; each is good once, so `steps` picks a neighbour (-1, 0 or 1). */
export function codeOf({ totpSecret = '' }: Person, steps = 0): string {
  return new TOTP({ secret: totpSecret }).generate({ timestamp: Date.now() + steps * 30_000 });
}
