import type { Coverage, Patient, ServiceRequest, Task } from '@medplum/fhirtypes';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Api, DOCUMENTED, openApi } from './support';

let api: Api;
let sender: { id: string; key: string };
let receiver: { id: string; key: string };
let stranger: { id: string; key: string };

beforeAll(async () => {
  api = await openApi();
  sender = await api.practice('Camelback Family Medicine');
  receiver = await api.practice('Sonora Behavioral Health');
  stranger = await api.practice('Prescott Primary Care');
}, 60_000);
afterAll(() => api.close());

type View = Record<string, unknown> & { id: string };
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

let clients = 0;
/** A body for a client that nobody has sent yet. */
const fresh = (more: object = {}): Record<string, unknown> => {
  clients += 1;
  return { ...DOCUMENTED, client_last: `Client${clients}`, client_ahcccs_id: `AZ${clients}`, ...more };
};
const create = async (body: object, key = sender.key): Promise<View> => {
  const { status, body: view } = await api.call('post', '/referrals', { key, body });
  expect({ status, view: view as object }).toMatchObject({ status: 201 });
  return view as View;
};
const patch = (id: string, body: object, key = receiver.key) =>
  api.call('patch', `/referrals/${id}`, { key, body });
const read = async (id: string, key = sender.key): Promise<View> =>
  (await api.call('get', `/referrals/${id}`, { key })).body as View;
const patientOf = async (view: View): Promise<string> => {
  const { resource } = await api.stored<ServiceRequest>('ServiceRequest', view.id);
  return resource.subject?.reference?.replace('Patient/', '') ?? '';
};

describe('the document', () => {
  test('creates, shows, lists and updates as in its examples', async () => {
    const created = await api.call('post', '/referrals', { key: sender.key, body: DOCUMENTED });
    expect(created.status).toBe(201);
    const view = created.body as View;
    expect(view.created_at).toMatch(UTC);
    expect(view.updated_at).toMatch(UTC);
    const nine = {
      id: view.id,
      client_first: 'Maria',
      client_last: 'Hernandez',
      client_insurance: 'AHCCCS',
      sent_to_practice: 'Sonora Behavioral Health',
      service_needed: 'IOP - Substance Use',
      status: 'pending',
      is_urgent: false,
      created_at: view.created_at,
    };
    const all = {
      ...nine,
      client_dob: '1985-03-15',
      client_ahcccs_id: 'AZ123456789',
      level_of_care: 'IOP',
      diagnosis: 'F10.20',
      risk_level: 'medium',
      clinical_justification: DOCUMENTED.clinical_justification,
      outcome_notes: null,
      updated_at: view.updated_at,
    };
    expect(created.text).toBe(JSON.stringify(all));

    for (const key of [sender.key, receiver.key]) {
      const shown = await api.call('get', `/referrals/${view.id}`, { key });
      expect([shown.status, shown.text]).toEqual([200, JSON.stringify(all)]);
      const list = await api.call('get', '/referrals?status=pending&limit=10', { key });
      expect([list.status, list.text]).toEqual([
        200,
        JSON.stringify({ data: [nine], count: 1, limit: 10, offset: 0 }),
      ]);
    }

    const patched = await patch(view.id, {
      status: 'accepted',
      outcome_notes: 'Client scheduled for intake assessment.',
    });
    expect(patched.status).toBe(200);
    const { updated_at } = patched.body as View;
    const accepted = {
      ...all,
      status: 'accepted',
      outcome_notes: 'Client scheduled for intake assessment.',
      updated_at,
    };
    expect(patched.text).toBe(JSON.stringify(accepted));
    expect((await api.call('get', '/referrals?status=pending', { key: sender.key })).body).toMatchObject({
      data: [],
      count: 0,
    });
    expect((await api.call('get', '/referrals?status=accepted', { key: sender.key })).body).toMatchObject({
      count: 1,
    });
  });

  test('creates from the JavaScript example, and shows null for what was not given', async () => {
    const view = await create({
      client_first: 'Maria',
      client_last: 'Hernandez',
      client_insurance: 'AHCCCS',
      sent_to_practice: 'Sonora Behavioral Health',
      service_needed: 'IOP - Substance Use',
      level_of_care: 'IOP',
      clinical_justification: 'Client meets ASAM criteria for IOP. Motivated for treatment.',
    });
    expect(view).toMatchObject({
      client_dob: null,
      client_ahcccs_id: null,
      diagnosis: null,
      risk_level: null,
      is_urgent: false,
    });
  });

  test('stores the FHIR of the golden file', async () => {
    const view = await create({ ...DOCUMENTED, client_ahcccs_id: 'AZ-GOLDEN' });
    const request = await api.stored<ServiceRequest>('ServiceRequest', view.id);
    const ids = {
      referral: view.id,
      patient: await patientOf(view),
      coverage: request.resource.insurance?.[0]?.reference?.replace('Coverage/', '') ?? '',
      sender: sender.id,
      receiver: receiver.id,
      created: request.resource.authoredOn ?? '',
    };
    const stored = [
      request,
      await api.stored<Task>('Task', ids.referral),
      await api.stored<Patient>('Patient', ids.patient),
      await api.stored<Coverage>('Coverage', ids.coverage),
    ].map(({ type, resource }) => {
      const { versionId: _version, lastUpdated: _time, ...meta } = resource.meta ?? {};
      return [type, { ...resource, meta }];
    });
    let golden = readFileSync(join(__dirname, 'golden/referral.json'), 'utf8').replace(
      'AZ123456789',
      'AZ-GOLDEN',
    );
    for (const [name, id] of Object.entries(ids)) golden = golden.replaceAll(`{${name}}`, id);
    expect(Object.fromEntries(stored)).toEqual(JSON.parse(golden));
  });
});

