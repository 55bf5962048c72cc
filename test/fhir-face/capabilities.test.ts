import type {
  Bundle,
  BundleEntry,
  CapabilityStatement,
  CapabilityStatementRestResource,
} from '@medplum/fhirtypes';
import request from 'supertest';
import { validateResource } from '../../src/fhir';
import { testHouse, type TestHouse } from '../support/house';
import { base, json } from './clients';

/** The CapabilityStatement says what is so: nothing declared fails, and nothing undeclared works. */
let test: TestHouse;
/** `EVERY_TYPE=on` for the long run; else the searches of every fourth type, and of these. */
const EVERY_TYPE = process.env['EVERY_TYPE'] === 'on';
const MUCH_USED: ReadonlySet<string> = new Set([
  ...['Patient', 'Practitioner', 'ServiceRequest', 'Task', 'MedicationRequest', 'Observation', 'Condition'],
  ...['Encounter', 'Appointment', 'AuditEvent', 'Subscription', 'HealthcareService', 'Organization'],
]);
let resources: CapabilityStatementRestResource[];
let statement: CapabilityStatement;

beforeAll(async () => {
  test = await testHouse({ FHIR_AUTH: 'off' });
  statement = (await request(test.app).get(`${base}/metadata`)).body as CapabilityStatement;
  resources = statement.rest?.[0]?.resource ?? [];
});
afterAll(() => test.close());

const VALUES: Record<string, string> = {
  date: '2020',
  number: '1',
  quantity: '1',
  reference: '1',
  token: 'x',
  string: 'x',
  uri: 'urn:x',
};

/** Runs many requests as one batch; `METHOD url` with what came of it. */
async function all(
  requests: readonly { method: string; url: string }[],
): Promise<{ asked: string; status: string; told: string }[]> {
  const entry = requests.map((each) => ({ request: each }) as BundleEntry);
  const answer = await request(test.app)
    .post(base)
    .set('Content-Type', json)
    .send(JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }));
  return ((answer.body as Bundle).entry ?? []).map(({ response }, i) => ({
    asked: `${requests[i]?.method} ${requests[i]?.url}`,
    status: response?.status ?? '',
    told: JSON.stringify(response?.outcome ?? ''),
  }));
}

it('the statement is itself valid', () => {
  const wrong = validateResource(statement).filter(({ severity }) => severity === 'error');
  expect(wrong).toEqual([]);
});

describe('what is declared', () => {
  it('is every storable type with its search parameters and includes, and all of them answer', async () => {
    expect(resources).toHaveLength(144);
    const looked = resources.filter(({ type = '' }, i) => EVERY_TYPE || MUCH_USED.has(type) || i % 4 === 0);
    for (const { type = '', searchParam = [], searchInclude = [], searchRevInclude = [] } of looked) {
      const searches = searchParam
        .filter(({ type: kind, name }) => VALUES[kind ?? ''] !== undefined && name !== '_id')
        .map(({ name, type: kind }) => ({
          method: 'GET',
          url: `${type}?${name}=${VALUES[kind ?? '']}&_summary=count`,
        }));
      const joined = [
        ...searchInclude.map((each) => `_include=${each}`),
        ...searchRevInclude.map((each) => `_revinclude=${each}`),
      ];
      const answers = await all([...searches, { method: 'GET', url: `${type}?_id=x&${joined.join('&')}` }]);
      expect(answers.filter(({ status }) => status !== '200')).toEqual([]);
    }
  }, 120_000);

  it('is every interaction: each leads to its handler, and the others to 405', async () => {
    const METHODS: Record<string, { method: string; path: (type: string) => string }> = {
      'search-type': { method: 'GET', path: (type) => `${type}?_count=1` },
      'history-type': { method: 'GET', path: (type) => `${type}/_history?_count=1` },
      'history-instance': { method: 'GET', path: (type) => `${type}/none/_history` },
      read: { method: 'GET', path: (type) => `${type}/none` },
      vread: { method: 'GET', path: (type) => `${type}/none/_history/1` },
      create: { method: 'POST', path: (type) => type },
      update: { method: 'PUT', path: (type) => `${type}/none` },
      patch: { method: 'PATCH', path: (type) => `${type}/none` },
      delete: { method: 'DELETE', path: (type) => `${type}/none` },
    };
    for (const { type = '', interaction = [] } of resources) {
      const declared = new Set<string>(interaction.map(({ code }) => code ?? ''));
      const asked = Object.entries(METHODS).map(([code, { method, path }]) => ({
        code,
        method,
        url: path(type),
      }));
      const answers = await all(asked.map(({ method, url }) => ({ method, url })));
      // What has no body is refused as malformed, what is not there is 404 by its own handler's words.
      const routed = answers.map(
        ({ status, told }) => status !== '405' && !told.includes('nothing at this path'),
      );
      expect([type, asked.filter((_, i) => routed[i] === true).map(({ code }) => code)]).toEqual([
        type,
        Object.keys(METHODS).filter((code) => declared.has(code)),
      ]);
    }
  }, 120_000);

  it('is every operation, at the types it is declared for and at no others', async () => {
    const names = new Set(resources.flatMap(({ operation = [] }) => operation.map(({ name }) => name ?? '')));
    for (const { type = '', operation = [] } of resources
      .filter((_, i) => i % 6 === 0)
      .concat(
        resources.filter(({ type }) =>
          [
            'Patient',
            'Encounter',
            'ValueSet',
            'CodeSystem',
            'AuditEvent',
            'HealthcareService',
            'SearchParameter',
            'Subscription',
          ].includes(type ?? ''),
        ),
      )) {
      const declared = new Set(operation.map(({ name }) => name));
      const answers = await all(
        [...names].flatMap((name) =>
          [`${type}/$${name}`, `${type}/none/$${name}`].map((url) => ({ method: 'POST', url })),
        ),
      );
      for (const name of names) {
        const own = answers.filter(({ asked }) => asked.endsWith(`$${name}`));
        const exists = own.some(({ told }) => !told.includes('no such operation'));
        expect([type, name, exists]).toEqual([type, name, declared.has(name)]);
      }
    }
  }, 120_000);
});

describe('what is not declared', () => {
  it('is refused: parameters of other types, types that nobody stores, methods and paths of no interaction', async () => {
    const every = [
      ...new Set(resources.flatMap(({ searchParam = [] }) => searchParam.map(({ name }) => name ?? ''))),
    ];
    for (const [i, { type = '', searchParam = [] }] of resources.entries()) {
      const own = new Set(searchParam.map(({ name }) => name));
      const foreign = every.filter((name) => !own.has(name)).filter((_, j) => j % 97 === i % 97);
      const answers = await all(foreign.map((name) => ({ method: 'GET', url: `${type}?${name}=x` })));
      expect(answers.filter(({ status, told }) => status !== '400' || !told.includes('http.'))).toEqual([]);
    }
    const agent = request(test.app);
    for (const path of [
      'Parameters',
      'OperationOutcome',
      'Nonsense',
      'Patient/1/nonsense',
      'Patient/1/_history/1/more',
    ]) {
      expect([path, (await agent.get(`${base}/${path}`)).status]).toEqual([path, 404]);
    }
    for (const [method, path] of [
      ['put', ''],
      ['delete', ''],
      ['patch', ''],
      ['post', 'Patient/1'],
      ['put', 'metadata'],
      ['delete', 'Patient/1/_history'],
    ] as const) {
      expect([method, path, (await agent[method](`${base}/${path}`)).status]).toEqual([method, path, 405]);
    }
  }, 120_000);
});
