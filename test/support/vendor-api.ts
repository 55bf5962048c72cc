import type { Resource } from '@medplum/fhirtypes';
import OpenAPIResponseValidator from 'openapi-response-validator';
import request, { type Response } from 'supertest';
import { serverContext } from '../../src/house';
import { parseSearch } from '../../src/search';
import { type Change, EVERYTHING, type StoredVersion } from '../../src/store';
import { testHouse, type TestHouse } from './house';

export type Method = 'get' | 'post' | 'patch' | 'put' | 'delete';

export interface SendOptions {
  body?: unknown;
  /** The body as it goes out, instead of JSON of `body`. */
  raw?: string | Buffer;
  headers?: Record<string, string>;
}

/** The API of a vendor on a test house. Every answer that it gives is held to its own OpenAPI document. */
export interface VendorApi {
  house: TestHouse['house'];
  app: TestHouse['app'];
  /** A call with a key or token, or without. */
  send(method: Method, path: string, bearer?: string, options?: SendOptions): Promise<Response>;
  /** Fails unless the OpenAPI document describes this answer. */
  expectDescribed(method: Method, path: string, answer: Response): void;
  /** What lies in the record. */
  stored<T extends Resource>(type: T['resourceType'], id: string): Promise<StoredVersion<T>>;
  find<T extends Resource>(type: T['resourceType'], query: string): Promise<T[]>;
  /** Writes as an EHR of the whole deployment would. */
  write(...changes: Change[]): Promise<void>;
  close(): Promise<void>;
}

export interface VendorApiOptions {
  /** Where the API is mounted: `/api/v1`. */
  at: string;
  environment?: Record<string, string>;
  /** Holds for every answer; `isDescribed` is false on paths and methods that the document does not have. */
  expectAnswer(answer: Response, isDescribed: boolean): void;
}

export async function openVendorApi({ at, environment, expectAnswer }: VendorApiOptions): Promise<VendorApi> {
  const { house, app, close } = await testHouse(environment);
  const openapi = await request(app).get(`${at}/openapi.json`).set('X-Forwarded-For', '10.1.2.3');
  const operationAt = operationsOf(openapi.body as OpenApi);
  const expectDescribed: VendorApi['expectDescribed'] = (method, path, answer) => {
    const [plain = ''] = path.split('?');
    const described = operationAt(method, plain, answer.status);
    expectAnswer(answer, described !== undefined);
    if (answer.status === 204) return;
    const fault: unknown = described?.validateResponse(answer.status, answer.body);
    if (fault === undefined) return;
    const told = `${method} ${plain} ${answer.status} is not as described`;
    throw new Error(`${told}: ${JSON.stringify(fault)} ${answer.text}`);
  };
  return {
    house,
    app,
    expectDescribed,
    async send(method, path, bearer, { body, raw, headers = {} } = {}) {
      const sending = request(app)[method](`${at}${path}`).set(headers);
      if (bearer !== undefined) void sending.set('Authorization', `Bearer ${bearer}`);
      if (raw !== undefined && headers['Content-Type'] === undefined)
        void sending.set('Content-Type', 'application/json');
      if (Buffer.isBuffer(raw)) sending.serialize((bytes) => bytes as unknown as string);
      const answer = await sending.send(raw ?? (body as object | undefined));
      expectDescribed(method, path, answer);
      return answer;
    },
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
    close,
  };
}

interface OpenApi {
  paths: Record<string, Record<string, { responses: object }>>;
  components: { schemas: object };
}

/**
 * Finds what is said of an operation's answer with a status; compiling a schema costs more than a request, so that of
 * each answer that is met is compiled once.
 */
function operationsOf({ paths, components }: OpenApi) {
  const validators = new Map<string, OpenAPIResponseValidator>();
  const templates = Object.keys(paths).map((template) => ({
    template,
    pattern: new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`),
  }));
  return (method: Method, path: string, status: number): OpenAPIResponseValidator | undefined => {
    const template = templates.find(({ pattern }) => pattern.test(path))?.template ?? '';
    const responses = paths[template]?.[method]?.responses;
    if (responses === undefined) return undefined;
    const name = `${method} ${template} ${status}`;
    const own = Object.fromEntries(Object.entries(responses).filter(([one]) => one === String(status)));
    if (Object.keys(own).length === 0) throw new Error(`${name} is not described`);
    const validator =
      validators.get(name) ?? new OpenAPIResponseValidator({ responses: own, components } as never);
    validators.set(name, validator);
    return validator;
  };
}