describe('refusals', () => {
  const REQUIRED = [
    'client_first',
    'client_last',
    'sent_to_practice',
    'service_needed',
    'level_of_care',
    'clinical_justification',
  ];

  test('all missing fields at once', async () => {
    const { status, body } = await api.call('post', '/referrals', { key: sender.key, body: {} });
    expect({ status, body: body as object }).toEqual({
      status: 422,
      body: { error: REQUIRED.map((field) => `${field} is required`).join('; ') },
    });
  });

  test.each([
    [{ clinical_justification: '  too short   ' }, /^clinical_justification must be a text of at least 10/],
    [{ clinical_justification: '              ' }, /^clinical_justification must/],
    [{ client_first: ' ' }, /^client_first must be a text/],
    [{ client_first: 7 }, /^client_first must be a text/],
    [{ client_first: 'a\u0000b' }, /^client_first must/],
    [{ client_last: '\ud800' }, /^client_last must/],
    [{ client_dob: '1985-02-30' }, /^client_dob must be a date of birth \(YYYY-MM-DD\)$/],
    [{ client_dob: '2999-01-01' }, /^client_dob must/],
    [{ diagnosis: 'alcohol' }, /^diagnosis must be an ICD-10-CM code/],
    [{ risk_level: 'severe' }, /^risk_level must be one of low, medium, high$/],
    [{ is_urgent: 'yes' }, /^is_urgent must be true or false$/],
    [{ status: 'pending' }, /^unknown field: status$/],
    [{ id: 'x', created_at: 'y' }, /^unknown field: id; unknown field: created_at$/],
    [{ risk_level: 'x', diagnosis: 'y', extra: 1 }, /unknown field: extra.*diagnosis must.*risk_level must/],
  ])('a field that does not fit is named and its value not echoed: %j', async (change, message) => {
    const { status, body } = await api.call('post', '/referrals', { key: sender.key, body: fresh(change) });
    expect({ status, body: body as object }).toEqual({
      status: 422,
      body: { error: expect.stringMatching(message) as string },
    });
    expect(JSON.stringify(body)).not.toMatch(/alcohol|severe|too short|1985|2999/);
  });

  test.each([
    ['{"client_first":', {}],
    ['[]', {}],
    ['null', {}],
    ['', {}],
    [JSON.stringify(DOCUMENTED), { 'Content-Type': 'text/plain' }],
    [JSON.stringify(DOCUMENTED), { 'Content-Type': 'application/x-www-form-urlencoded' }],
  ])('a body that is no JSON object is 422: %s %j', async (raw, headers) => {
    expect((await api.call('post', '/referrals', { key: sender.key, raw, headers })).status).toBe(422);
  });

  test('too large a body is 413', async () => {
    const raw = JSON.stringify({ ...DOCUMENTED, clinical_justification: 'x'.repeat(300_000) });
    expect((await api.call('post', '/referrals', { key: sender.key, raw })).status).toBe(413);
  });

  test.each([
    ['/referrals?limit=0', /limit must be a whole number, at least 1/],
    ['/referrals?limit=-1', /limit/],
    ['/referrals?limit=1.5', /limit/],
    ['/referrals?limit=', /limit/],
    ['/referrals?offset=-1', /offset must be a whole number, at least 0/],
    ['/referrals?status=open', /status must be one of pending, accepted, declined, scheduled, completed/],
    ['/referrals?page=2&sort=x', /unknown query parameter: page; unknown query parameter: sort/],
    ['/referrals?limit=1&limit=2', /limit is given more than once/],
    ['/referrals/nobody?x=1', /unknown query parameter: x/],
  ])('%s is 422', async (path, message) => {
    const { status, body } = await api.call('get', path, { key: sender.key });
    expect({ status, body: body as object }).toEqual({
      status: 422,
      body: { error: expect.stringMatching(message) as string },
    });
  });

  test('a limit above 100 is taken as 100', async () => {
    const { status, body } = await api.call('get', '/referrals?limit=5000&offset=999999999999', {
      key: sender.key,
    });
    expect({ status, body: body as object }).toMatchObject({
      status: 200,
      body: { data: [], limit: 100, offset: 999_999_999_999 },
    });
  });

  test('keys: missing, malformed, revoked, without the scope; 401 and 403 come before 404 and 422', async () => {
    const reader = await api.practice('Reader', { scopes: ['referrals:read'] });
    const revoked = await api.practice('Revoked');
    const [key] = await api.house.identity.keys.list(revoked.id);
    await api.house.identity.keys.revoke(key?.id ?? '');
    for (const wrong of [undefined, 'hrx_nothing', 'nothing', revoked.key]) {
      const options = wrong === undefined ? {} : { key: wrong };
      const { status, body } = await api.call('post', '/referrals', { ...options, raw: '{' });
      expect({ status, body: body as object }).toEqual({
        status: 401,
        body: { error: 'Missing or invalid API key' },
      });
    }
    expect((await api.call('post', '/referrals', { key: reader.key, raw: '{' })).status).toBe(403);
    expect((await api.call('patch', '/referrals/nobody', { key: reader.key, body: {} })).status).toBe(403);
    expect((await api.call('get', '/providers', { key: reader.key })).status).toBe(403);
    expect((await api.call('post', '/match', { key: reader.key, raw: '{' })).status).toBe(403);
    expect((await api.call('get', '/referrals', { key: reader.key })).status).toBe(200);
  });

  test('unknown paths and methods are 404 in the documented form', async () => {
    for (const [method, path] of [
      ['get', '/nothing'],
      ['delete', '/referrals/x'],
      ['put', '/referrals'],
      ['get', '/match'],
    ] as const) {
      expect((await api.call(method, path, { key: sender.key })).status).toBe(404);
    }
  });

  test('a PATCH takes status and outcome_notes and nothing else', async () => {
    const { id } = await create(fresh());
    for (const body of [
      {},
      { status: 'open' },
      { status: null },
      { outcome_notes: '' },
      { client_first: 'X' },
      { status: 'accepted', id: 'x' },
    ]) {
      expect((await patch(id, body)).status).toBe(422);
    }
    expect(await read(id)).toMatchObject({ status: 'pending', outcome_notes: null });
    expect((await patch('00000000-0000-4000-8000-000000000000', { status: 'accepted' })).status).toBe(404);
    expect((await patch('no%20id', { status: 'accepted' })).status).toBe(404);
  });
});

