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
      const { profile, tag } = resource.meta ?? {};
      return [type, { ...resource, meta: { ...(profile && { profile }), ...(tag && { tag }) } }];
    });
    let golden = readFileSync(join(__dirname, 'golden/referral.json'), 'utf8').replace(
      'AZ123456789',
      'AZ-GOLDEN',
    );
    for (const [name, id] of Object.entries(ids)) golden = golden.replaceAll(`{${name}}`, id);
    expect(Object.fromEntries(stored)).toEqual(JSON.parse(golden));
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
    const note = [...(resource.note ?? []), { text: 'third, by an EHR that says no time' }];
    await api.write({ kind: 'put', resource: { ...resource, id, note } });
    expect(await read(id)).toMatchObject({ outcome_notes: note[2]?.text });
    expect((await patch(id, { outcome_notes: 'fourth' })).body).toMatchObject({ outcome_notes: 'fourth' });
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
