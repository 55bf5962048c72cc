import type { HealthcareService, Location, Patient, ServiceRequest, Task } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { createDirectory } from '../../src/directory';
import { serverContext } from '../../src/house';
import { parseSearch } from '../../src/search';
import { EVERYTHING, type Store, type WriteContext } from '../../src/store';
import { type Api, DOCUMENTED, openApi } from './support';

/** What EHRs write through FHIR, and what the vendor API then says. */
let api: Api;
let sender: { id: string; key: string };
let receiver: { id: string; key: string };

beforeAll(async () => {
  api = await openApi();
  sender = await api.practice('Camelback Family Medicine');
  receiver = await api.practice('Sonora Behavioral Health');
}, 60_000);
afterAll(() => api.close());

type View = Record<string, unknown> & { id: string };

const create = async (): Promise<View> => {
  const body = { ...DOCUMENTED, client_ahcccs_id: randomUUID() };
  return (await api.call('post', '/referrals', { key: sender.key, body })).body as View;
};
const read = async (id: string, key = receiver.key): Promise<View> =>
  (await api.call('get', `/referrals/${id}`, { key })).body as View;
const listed = async (status: string, key = receiver.key): Promise<string[]> => {
  const { body } = await api.call('get', `/referrals?status=${status}&limit=100`, { key });
  return (body as { data: View[] }).data.map(({ id }) => id);
};
/** As the EHR of a practice writes. */
const as = (practice: string): WriteContext => ({ ...serverContext(), viewer: { practice } });

async function changeTask(id: string, change: Partial<Task>): Promise<void> {
  const { resource } = await api.stored<Task>('Task', id);
  await api.write({ kind: 'put', resource: { ...resource, ...change, id } });
}

async function changeRequest(id: string, change: Partial<ServiceRequest>): Promise<void> {
  const { resource } = await api.stored<ServiceRequest>('ServiceRequest', id);
  await api.write({ kind: 'put', resource: { ...resource, ...change, id } });
}

test('a Task that an EHR moves on moves the referral, its request and its lists', async () => {
  const { id } = await create();
  const steps: [NonNullable<Task['status']>, string, string, string][] = [
    ['received', 'pending', 'active', '2.0'],
    ['accepted', 'accepted', 'active', '3.0'],
    ['ready', 'accepted', 'active', '3.0'],
    ['in-progress', 'scheduled', 'active', '5.1.1'],
    ['completed', 'completed', 'completed', '7.0'],
  ];
  for (const [status, shown, request, business] of steps) {
    await changeTask(id, { status });
    expect(await read(id)).toMatchObject({ status: shown });
    expect(await listed(shown)).toContain(id);
    const told = await api.stored<ServiceRequest>('ServiceRequest', id);
    expect(told.resource.status).toBe(request);
    const { lastUpdated, resource } = await api.stored<Task>('Task', id);
    expect(resource.businessStatus?.coding?.map(({ code }) => code)).toEqual([business]);
    // What webhooks say of the time is what the API says.
    if (shown !== 'pending' && status !== 'ready') expect(told.lastUpdated).toEqual(lastUpdated);
  }
  expect(await listed('pending')).not.toContain(id);
});

test('a request that an EHR completes or revokes ends the referral and its Task', async () => {
  for (const [status, shown, task] of [
    ['completed', 'completed', 'completed'],
    ['revoked', 'declined', 'rejected'],
  ] as const) {
    const { id } = await create();
    await changeRequest(id, { status });
    expect(await read(id)).toMatchObject({ status: shown });
    expect(await listed(shown)).toContain(id);
    expect((await api.stored<Task>('Task', id)).resource.status).toBe(task);
  }
});

test('a vendor status shows in FHIR', async () => {
  const { id } = await create();
  await api.call('patch', `/referrals/${id}`, { key: receiver.key, body: { status: 'declined' } });
  expect((await api.stored<Task>('Task', id)).resource.status).toBe('rejected');
  expect((await api.stored<ServiceRequest>('ServiceRequest', id)).resource.status).toBe('revoked');
});