test('who is neither sender nor receiver meets 404 and sees nothing in lists', async () => {
  const { id } = await create(fresh());
  const { key } = stranger;
  expect((await api.call('get', `/referrals/${id}`, { key })).status).toBe(404);
  expect((await patch(id, { status: 'accepted' }, key)).status).toBe(404);
  expect((await api.call('get', '/referrals', { key })).body).toEqual({
    data: [],
    count: 0,
    limit: 20,
    offset: 0,
  });
  expect(await read(id)).toMatchObject({ status: 'pending' });
});

describe('status', () => {
  test.each([
    [['accepted', 'scheduled', 'completed'], 'declined', 'a completed referral is final.'],
    [['accepted', 'completed'], 'scheduled', 'a completed referral is final.'],
    [['accepted', 'declined'], 'accepted', 'a declined referral is final.'],
    [['declined'], 'accepted', 'a declined referral is final.'],
    [['accepted', 'scheduled'], 'accepted', 'possible from scheduled: completed, declined.'],
    [[], 'completed', 'possible from pending: accepted, declined.'],
  ])('after %j, %s is refused', async (steps, refused, possible) => {
    const { id } = await create(fresh());
    for (const status of steps)
      expect((await patch(id, { status }, sender.key)).body).toMatchObject({ status });
    const { status, body } = await patch(id, { status: refused });
    expect({ status, body: body as object }).toEqual({
      status: 422,
      body: { error: expect.stringContaining(possible) as string },
    });
  });

  test('a repeat changes nothing; notes accumulate and the latest is shown', async () => {
    const { id } = await create(fresh());
    await patch(id, { status: 'accepted', outcome_notes: 'first' });
    const before = await api.stored<Task>('Task', id);
    expect((await patch(id, { status: 'accepted' })).status).toBe(200);
    expect((await api.stored<Task>('Task', id)).version).toBe(before.version);
    expect((await patch(id, { status: 'accepted', outcome_notes: 'second' }, sender.key)).body).toMatchObject(
      { outcome_notes: 'second' },
    );
    const { resource } = await api.stored<Task>('Task', id);
    expect(resource.note).toMatchObject([
      { text: 'first', authorReference: { reference: `Organization/${receiver.id}` } },
      { text: 'second', authorReference: { reference: `Organization/${sender.id}` } },
    ]);
  });

  test('two at the same moment are applied one after the other', async () => {
    for (let round = 0; round < 3; round++) {
      const { id } = await create(fresh());
      const [accept, decline] = await Promise.all([
        patch(id, { status: 'accepted' }),
        patch(id, { status: 'declined' }, sender.key),
      ]);
      expect(decline.status).toBe(200);
      expect([200, 422]).toContain(accept.status);
      expect(await read(id)).toMatchObject({ status: 'declined' });
    }
  });

  test('twenty notes at the same moment are all kept', async () => {
    const { id } = await create(fresh());
    const notes = Array.from({ length: 20 }, (_, i) => `note ${i}`);
    const answers = await Promise.all(notes.map((outcome_notes) => patch(id, { outcome_notes })));
    expect(answers.map(({ status }) => status)).toEqual(notes.map(() => 200));
    const { resource } = await api.stored<Task>('Task', id);
    expect(resource.note?.map(({ text }) => text).sort()).toEqual([...notes].sort());
  });
});

