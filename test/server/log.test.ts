import request, { type Response, type Test } from 'supertest';
import { serverContext } from '../../src/house';
import { createLogger } from '../../src/log';
import { callerWith, type Caller } from '../fhir-face/clients';
import { Endpoint, until } from '../notify/endpoint';
import { testHouse, type TestHouse } from '../support/house';

/** Nothing of a patient is in a log line, a metric or anything else that the process prints, whatever is asked and fails. */
const FAMILY = 'Quillfeather';
const GIVEN = 'Xanthippe';
const BORN = '1931-02-27';
const MEMBER = 'AZ909808707';
const NOTE = 'moonflower';
const ID = 'zq-patient-77';
const EMAIL = 'xanthippe.q@quillfeather.example';
const PLANTED = [FAMILY, GIVEN, BORN, MEMBER, NOTE, ID, EMAIL, '5550199123', 'hunter2hunter2'];

let test: TestHouse;
let endpoint: Endpoint;
const logged: string[] = [];
const printed: string[] = [];
/** `face status` of every answer. */
const seen = new Set<string>();
let bearer: Record<'handoffrx' | 'dermifi', string>;
let fhir: Caller;

beforeAll(async () => {
  for (const stream of [process.stdout, process.stderr])
    jest.spyOn(stream, 'write').mockImplementation((chunk) => printed.push(String(chunk)) > 0);
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
    jest.spyOn(console, method).mockImplementation((...told: unknown[]) => void printed.push(told.join(' ')));
  endpoint = await new Endpoint(() => ({ status: 500, body: `${GIVEN} ${FAMILY} is unknown here` })).open();
  const log = createLogger('debug', { write: (line) => void logged.push(line) });
  test = await testHouse({ WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8' }, log);
  const { practices, keys, users, sessions } = test.house.identity;
  const practice = await practices.create('Sonora');
  const clinic = await practices.create('Bay Area Dermatology');
  const scopes = ['referrals:read', 'referrals:write', 'providers:read'];
  const { apiKey } = await keys.create({ practice: practice.id, plan: 'Enterprise', scopes });
  const user = await users.create({
    email: EMAIL,
    name: 'A Provider',
    role: 'provider',
    practice: clinic.id,
  });
  const { accessToken } = await sessions.login({ ...user, address: '127.0.0.1' });
  bearer = { handoffrx: apiKey, dermifi: accessToken };
  fhir = await callerWith(test, 'system/*.cruds');
  await test.house.notify.webhooks.create(
    practice.id,
    `${endpoint.url}/${FAMILY}?patient=${ID}`,
    ['referral.created'],
    serverContext(),
  );
});

afterAll(async () => {
  await test.close();
  endpoint.close();
  jest.restoreAllMocks();
});

async function answered(face: string, asked: Test): Promise<Response> {
  const answer = await asked;
  seen.add(`${face} ${answer.status}`);
  return answer;
}

const vendor = (
  face: 'handoffrx' | 'dermifi',
  method: 'get' | 'post' | 'patch' | 'put' | 'delete',
  path: string,
) => {
  const at = face === 'handoffrx' ? '/api/v1' : '/v1';
  return request(test.app)[method](`${at}${path}`).set('Authorization', `Bearer ${bearer[face]}`);
};
const idOf = ({ body }: Response): string => (body as { id: string }).id;

const REFERRAL = {
  client_first: GIVEN,
  client_last: FAMILY,
  client_dob: BORN,
  client_ahcccs_id: MEMBER,
  sent_to_practice: 'Sonora',
  service_needed: 'IOP - Substance Use',
  level_of_care: 'IOP',
  clinical_justification: `Speaks of a ${NOTE}.`,
};

async function useHandoffRx(): Promise<void> {
  const call = (...[method, path, body]: [Parameters<typeof vendor>[1], string, (object | string)?]) =>
    answered('handoffrx', vendor('handoffrx', method, path).type('json').send(body));
  const id = idOf(await call('post', '/referrals', REFERRAL));
  await call('get', `/referrals/${id}`);
  await call('get', `/referrals?status=${FAMILY}`);
  await call('get', `/referrals/${ID}`);
  await call('get', `/${FAMILY}/${ID}?q=${NOTE}`);
  await call('post', '/referrals', { ...REFERRAL, client_dob: NOTE, [FAMILY]: GIVEN });
  await call('post', '/referrals', `{"client_first":"${GIVEN}",`);
  await call('patch', `/referrals/${id}`, { status: 'accepted', outcome_notes: `${GIVEN} ${NOTE}` });
  await call('patch', `/referrals/${id}`, { status: 'declined', outcome_notes: NOTE });
  await call('post', '/match', { level_of_care: 'IOP', client_insurance: FAMILY });
  await answered(
    'handoffrx',
    request(test.app).get(`/api/v1/referrals/${ID}`).set('Authorization', `Bearer ${FAMILY}`),
  );
}

const PATIENT = {
  firstName: GIVEN,
  lastName: FAMILY,
  dateOfBirth: BORN,
  email: EMAIL,
  phone: '555-019-9123',
  consentToTreat: true,
  hipaaConsent: true,
};

async function useDermifi(): Promise<void> {
  const call = (...[method, path, body]: [Parameters<typeof vendor>[1], string, (object | string)?]) =>
    answered('dermifi', vendor('dermifi', method, path).type('json').send(body));
  const login = (body: object) => answered('dermifi', request(test.app).post('/v1/auth/login').send(body));
  await login({ email: EMAIL, password: 'hunter2hunter2' });
  await login({ email: EMAIL, password: 1, [FAMILY]: GIVEN });
  const id = idOf(await call('post', '/patients', PATIENT));
  await call('post', '/patients', PATIENT);
  await call('get', `/patients?search=${FAMILY}`);
  await call('get', `/patients?status=${FAMILY}`);
  await call('get', `/patients/${ID}?include=${NOTE}`);
  await call('get', `/patients/${id}?include=${NOTE}`);
  await call('put', `/patients/${id}`, { lastName: 7, [FAMILY]: GIVEN });
  await call('post', `/patients/${id}/notes`, { type: 'progress', content: `${GIVEN} saw a ${NOTE}` });
  await call('post', `/patients/${id}/notes`, { type: NOTE, content: '' });
  await call('post', `/patients/${id}/notes`, `{"content":"${NOTE}"`);
  const photo = vendor('dermifi', 'post', `/patients/${id}/photos`).field('description', NOTE);
  await answered('dermifi', photo.attach('photo', Buffer.from(FAMILY), `${FAMILY}.jpg`));
  await call('get', `/patients/${id}/history?startDate=${NOTE}`);
  await answered('dermifi', request(test.app).get(`/v1/photos/${ID}?expires=1&signature=${NOTE}`));
}

async function useFhir(): Promise<void> {
  const patient = {
    resourceType: 'Patient',
    id: ID,
    identifier: [{ system: 'urn:member', value: MEMBER }],
    name: [{ family: FAMILY, given: [GIVEN] }],
    birthDate: BORN,
  };
  const call = (asked: Test) => answered('fhir', asked);
  await call(fhir.send('put', `Patient/${ID}`, patient));
  await call(fhir.get(`Patient/${ID}/$everything`));
  await call(fhir.get(`Patient?family=${FAMILY}&identifier=urn:member|${MEMBER}&birthdate=${BORN}`));
  await call(fhir.get(`Patient?${FAMILY}=${NOTE}`));
  await call(fhir.get(`Patient?birthdate=${NOTE}`));
  await call(fhir.get(`Patient/${ID}-no`));
  await call(fhir.get(`${FAMILY}/${ID}`));
  await call(fhir.send('put', `Patient/${ID}`, patient).set('If-Match', 'W/"7"'));
  await call(fhir.send('put', `Patient/${ID}`, { ...patient, birthDate: NOTE }));
  await call(fhir.send('put', `Patient/${ID}`, { ...patient, [FAMILY]: NOTE }));
  await call(fhir.send('post', 'Patient', { ...patient, contact: [{ gender: 'male' }] }));
  await call(fhir.send('post', 'Patient', [FAMILY], `application/${FAMILY}`));
  await call(
    fhir.send(
      'patch',
      `Patient/${ID}`,
      [{ op: 'test', path: '/birthDate', value: NOTE }],
      'application/json-patch+json',
    ),
  );
  const xml = request(test.app).post('/fhir/R4/Patient').set('Content-Type', 'application/fhir+xml');
  await call(xml.send(`<Patient><name value="${FAMILY}"`));
  const request1 = { method: 'PUT', url: `Patient/${ID}` };
  for (const type of ['batch', 'transaction'])
    await call(
      fhir.send('post', '', {
        resourceType: 'Bundle',
        type,
        entry: [
          { resource: { ...patient, gender: NOTE }, request: request1 },
          { request: { method: 'GET', url: `Patient?family=${FAMILY}&${NOTE}=1` } },
        ],
      }),
    );
  await call(fhir.delete(`Patient/${ID}`));
  await call(fhir.get(`Patient/${ID}`));
}

async function useOthers(): Promise<void> {
  const call = (asked: Test) => answered('others', asked);
  await call(request(test.app).post('/portal/session').send({ email: EMAIL, password: 'hunter2hunter2' }));
  await call(
    request(test.app)
      .post('/portal/session')
      .send({ email: FAMILY, [NOTE]: GIVEN }),
  );
  await call(request(test.app).get(`/records/Patient/${ID}?family=${FAMILY}`));
  await call(
    request(test.app).post('/oauth2/token').type('form').auth(FAMILY, NOTE).send({ grant_type: NOTE }),
  );
  await call(request(test.app).get(`/audit/export?patient=${ID}`));
  await call(request(test.app).get(`/${FAMILY}%zz?${NOTE}`));
}

/** Failures of ours, whose messages repeat data as those of drivers do, also in lines that look like a stack's. */
async function failOnAllFaces(): Promise<void> {
  const { store } = test.house;
  const { search, read, commit } = store;
  const broken = () => {
    const cause = new Error(`E11000 duplicate key { family: "${FAMILY}" }\n    at ${GIVEN} (${ID}.ts:1:2)`);
    const failure = new Error(`While ${NOTE}`, { cause });
    failure.stack = `Error: While ${NOTE}\n    at ${GIVEN} the ${NOTE}`;
    return Promise.reject(failure);
  };
  Object.assign(store, { search: broken, read: broken, commit: broken });
  await answered('handoffrx', vendor('handoffrx', 'get', '/referrals'));
  await answered('handoffrx', vendor('handoffrx', 'get', `/referrals/${ID}`));
  await answered('dermifi', vendor('dermifi', 'get', `/patients?search=${FAMILY}`));
  await answered('fhir', fhir.get(`Patient?family=${FAMILY}`));
  await answered(
    'fhir',
    fhir.send('post', 'Patient', { resourceType: 'Patient', name: [{ family: FAMILY }] }),
  );
  Object.assign(store, { search, read, commit });
}

it('holds nothing of a patient, through all faces and all their refusals and failures', async () => {
  await useHandoffRx();
  await useDermifi();
  await useFhir();
  await useOthers();
  await until(() => endpoint.calls.length > 0);
  await failOnAllFaces();
  const metrics = await request(test.app).get('/metrics').expect(200);

  // The flows were those that they are meant to be.
  for (const face of ['handoffrx', 'dermifi', 'fhir'])
    expect([...seen].filter((each) => each === `${face} 500` || each === `${face} 404`)).toHaveLength(2);
  expect([...seen]).toEqual(
    expect.arrayContaining(
      [
        'handoffrx 201',
        'handoffrx 200',
        'handoffrx 422',
        'handoffrx 401',
        'dermifi 201',
        'dermifi 200',
      ].concat(
        ['dermifi 400', 'dermifi 401', 'dermifi 409', 'dermifi 422', 'fhir 201', 'fhir 200', 'fhir 400'],
        ['fhir 410', 'fhir 412', 'fhir 415', 'fhir 422', 'others 200', 'others 401', 'others 422'],
      ),
    ),
  );
  const lines = logged.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.length).toBeGreaterThan(40);
  expect(lines.filter(({ status, stack }) => status === 500 && stack !== undefined).length).toBeGreaterThan(
    3,
  );
  for (const route of ['get /patients/:id', 'patch /referrals/:id', 'all /{*path}'])
    expect(lines.map((line) => line['route'])).toContain(route);
  expect(metrics.text).toContain('crosswalk_http_request_seconds');

  const told = [...logged, ...printed, metrics.text].join('\n').toLowerCase();
  expect(PLANTED.filter((planted) => told.includes(planted.toLowerCase()))).toEqual([]);
});