test('a step back is refused over FHIR and changes nothing; what was entered in error may be said so', async () => {
  const { id } = await create();
  await changeTask(id, { status: 'completed' });
  for (const status of ['requested', 'accepted', 'rejected'] as const) {
    await expect(changeTask(id, { status })).rejects.toMatchObject({ status: 422 });
  }
  await expect(changeRequest(id, { status: 'active' })).rejects.toMatchObject({ status: 422 });
  expect(await read(id)).toMatchObject({ status: 'completed' });
  expect((await api.stored<ServiceRequest>('ServiceRequest', id)).resource.status).toBe('completed');
  await changeTask(id, { status: 'entered-in-error' });
  expect(await read(id)).toMatchObject({ status: 'declined' });
});

test('a request without the tags of the lists gets them back', async () => {
  const { id } = await create();
  await changeTask(id, { status: 'accepted' });
  const { resource } = await api.stored<ServiceRequest>('ServiceRequest', id);
  await api.write({
    kind: 'put',
    resource: { ...resource, id, meta: {}, patientInstruction: 'Bring your card.' },
  });
  expect(await listed('accepted')).toContain(id);
  const after = await api.stored<ServiceRequest>('ServiceRequest', id);
  expect(after.resource.patientInstruction).toBe('Bring your card.');
});