describe('clients', () => {
  const birth = { client_dob: '1970-01-02' };

  test('an AHCCCS id that agrees is the same Patient, and each referral reads back as it was sent', async () => {
    const first = await create({ ...fresh(birth), client_first: 'José', client_ahcccs_id: 'AZ-J' });
    const again = fresh({
      client_last: first.client_last,
      client_ahcccs_id: 'AZ-J',
      client_dob: null,
      client_first: 'JOSÉ',
    });
    const second = await create(again);
    expect(await patientOf(second)).toBe(await patientOf(first));
    expect(second).toMatchObject({ client_first: 'JOSÉ', client_dob: null, client_ahcccs_id: 'AZ-J' });
    expect(await read(first.id)).toMatchObject({ client_first: 'José', client_dob: '1970-01-02' });
  });

  test('name and birth date are the same Patient, which learns the AHCCCS id', async () => {
    const body = fresh({ ...birth, client_ahcccs_id: null });
    const first = await create(body);
    const second = await create({ ...body, client_ahcccs_id: 'AZ-LATER' });
    expect(await patientOf(second)).toBe(await patientOf(first));
    expect(await read(first.id)).toMatchObject({ client_ahcccs_id: null });
    const third = await create({ ...body, client_ahcccs_id: 'AZ-OTHER' });
    expect(await patientOf(third)).not.toBe(await patientOf(first));
  });

  test('a contradicting name or birth date makes a new Patient that is linked', async () => {
    const body = fresh(birth);
    const first = await create(body);
    for (const change of [{ client_first: 'Mario' }, { client_dob: '1971-01-02' }]) {
      const other = await create({ ...body, ...change });
      expect(other).toMatchObject(change);
      const { resource } = await api.stored<Patient>('Patient', await patientOf(other));
      expect(resource.link).toEqual([
        { other: { reference: `Patient/${await patientOf(first)}` }, type: 'seealso' },
      ]);
    }
    expect(await read(first.id)).toMatchObject({ client_first: 'Maria', client_dob: '1970-01-02' });
  });

  test('another practice has Patients of its own; without id and birth date nobody is the same', async () => {
    const body = fresh(birth);
    const first = await create(body);
    const theirs = await create(body, stranger.key);
    expect(await patientOf(theirs)).not.toBe(await patientOf(first));
    const anonymous = { ...body, client_dob: null, client_ahcccs_id: null };
    expect(await patientOf(await create(anonymous))).not.toBe(await patientOf(await create(anonymous)));
  });

  test.each([{}, { client_ahcccs_id: null, client_dob: '1988-08-08' }])(
    'ten parallel creates for one new client make one Patient: %j',
    async (change) => {
      const body = fresh(change);
      const views = await Promise.all(Array.from({ length: 10 }, () => create(body)));
      expect(new Set(await Promise.all(views.map(patientOf))).size).toBe(1);
      expect(new Set(views.map(({ id }) => id)).size).toBe(10);
    },
  );
});

