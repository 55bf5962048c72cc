import type { AuditEvent } from '@medplum/fhirtypes';
import request, { type Response } from 'supertest';
import { validateResource } from '../../src/fhir';
import { callerWith } from '../fhir-face/clients';
import { DOCUMENTED } from '../handoffrx/support';
import { testHouse, type TestHouse } from '../support/house';

/** What every face leaves in the log, end to end. decisions.md, "Audit", "Events" */
describe('the events of all faces', () => {
  let test: TestHouse;
  let sender: string;
  let reader: string;
  let staff: string;
  beforeAll(async () => {
    test = await testHouse();
    const { practices, keys, users, sessions } = test.house.identity;
    const practice = (await practices.create('Camelback Family Medicine')).id;
    const keyFor = async (scopes: string[]): Promise<string> =>
      (await keys.create({ practice, plan: 'Enterprise', scopes })).apiKey;
    sender = await keyFor(['referrals:read', 'referrals:write', 'providers:read']);
    reader = await keyFor(['referrals:read']);
    const email = 'staff@dermifi.example';
    const { password } = await users.create({ email, name: 'Sam Rivera', role: 'staff', practice });
    staff = (await sessions.login({ email, password, address: '127.0.0.1' })).accessToken;
  });
  afterAll(() => test.close());

  const send = (
    method: 'get' | 'post' | 'patch' | 'delete',
    path: string,
    bearer?: string,
    body?: object,
  ) => {
    const sending = request(test.app)[method](path);
    if (bearer !== undefined) void sending.set('Authorization', `Bearer ${bearer}`);
    return body === undefined ? sending : sending.send(body);
  };
  const log = async (): Promise<AuditEvent[]> => {
    const { text } = await test.house.audit.exportEvents({ filter: {}, format: 'ndjson' });
    let whole = '';
    for await (const piece of text) whole += piece;
    return whole
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditEvent);
  };
  const ofAnswer = (events: readonly AuditEvent[], { headers }: Response): AuditEvent[] =>
    events.filter(({ entity }) => entity?.[0]?.what?.identifier?.value === headers['x-request-id']);
  const named = ({ entity = [] }: AuditEvent): string[] =>
    entity.flatMap(({ what }) => what?.reference ?? []);

  it('are valid, of a BALP profile, with one request id and an address each', async () => {
    const ehr = await callerWith(test, 'system/*.*');
    const first = await send('post', '/api/v1/referrals', sender, DOCUMENTED);
    const other = { ...DOCUMENTED, client_first: 'Ana', client_ahcccs_id: 'AZ000000001' };
    await send('post', '/api/v1/referrals', sender, other);
    const list = await send('get', '/api/v1/referrals', sender);
    const { id } = first.body as { id: string };
    await send('patch', `/api/v1/referrals/${id}`, sender, { status: 'cancelled' });
    await send('post', '/api/v1/match', sender, { level_of_care: 'IOP' });
    await send('get', '/v1/patients', staff);
    await send('post', '/v1/auth/login', undefined, { email: 'staff@dermifi.example', password: 'no' });
    await ehr.get('Patient?_count=5');
    const patient = (await ehr.send('post', 'Patient', { resourceType: 'Patient', gender: 'female' }))
      .body as { id: string };
    await ehr.get(`Patient/${patient.id}/_history/1`);
    await ehr.get(`Patient/${patient.id}/$everything`);
    await ehr.delete(`Patient/${patient.id}`);
    const get = { resource: undefined, request: { method: 'GET', url: 'Task?status=requested' } };
    await ehr.send('post', '', { resourceType: 'Bundle', type: 'batch', entry: [get] });

    const events = await log();
    for (const event of events) {
      const errors = validateResource(event).filter(({ severity }) => severity === 'error');
      expect({ errors, event }).toEqual({ errors: [], event });
      const anonymous = event.agent.some(({ altId }) => altId === 'anonymous');
      if (!anonymous) expect(event.meta?.profile?.[0]).toContain('IHE.BasicAudit.');
      expect(event.entity?.filter(({ type }) => type?.code === 'XrequestId')).toHaveLength(1);
      expect(event.agent.some(({ network }) => network?.address !== undefined)).toBe(true);
    }
    const listed = ofAnswer(events, list).map((event) => [
      event.meta?.profile?.[0]?.replace(/.*BasicAudit\./, ''),
      named(event).filter((reference) => reference.startsWith('Patient/')).length,
    ]);
    expect(listed).toEqual([
      ['Query', 0],
      ['PatientQuery', 1],
      ['PatientQuery', 1],
    ]);
  }, 120_000);

  it('count failed logins under the account that was tried', async () => {
    await send('post', '/v1/auth/login', undefined, { email: 'guess@dermifi.example', password: 'no' });
    const { counts } = await test.house.audit.report('refusals', {});
    const logins = counts.find(({ heading }) => heading === 'Failed logins by account');
    expect(logins?.values).toContainEqual(['guess@dermifi.example', 1]);
  });

  it.each<[string, () => Promise<Response>, string, string[], boolean]>([
    ['no key', () => send('get', '/api/v1/referrals/r1'), 'R', ['ServiceRequest/r1'], true],
    ['no right', () => send('patch', '/api/v1/referrals/r1', reader, {}), 'U', ['ServiceRequest/r1'], false],
    ['not there', () => send('get', '/api/v1/referrals/r1', reader), 'R', ['ServiceRequest/r1'], false],
    ['no token', () => send('delete', '/v1/patients/pat_p1'), 'D', ['Patient/p1', 'Patient/p1'], true],
    [
      'no right to prescribe',
      () => send('post', '/v1/prescriptions/rx_m1/send', staff, {}),
      'U',
      ['MedicationRequest/m1'],
      false,
    ],
    ['no such thing', () => send('get', '/v1/orders/ord_o1', staff), 'R', ['RequestGroup/o1'], false],
    ['no client for a token', () => send('post', '/oauth2/token', undefined, {}), 'E', [], true],
    ['no token for FHIR', () => send('get', '/fhir/R4/Patient/p1'), 'R', ['Patient/p1', 'Patient/p1'], true],
  ])(
    'tell of a request that failed what it was about: %s',
    async (_why, ask, action, references, anonymous) => {
      const answer = await ask();
      expect(answer.status).toBeGreaterThanOrEqual(400);
      const events = ofAnswer(await log(), answer);
      expect(events.map((event) => [event.action, event.outcome, named(event)])).toEqual([
        [action, '4', references],
      ]);
      expect(events[0]?.agent.some(({ altId }) => altId === 'anonymous')).toBe(anonymous);
      expect(events[0]?.entity?.some(({ query }) => query !== undefined)).toBe(true);
    },
  );
});