describe('a referral that an EHR makes', () => {
  const write = (...resources: ((Patient | ServiceRequest | Task) & { id: string })[]) => {
    const changes = resources.map((resource) => ({ kind: 'put' as const, resource }));
    return api.house.store.commit(changes, as(sender.id));
  };
  const patient = (): Patient & { id: string } => ({
    resourceType: 'Patient',
    id: randomUUID(),
    name: [{ text: 'Ana Ruiz', given: ['Ana', 'María'], family: 'Ruiz' }],
    birthDate: '1990-05',
    identifier: [
      {
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MA' }] },
        value: 'A777',
      },
    ],
  });
  const request = (subject: string, more: Partial<ServiceRequest> = {}): ServiceRequest & { id: string } => ({
    resourceType: 'ServiceRequest',
    id: randomUUID(),
    status: 'active',
    intent: 'order',
    priority: 'stat',
    code: {
      coding: [
        { system: 'http://snomed.info/sct', code: '183524004', display: 'Referral to psychiatry service' },
      ],
    },
    category: [{ coding: [{ system: 'http://snomed.info/sct', code: '3457005' }] }],
    reasonCode: [
      { text: 'drinking' },
      { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'F10.20' }] },
    ],
    subject: { reference: `Patient/${subject}` },
    authoredOn: '2026-04-10T07:22:00-07:00',
    performer: [{ reference: `Organization/${receiver.id}` }],
    ...more,
  });

  test('without a Task reads as pending, in the vendor fields, and can be accepted', async () => {
    const client = patient();
    const order = request(client.id);
    await write(client);
    const [committed] = await write(order);
    expect(committed?.version).toBe(1);
    expect(await read(order.id)).toMatchObject({
      id: order.id,
      client_first: 'Ana',
      client_last: 'Ruiz',
      client_dob: null,
      client_ahcccs_id: 'A777',
      client_insurance: null,
      sent_to_practice: 'Sonora Behavioral Health',
      service_needed: 'Referral to psychiatry service',
      status: 'pending',
      is_urgent: true,
      created_at: '2026-04-10T14:22:00Z',
      level_of_care: null,
      diagnosis: 'F10.20',
    });
    expect(await listed('pending')).toContain(order.id);
    expect(await listed('pending', sender.key)).toContain(order.id);
    const accepted = await api.call('patch', `/referrals/${order.id}`, {
      key: receiver.key,
      body: { status: 'accepted' },
    });
    expect(accepted.body).toMatchObject({ status: 'accepted' });
    const tasks = await api.house.store.search(
      EVERYTHING,
      parseSearch('Task', `focus=ServiceRequest/${order.id}`),
    );
    expect(tasks.matches.map(({ resource }) => (resource as Task).status)).toEqual(['accepted']);
  });

  test('without a time was made when it was first written: lists begin with it, and its status does not move it', async () => {
    const client = patient();
    const { authoredOn: _none, ...order } = request(client.id);
    await write(client);
    const [first] = await write(order);
    const newest = async (): Promise<string | undefined> => (await listed('pending'))[0];
    expect(await newest()).toBe(order.id);
    const made = `${first?.lastUpdated.toISOString().slice(0, 19)}Z`;
    expect(await read(order.id)).toMatchObject({ created_at: made });
    await new Promise((next) => setTimeout(next, 1_000 - (Date.now() % 1_000)));
    await write({ ...order, note: [{ text: 'Prefers mornings.' }] });
    expect(await newest()).toBe(order.id);
    expect((await create()).id).toBe(await newest());
    await api.call('patch', `/referrals/${order.id}`, { key: receiver.key, body: { status: 'accepted' } });
    expect(await read(order.id)).toMatchObject({ status: 'accepted', created_at: made });
  });

  test('with a Task of its own in one transaction, addressed by the Task alone', async () => {
    const client = patient();
    const { performer, ...unaddressed } = request(client.id);
    expect(performer).toHaveLength(1);
    const order = unaddressed;
    const task: Task & { id: string } = {
      resourceType: 'Task',
      id: randomUUID(),
      status: 'requested',
      intent: 'order',
      focus: { reference: `ServiceRequest/${order.id}` },
      for: { reference: `Patient/${client.id}` },
      owner: { reference: `Organization/${receiver.id}` },
    };
    const committed = await write(client, unaddressed, task);
    expect(committed.map(({ version }) => version)).toEqual([1, 1, 1]);
    expect(await listed('pending')).toContain(order.id);
    expect(await read(order.id)).toMatchObject({ client_first: 'Ana', status: 'pending' });
    await api.write({ kind: 'put', resource: { ...task, status: 'accepted' } });
    expect(await read(order.id)).toMatchObject({ status: 'accepted' });
    await api.call('patch', `/referrals/${order.id}`, {
      key: receiver.key,
      body: { status: 'scheduled', outcome_notes: 'Monday' },
    });
    expect((await api.stored<Task>('Task', task.id)).resource).toMatchObject({
      status: 'in-progress',
      note: [{ text: 'Monday' }],
    });
  });

  test('is sent to the practice whose service it is addressed to', async () => {
    const client = patient();
    const service: HealthcareService & { id: string } = {
      resourceType: 'HealthcareService',
      id: 'sonora-iop',
      providedBy: { reference: `Organization/${receiver.id}` },
    };
    const order = request(client.id, { performer: [{ reference: 'HealthcareService/sonora-iop' }] });
    await api.write({ kind: 'put', resource: service });
    await write(client, order);
    expect(await read(order.id)).toMatchObject({ sent_to_practice: 'Sonora Behavioral Health' });
  });

  test('an order that stays in the house or goes to a laboratory is none', async () => {
    const client = patient();
    const own = request(client.id, {
      performer: [{ display: 'us' }],
      requester: { reference: `Organization/${sender.id}` },
    });
    const laboratory = request(client.id, {
      category: [{ coding: [{ system: 'http://snomed.info/sct', code: '108252007' }] }],
    });
    await write(client, own, laboratory);
    for (const { id } of [own, laboratory]) {
      expect((await api.call('get', `/referrals/${id}`, { key: sender.key })).status).toBe(404);
      expect(await listed('pending', sender.key)).not.toContain(id);
    }
  });
});