test('the practice is found by its name, case and spacing aside; other text is kept', async () => {
  const known = await create(fresh({ sent_to_practice: '  sonora  BEHAVIORAL health ' }));
  expect((await read(known.id, receiver.key)).sent_to_practice).toBe('  sonora  BEHAVIORAL health ');
  const unknown = await create(fresh({ sent_to_practice: 'Nobody Knows' }));
  expect(unknown.sent_to_practice).toBe('Nobody Knows');
  const { resource } = await api.stored<ServiceRequest>('ServiceRequest', unknown.id);
  expect(resource.performer).toEqual([{ display: 'Nobody Knows' }]);
});

test('lists page by offset, newest first, and count all', async () => {
  const own = await api.practice('Paging Practice');
  const ids: string[] = [];
  for (let i = 0; i < 7; i++)
    ids.unshift((await create(fresh({ sent_to_practice: 'Sonora Behavioral Health' }), own.key)).id);
  const page = async (query: string) =>
    (await api.call('get', `/referrals?${query}`, { key: own.key })).body as { data: View[]; count: number };
  const first = await page('limit=3');
  const second = await page('limit=3&offset=3');
  const last = await page('limit=3&offset=6');
  expect([...first.data, ...second.data, ...last.data].map(({ id }) => id)).toEqual(ids);
  expect([first.count, second.count, last.count, (await page('offset=50')).count]).toEqual([7, 7, 7, 7]);
});

describe('Idempotency-Key', () => {
  const send = (body: object, value: string, key = sender.key) =>
    api.call('post', '/referrals', { key, body, headers: { 'Idempotency-Key': value } });

  test('a retry gets the same answer, parallel ones too; another body is 422; another practice is not met', async () => {
    const body = fresh();
    const answers = await Promise.all([send(body, 'k-1'), send(body, 'k-1'), send(body, 'k-1')]);
    for (const { status, text } of answers) expect([status, text]).toEqual([201, answers[0]?.text]);
    expect((await send(body, 'k-1')).text).toBe(answers[0]?.text);
    expect((await send(fresh(), 'k-1')).status).toBe(422);
    expect((await send(body, 'k-1', stranger.key)).body).not.toMatchObject({
      id: (answers[0]?.body as View).id,
    });
    expect((await send({}, 'k-2')).status).toBe(422);
    expect((await send(fresh(), 'k-2')).status).toBe(201);
    expect((await send(fresh(), 'x'.repeat(256))).status).toBe(422);
  });
});

test('every answer tells what is left, and a full window is 429 before 403 and 422', async () => {
  const small = await api.practice('Small', { plan: 'Free', scopes: ['providers:read'] });
  const left: (string | undefined)[] = [];
  for (let i = 0; i < 10; i++) {
    const { headers } = await api.call('get', '/providers', { key: small.key });
    left.push(headers['ratelimit-remaining'] as string);
    expect(headers).toMatchObject({
      'ratelimit-limit': '10',
      'ratelimit-reset': expect.stringMatching(/^\d+$/) as string,
    });
  }
  expect(left).toEqual(['9', '8', '7', '6', '5', '4', '3', '2', '1', '0']);
  const { status, headers, body } = await api.call('post', '/referrals', { key: small.key, raw: '{' });
  expect({ status, body: body as object }).toEqual({
    status: 429,
    body: { error: expect.stringContaining('Rate limit') as string },
  });
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
});
