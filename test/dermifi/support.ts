import type { Resource } from '@medplum/fhirtypes';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import OpenAPIResponseValidator from 'openapi-response-validator';
import request, { type Response } from 'supertest';
import { serverContext } from '../../src/house';
import { EVERYTHING, type Change, type StoredVersion } from '../../src/store';
import { parseSearch } from '../../src/search';
import { testHouse, type TestHouse } from '../support/house';

export interface CallOptions {
  token?: string;
  body?: unknown;
  /** The body as it goes out, instead of JSON of `body`. */
  raw?: string;
  headers?: Record<string, string>;
}

type Method = 'get' | 'post' | 'patch' | 'put' | 'delete';

/** A signed-in user. */
export interface Signed {
  id: string;
  email: string;
  password: string;
  token: string;
  practice: string;
}

/** The Dermifi API of a test house. Every answer that it gives is held to its own OpenAPI document. */
export interface Api {
  house: TestHouse['house'];
  app: TestHouse['app'];
  /** Makes a user of a practice (made when new) and signs it in. */
  user(role: string, options?: { practice?: string; practitioner?: string; name?: string }): Promise<Signed>;
  call(method: Method, path: string, options?: CallOptions): Promise<Response>;
  stored<T extends Resource>(type: T['resourceType'], id: string): Promise<StoredVersion<T>>;
  find<T extends Resource>(type: T['resourceType'], query: string): Promise<T[]>;
  /** Writes as an EHR of the whole deployment would. */
  write(...changes: Change[]): Promise<void>;
  /** Fails unless the OpenAPI document describes this answer. */
  expectDescribed(method: Method, path: string, answer: Response): void;
  close(): Promise<void>;
}

export const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

export async function openApi(environment: Record<string, string> = {}): Promise<Api> {
  const opened = await testHouse(environment);
  const { house, app } = opened;
  const document = (await request(app).get('/v1/openapi.json').set('X-Forwarded-For', '10.1.2.3'))
    .body as OpenApi;
  const practices = new Map<string, string>();
  let users = 0;

  const practiceId = async (name: string): Promise<string> => {
    const known = practices.get(name) ?? (await house.identity.practices.create(name)).id;
    practices.set(name, known);
    return known;
  };
  const call: Api['call'] = async (method, path, { token, body, raw, headers = {} } = {}) => {
    const sending = request(app)[method](`/v1${path}`).set(headers);
    if (token !== undefined) void sending.set('Authorization', `Bearer ${token}`);
    if (raw !== undefined && headers['Content-Type'] === undefined)
      void sending.set('Content-Type', 'application/json');
    const answer = await sending.send(raw ?? (body as object | undefined));
    expectDescribed(document, method, path, answer);
    return answer;
  };
  return {
    house,
    app,
    async user(role, { practice = 'Bay Area Dermatology', practitioner, name = 'Sam Rivera' } = {}) {
      users += 1;
      const email = `user${users}@dermifi.example`;
      const id = await practiceId(practice);
      const made = await house.identity.users.create({
        email,
        name,
        role,
        practice: id,
        ...(practitioner !== undefined && { practitioner }),
      });
      const { accessToken } = await house.identity.sessions.login({
        email,
        password: made.password,
        address: '127.0.0.1',
      });
      return { id: made.id, email, password: made.password, token: accessToken, practice: id };
    },
    call,
    async stored(type, id) {
      const version = await house.store.read<never>(EVERYTHING, type, id);
      if (version === undefined) throw new Error(`${type}/${id} is not stored`);
      return version;
    },
    async find<T extends Resource>(type: T['resourceType'], query: string): Promise<T[]> {
      const page = await house.store.search(EVERYTHING, parseSearch(type, query));
      return page.matches.map((match) => match.resource as T);
    },
    async write(...changes) {
      await house.store.commit(changes, serverContext());
    },
    expectDescribed: (method, path, answer) => expectDescribed(document, method, path, answer),
    close: () => opened.close(),
  };
}

interface OpenApi {
  paths: Record<string, Record<string, { responses: object }>>;
  components: { schemas: object };
}

/** Compiling the document's schemas costs more than a request. */
const validators = new Map<string, OpenAPIResponseValidator>();

/** Fails unless the document describes this answer; paths that it does not have answer 401 or 404 in the same form. */
function expectDescribed(
  { paths, components }: OpenApi,
  method: Method,
  path: string,
  answer: Response,
): void {
  const [plain = ''] = path.split('?');
  const template = Object.keys(paths).find((one) =>
    new RegExp(`^${one.replace(/\{\w+\}/g, '[^/]+')}$`).test(plain),
  );
  const operation = template === undefined ? undefined : paths[template]?.[method];
  for (const header of ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset']) {
    expect([header, answer.headers[header]]).toEqual([header, expect.stringMatching(/^\d+$/)]);
  }
  if (operation === undefined) {
    expect([401, 403, 404, 413, 429]).toContain(answer.status);
    expect(Object.keys((answer.body as { error: object }).error)).toEqual(ERROR_FIELDS);
    return;
  }
  const name = `${method} ${template ?? ''}`;
  const validator =
    validators.get(name) ??
    new OpenAPIResponseValidator({ responses: operation.responses, components } as never);
  validators.set(name, validator);
  if (answer.status === 204) return;
  const fault: unknown = validator.validateResponse(answer.status, answer.body);
  if (fault !== undefined)
    throw new Error(
      `${method} ${plain} ${answer.status} is not as described: ${JSON.stringify(fault)} ${answer.text}`,
    );
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