test('a party may patch a referral whose Task an EHR keeps to itself; nobody else comes to see the Task', async () => {
  const patient: Patient & { id: string } = { resourceType: 'Patient', id: randomUUID() };
  const about = { reference: `Patient/${patient.id}` };
  const order: ServiceRequest & { id: string } = {
    resourceType: 'ServiceRequest',
    id: randomUUID(),
    status: 'active',
    intent: 'order',
    subject: about,
    requester: { reference: `Organization/${sender.id}` },
    performer: [{ reference: `Organization/${receiver.id}` }],
  };
  const task: Task & { id: string } = {
    resourceType: 'Task',
    id: randomUUID(),
    status: 'requested',
    intent: 'order',
    for: about,
    focus: { reference: `ServiceRequest/${order.id}` },
  };
  const third = await api.practice('Third Practice');
  await api.write({ kind: 'put', resource: patient, share: [third.id, sender.id] });
  const puts = [order, task].map((resource) => ({ kind: 'put' as const, resource }));
  await api.house.store.commit(puts, as(sender.id));
  expect((await api.stored('Task', task.id)).access).not.toContain(receiver.id);

  const patch = { status: 'accepted', outcome_notes: 'Intake on Monday' };
  const { status, body } = await api.call('patch', `/referrals/${order.id}`, {
    key: receiver.key,
    body: patch,
  });
  expect([status, body]).toEqual([200, expect.objectContaining(patch)]);
  expect(await read(order.id, sender.key)).toMatchObject(patch);
  expect(await listed('accepted', sender.key)).toContain(order.id);
  const { access, resource } = await api.stored<Task>('Task', task.id);
  expect([...access].filter((one) => one !== '').sort()).toEqual([sender.id, receiver.id].sort());
  expect(resource.note?.[0]?.authorReference?.reference).toBe(`Organization/${receiver.id}`);
});

describe('the directory', () => {
  const service = (more: Partial<HealthcareService> = {}): HealthcareService & { id: string } => ({
    resourceType: 'HealthcareService',
    id: randomUUID(),
    name: `Service ${randomUUID()}`,
    type: [{ coding: [{ system: 'https://crosswalk.example/fhir/CodeSystem/facility-type', code: 'PHP' }] }],
    extension: [
      {
        url: 'https://crosswalk.example/fhir/StructureDefinition/available-slots',
        extension: [
          { url: 'level', valueCode: 'PHP' },
          { url: 'count', valueUnsignedInt: 2 },
        ],
      },
      { url: 'https://crosswalk.example/fhir/StructureDefinition/insurance-accepted', valueString: 'Cigna' },
    ],
    ...more,
  });
  const names = async (query = ''): Promise<string[]> => {
    const { body } = await api.call('get', `/providers?limit=100${query}`, { key: sender.key });
    return (body as { data: { practice: string }[] }).data.map(({ practice }) => practice);
  };

  test('shows at once what is posted, changed, closed, moved and deleted', async () => {
    const place: Location & { id: string } = {
      resourceType: 'Location',
      id: randomUUID(),
      address: { district: 'Pima County' },
    };
    const one = service({ location: [{ reference: `Location/${place.id}` }] });
    const name = one.name ?? '';
    await api.write({ kind: 'put', resource: one });
    expect(await names()).toContain(name);
    await api.write({ kind: 'put', resource: place });
    expect(await names('&county=pima&facility_type=php&has_availability=true')).toEqual([name]);
    await api.write({ kind: 'put', resource: { ...place, address: { district: 'Yuma' } } });
    expect(await names('&county=Yuma')).toEqual([name]);
    await api.write({ kind: 'put', resource: { ...one, active: false } });
    expect(await names()).not.toContain(name);
    await api.write({ kind: 'put', resource: { ...one, name: 'Renamed' } });
    expect(await names()).toContain('Renamed');
    await api.write({ kind: 'delete', type: 'HealthcareService', id: one.id });
    expect(await names()).not.toContain('Renamed');
  });

  test('a process that follows the directory has loaded what others wrote before it is asked', async () => {
    const { store } = api.house;
    let loads = 0;
    const watched: Store = {
      ...store,
      search: (...asked) => ((loads += 1), store.search(...asked)),
      history: (...asked) => ((loads += 1), store.history(...asked)),
    };
    const directory = createDirectory(watched);
    directory.follow();
    const loaded = async (before: number): Promise<void> => {
      while (loads === before) await new Promise((resolve) => setTimeout(resolve, 20));
      await directory.current();
    };
    await loaded(0);
    const known = loads;
    const one = service();
    await api.write({ kind: 'put', resource: one });
    await loaded(known);
    const ready = loads;
    const { providers } = await directory.current();
    expect(providers.find(({ id }) => id === one.id)?.practice).toBe(one.name);
    expect(loads).toBe(ready);
    await directory.stop();
  }, 30_000);
});
