import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import request from 'supertest';
import { readConfig } from '../../src/config';
import { serverContext } from '../../src/house';
import { callerWith, type Caller } from '../fhir-face/clients';
import { Endpoint, until } from '../notify/endpoint';
import { testHouse, type TestHouse } from '../support/house';
import { Collector, type ReceivedSpan } from './collector';

const CALLER = { trace: 'af7651916cd43dd8448eb211c80319c1', span: 'b7ad6b7169203331' };
const TRACEPARENT = `00-${CALLER.trace}-${CALLER.span}-01`;

/** What must be in no span, in any letter case. */
const PLANTED = ['Quillfeather', 'Xanthippe', 'AZ909808707', '1931-02-27', 'zq-patient-77', 'moonflower'];

let collector: Collector;
let endpoint: Endpoint;
let test: TestHouse;
let key: string;
let fhir: Caller;

beforeAll(async () => {
  process.env['OTEL_BSP_SCHEDULE_DELAY'] = '50';
  process.env['OTEL_RESOURCE_ATTRIBUTES'] = 'deployment.environment.name=trial';
  collector = await new Collector().open();
  endpoint = await new Endpoint().open();
  test = await testHouse({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8',
  });
  const { practices, keys } = test.house.identity;
  const sender = await practices.create('Sender Practice');
  const receiver = await practices.create('Receiver Practice');
  ({ apiKey: key } = await keys.create({
    practice: sender.id,
    plan: 'Enterprise',
    scopes: ['referrals:read', 'referrals:write', 'providers:read'],
  }));
  await test.house.notify.webhooks.create(
    receiver.id,
    `${endpoint.url}?to=moonflower`,
    ['referral.created'],
    serverContext(),
  );
  fhir = await callerWith(test, 'system/*.cruds');
});

afterAll(async () => {
  await test.close();
  collector.close();
  endpoint.close();
  delete process.env['OTEL_BSP_SCHEDULE_DELAY'];
  delete process.env['OTEL_RESOURCE_ATTRIBUTES'];
});

const REFERRAL = {
  client_first: 'Xanthippe',
  client_last: 'Quillfeather',
  client_dob: '1931-02-27',
  client_ahcccs_id: 'AZ909808707',
  sent_to_practice: 'Receiver Practice',
  service_needed: 'IOP - Substance Use',
  level_of_care: 'IOP',
  clinical_justification: 'Speaks of a moonflower.',
};

/** The span of that name, once it has arrived. */
async function arrived(name: string, fits: (span: ReceivedSpan) => boolean = () => true) {
  await until(() => collector.named(name).some(fits));
  const span = collector.named(name).find(fits);
  if (span === undefined) throw new Error(`No span ${name}.`);
  return span;
}

