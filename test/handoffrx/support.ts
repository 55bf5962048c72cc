import OpenAPIResponseValidator from 'openapi-response-validator';
import type { Resource } from '@medplum/fhirtypes';
import request, { type Response } from 'supertest';
import { serverContext } from '../../src/house';
import { EVERYTHING, type Change, type StoredVersion } from '../../src/store';
import { testHouse, type TestHouse } from '../support/house';

/** The body of the document's curl example. */
export const DOCUMENTED = {
  client_first: 'Maria',
  client_last: 'Hernandez',
  client_dob: '1985-03-15',
  client_ahcccs_id: 'AZ123456789',
  client_insurance: 'AHCCCS',
  sent_to_practice: 'Sonora Behavioral Health',
  service_needed: 'IOP - Substance Use',
  level_of_care: 'IOP',
  diagnosis: 'F10.20',
  risk_level: 'medium',
  is_urgent: false,
  clinical_justification:
    'Client meets ASAM criteria for IOP level of care. Motivated for treatment, stable housing, support system in place.',
};

export interface CallOptions {
  key?: string;
  body?: unknown;
  /** The body as it goes out, instead of JSON of `body`. */
  raw?: string;
  headers?: Record<string, string>;
}

type Method = 'get' | 'post' | 'patch' | 'put' | 'delete';

/** The HandoffRx API of a test house. Every answer that it gives is held to its own OpenAPI document. */
export interface Api {
  house: TestHouse['house'];
  app: TestHouse['app'];
  /** Makes a practice with a key. */
  practice(
    name: string,
    options?: { scopes?: string[]; plan?: string },
  ): Promise<{ id: string; key: string }>;
  call(method: Method, path: string, options?: CallOptions): Promise<Response>;
  /** What lies in the record. */
  stored<T extends Resource>(type: T['resourceType'], id: string): Promise<StoredVersion<T>>;
  /** Writes as an EHR of the whole deployment would. */
  write(...changes: Change[]): Promise<void>;
  close(): Promise<void>;
}

export const ALL_SCOPES = ['referrals:read', 'referrals:write', 'providers:read'];

export async function openApi(): Promise<Api> {
  const opened = await testHouse();
  const { house, app } = opened;
  const document = (await request(app).get('/api/v1/openapi.json')).body as OpenApi;
  return {
    house,
    app,
    async practice(name, { scopes = ALL_SCOPES, plan = 'Enterprise' } = {}) {
      const { id } = await house.identity.practices.create(name);
      const { apiKey } = await house.identity.keys.create({ practice: id, plan, scopes });
      return { id, key: apiKey };
    },
    async call(method, path, { key, body, raw, headers = {} } = {}) {
      const sending = request(app)[method](`/api/v1${path}`).set(headers);
      if (key !== undefined) void sending.set('Authorization', `Bearer ${key}`);
      if (raw !== undefined && headers['Content-Type'] === undefined)
        void sending.set('Content-Type', 'application/json');
      const answer = await sending.send(raw ?? (body as object | undefined));
      expectDescribed(document, method, path, answer);
      return answer;
    },
    async stored(type, id) {
      const version = await house.store.read<never>(EVERYTHING, type, id);
      if (version === undefined) throw new Error(`${type}/${id} is not stored`);
      return version;
    },
    async write(...changes) {
      await house.store.commit(changes, serverContext());
    },
    close: () => opened.close(),
  };
}

interface OpenApi {
  paths: Record<string, Record<string, { responses: object }>>;
  components: { schemas: object };
}

/** Compiling the document's schemas costs more than a request. */
const validators = new Map<string, OpenAPIResponseValidator>();

/** Fails unless the OpenAPI document describes this answer; paths that it does not have answer 404 in the same form. */
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
  if (operation === undefined) {
    expect({ status: answer.status, keys: Object.keys(answer.body as object) }).toEqual({
      status: 404,
      keys: ['error'],
    });
    return;
  }
  const name = `${method} ${template ?? ''}`;
  const validator =
    validators.get(name) ??
    new OpenAPIResponseValidator({ responses: operation.responses, components } as never);
  validators.set(name, validator);
  const fault: unknown = validator.validateResponse(answer.status, answer.body);
  if (fault !== undefined)
    throw new Error(`${method} ${plain} ${answer.status} is not as described: ${JSON.stringify(fault)}`);
}
