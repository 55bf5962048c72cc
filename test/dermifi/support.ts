import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Location } from '@medplum/fhirtypes';
import type { Response } from 'supertest';
import { TIMEZONE } from '../../src/clinicians';
import { type Method, openVendorApi, type SendOptions, type VendorApi } from '../support/vendor-api';

export interface CallOptions extends SendOptions {
  token?: string;
}

/** A signed-in user. */
export interface Signed {
  id: string;
  email: string;
  password: string;
  token: string;
  practice: string;
}

/** The body of an answer that has an id. */
export type View = Record<string, unknown> & { id: string };

/** The Dermifi API of a test house. */
export interface Api extends Omit<VendorApi, 'send'> {
  /** Makes a user of a practice (made when new) and signs it in. */
  user(role: string, options?: UserOptions): Promise<Signed>;
  /** Tokens for as many calls as one likes: another user before the limit of a minute is reached. */
  tokens(role: string, options?: UserOptions): () => Promise<string>;
  call(method: Method, path: string, options?: CallOptions): Promise<Response>;
}

interface UserOptions {
  practice?: string;
  practitioner?: string;
  name?: string;
}

/** Fewer than the calls a minute of a user. */
const CALLS_A_USER = 90;

export const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

export async function openApi(environment: Record<string, string> = {}): Promise<Api> {
  const { send, ...api } = await openVendorApi({ at: '/v1', environment, expectAnswer });
  const { practices, users, sessions } = api.house.identity;
  const ids = new Map<string, string>();
  let made = 0;
  const practiceId = async (name: string): Promise<string> => {
    const id = ids.get(name) ?? (await practices.create(name)).id;
    ids.set(name, id);
    return id;
  };
  const user: Api['user'] = async (
    role,
    { practice = 'Bay Area Dermatology', practitioner, name = 'Sam Rivera' } = {},
  ) => {
    made += 1;
    const email = `user${made}@dermifi.example`;
    const id = await practiceId(practice);
    const link = practitioner !== undefined && { practitioner };
    const one = await users.create({ email, name, role, practice: id, ...link });
    const { password } = one;
    const { accessToken } = await sessions.login({ email, password, address: '127.0.0.1' });
    return { id: one.id, email, password, token: accessToken, practice: id };
  };
  return {
    ...api,
    user,
    tokens(role, options) {
      let calls = 0;
      let token = '';
      return async () => {
        if (calls++ % CALLS_A_USER === 0) ({ token } = await user(role, options));
        return token;
      };
    },
    call: (method, path, { token, ...options } = {}) => send(method, path, token, options),
  };
}

/** Every answer has the limit's headers; paths that the document does not have answer 401 or 404 in the documented form. */
function expectAnswer({ status, headers, body }: Response, isDescribed: boolean): void {
  for (const header of ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset']) {
    expect([header, headers[header]]).toEqual([header, expect.stringMatching(/^\d+$/)]);
  }
  if (isDescribed) return;
  expect([401, 403, 404, 413, 429]).toContain(status);
  expect(Object.keys((body as { error: object }).error)).toEqual(ERROR_FIELDS);
}

/** The places that the document uses; FHIR ids `sf`, `oakland`, `sj`. */
export async function seedPlaces(api: Api): Promise<void> {
  const places = Object.entries({ sf: 'SF', oakland: 'Oakland', sj: 'San Jose' });
  const extension = [{ url: TIMEZONE, valueCode: 'America/Los_Angeles' }];
  for (const [id, name] of places) {
    const resource: Location = { resourceType: 'Location', id, name, status: 'active', extension };
    await api.write({ kind: 'create', id, resource });
  }
}

/** Dermifi, "Error Response Format". */
export const ERROR_FIELDS = ['code', 'message', 'details', 'requestId', 'timestamp'];

/** Status, code and the fields named of a refusal. */
export function refusal({ status, body }: Response): { status: number; code: string; fields: string[] } {
  const { error } = body as { error: { code: string; details: { field: string }[] } };
  return { status, code: error.code, fields: error.details.map(({ field }) => field) };
}

/**
 * Compares with a golden file, in which ids and times that differ from run to run are named: `names` maps values to
 * their names. `GOLDEN=write` writes the file, to be read before it is committed.
 */
export function expectGolden(file: string, actual: object, names: Record<string, string>): void {
  const path = join(__dirname, 'golden', `${file}.json`);
  let text = JSON.stringify(actual, null, 2);
  for (const [value, name] of Object.entries(names)) text = text.replaceAll(value, `<${name}>`);
  text = text.replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"<time>"');
  if (process.env['GOLDEN'] === 'write') writeFileSync(path, `${text}\n`);
  expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(path, 'utf8')));
}