describe('traces', () => {
  it('follow a request through its commit to the webhook that it causes', async () => {
    const made = await request(test.app)
      .post('/api/v1/referrals')
      .set({ Authorization: `Bearer ${key}`, traceparent: TRACEPARENT, tracestate: 'vendor=moonflower' })
      .send(REFERRAL)
      .expect(201);
    const server = await arrived('POST /api/v1/referrals');
    expect(server).toMatchObject({ traceId: CALLER.trace, parentSpanId: CALLER.span, kind: 2 });
    expect(server.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/api/v1/referrals',
      'http.response.status_code': 201,
      'crosswalk.face': 'handoffrx',
      'crosswalk.interaction': 'create',
      'crosswalk.request_id': made.headers['x-request-id'],
    });

    const inTrace = () => collector.spans.filter(({ traceId }) => traceId === CALLER.trace);
    const commit = await arrived('store.commit', ({ traceId }) => traceId === CALLER.trace);
    expect(commit.attributes).toMatchObject({ 'crosswalk.changes': expect.any(Number) });
    expect(ancestors(commit, inTrace())).toContain(server.spanId);

    const delivery = await arrived('POST webhook');
    expect(delivery).toMatchObject({ traceId: CALLER.trace, parentSpanId: server.spanId, kind: 3 });
    expect(delivery.attributes).toMatchObject({ 'http.response.status_code': 200 });
    expect(endpoint.received[0]?.headers['traceparent']).toBe(`00-${CALLER.trace}-${delivery.spanId}-01`);
    expect(endpoint.received[0]?.headers['tracestate']).toBeUndefined();
    expect(collector.paths[0]).toBe('POST /v1/traces application/json');
    expect(collector.resource).toMatchObject({
      'service.name': 'crosswalk',
      'deployment.environment.name': 'trial',
    });
  });

  it('name FHIR requests by type and template, with their searches below', async () => {
    const patient = {
      resourceType: 'Patient',
      id: 'zq-patient-77',
      name: [{ family: 'Quillfeather', given: ['Xanthippe'] }],
      birthDate: '1931-02-27',
    };
    expect((await fhir.send('put', 'Patient/zq-patient-77', patient)).status).toBe(201);
    await fhir.get('Patient?family=Quillfeather&birthdate=1931-02-27').expect(200);
    await fhir.get('Patient/zq-patient-77/_history/1').expect(200);
    await fhir.get('Patient/zq-patient-77/$everything').expect(200);
    await arrived('PUT /fhir/R4/Patient/:id');
    await arrived('GET /fhir/R4/Patient/:id/_history/:version');
    await arrived('GET /fhir/R4/Patient/:id/$everything');
    const search = await arrived('GET /fhir/R4/Patient');
    const step = await arrived('store.search', ({ parentSpanId }) => parentSpanId === search.spanId);
    expect(step).toMatchObject({ traceId: search.traceId, kind: 1 });
    expect(step.attributes).toEqual({
      'fhir.resource_types': ['Patient'],
      'crosswalk.matches': 2,
      'crosswalk.included': 0,
    });
    expect(search.parentSpanId).toBeUndefined();
    const recorded = await arrived('audit.record', ({ parentSpanId }) => parentSpanId === search.spanId);
    expect(recorded.traceId).toBe(search.traceId);
  });

  it('tell refusals and failures by status, and hold nothing of a patient', async () => {
    const { body } = await request(test.app)
      .post('/api/v1/referrals')
      .set('Authorization', `Bearer ${key}`)
      .send({ ...REFERRAL, Quillfeather: 1, risk_level: 'moonflower' });
    expect(body).toMatchObject({ error: expect.anything() });
    await request(test.app).get('/api/v1/Quillfeather?name=Xanthippe').expect(404);
    await request(test.app).get('/v1/patients/Quillfeather?search=Xanthippe').expect(401);
    await request(test.app).get('/fhir/R4/Quillfeather/zq-patient-77').expect(401);
    await fhir.get('Patient?Quillfeather=Xanthippe').expect(400);
    await fhir.send('put', 'Patient/zq-patient-77', { resourceType: 'Patient', Quillfeather: 1 }).expect(400);
    await request(test.app).get('/portal/Quillfeather').expect(404);
    const { search } = test.house.store;
    test.house.store.search = () => Promise.reject(new Error('Quillfeather broke it'));
    const failed = await request(test.app)
      .get('/api/v1/referrals?status=pending')
      .set('Authorization', `Bearer ${key}`);
    test.house.store.search = search;
    expect(failed.status).toBe(500);

    const span = await arrived(
      'GET /api/v1/referrals',
      ({ attributes }) => attributes['http.response.status_code'] === 500,
    );
    expect(span).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': '500' } });
    await arrived('GET /api/v1/*', ({ attributes }) => attributes['http.response.status_code'] === 404);
    const refused = await arrived('POST /api/v1/referrals', (each) => each.traceId !== CALLER.trace);
    expect(refused).toMatchObject({ status: { code: 0 } });
    const sent = collector.bodies.join('\n').toLowerCase();
    expect(PLANTED.filter((planted) => sent.includes(planted.toLowerCase()))).toEqual([]);
  });

  it('link a call of several causes to each, and give it a trace of its own', async () => {
    const causes = ['1', '2', '2'].map((digit) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`);
    await test.house.tracing?.outgoing('POST several', causes, () => Promise.resolve());
    const span = await arrived('POST several');
    expect(span.links.map(({ traceId }) => traceId)).toEqual(['1'.repeat(32), '2'.repeat(32)]);
    expect(span.parentSpanId).toBeUndefined();
    expect(causes.join()).not.toContain(span.traceId);
  });

  it('take no traceparent that cannot be read', async () => {
    const before = collector.named('GET /api/v1/providers').length;
    await request(test.app)
      .get('/api/v1/providers')
      .set({ Authorization: `Bearer ${key}`, traceparent: '00-Quillfeather-1-01' })
      .expect(200);
    await until(() => collector.named('GET /api/v1/providers').length > before);
    expect(collector.named('GET /api/v1/providers')[0]?.parentSpanId).toBeUndefined();
  });
});

function ancestors(span: ReceivedSpan, all: readonly ReceivedSpan[]): string[] {
  const parent = all.find(({ spanId }) => spanId === span.parentSpanId);
  return parent === undefined ? [] : [parent.spanId, ...ancestors(parent, all)];
}

describe('a collector that fails', () => {
  it.each(['hang', 'refuse'] as const)('harms no request and no shutdown: %s', async (behaviour) => {
    process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] = '600000';
    const broken = await new Collector(behaviour).open();
    const other = await testHouse({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${broken.url}/own/path` });
    await request(other.app).get('/fhir/R4/metadata').expect(200);
    await until(() => broken.bodies.length > 0);
    await request(other.app).get('/fhir/R4/metadata').expect(200);
    await other.close();
    broken.recover();
    expect(broken.paths[0]).toContain('POST /own/path');
    await new Promise((done) => setTimeout(done, 50));
    broken.close();
    delete process.env['OTEL_EXPORTER_OTLP_TIMEOUT'];
  });
});

describe('the variables', () => {
  const traces = (environment: Record<string, string>) => readConfig(environment).traces;
  const base = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' };

  it('follow the specification', () => {
    expect(traces({})).toBeUndefined();
    expect(traces(base)).toEqual({ url: 'http://collector:4318/v1/traces', protocol: 'http/json' });
    expect(traces({ ...base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://own/x' })?.url).toBe(
      'https://own/x',
    );
    expect(traces({ ...base, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' })?.protocol).toBe('http/protobuf');
    expect(traces({ ...base, OTEL_SDK_DISABLED: 'true' })).toBeUndefined();
    expect(traces({ ...base, OTEL_TRACES_EXPORTER: 'none' })).toBeUndefined();
    for (const [name, value] of [
      ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
      ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'nowhere'],
      ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
      ['OTEL_SDK_DISABLED', 'perhaps'],
    ] as const)
      expect(() => traces({ ...base, [name]: value })).toThrow(name);
  });

  it('load nothing where nobody traces', () => {
    const script = `require(${JSON.stringify(resolve(__dirname, '../../dist/app.js'))});
      console.log(Object.keys(require.cache).filter((file) => file.includes('@opentelemetry')).length);`;
    expect(spawnSync(process.execPath, ['-e', script]).stdout.toString().trim()).toBe('0');
  });
});
