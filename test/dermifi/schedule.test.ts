import type { Appointment, PractitionerRole, Schedule, Slot } from '@medplum/fhirtypes';
import { serverContext } from '../../src/house';
import type { Change } from '../../src/store';
import { type Api, openApi, refusal, seedPlaces, type Signed } from './support';

/** Dermifi, "Get provider schedule", with what an EHR writes. */
let api: Api;
let staff: Signed;
let provider: string;

beforeAll(async () => {
  api = await openApi();
  staff = await api.user('staff');
  await seedPlaces(api);
  const body = {
    firstName: 'Ana',
    lastName: 'Silva',
    licenseNumber: 'X1',
    licenseState: 'CA',
    locations: ['SF'],
  };
  const made = await api.call('post', '/providers', {
    token: staff.token,
    body: { ...body, npiNumber: '3333333333' },
  });
  provider = (made.body as { id: string }).id;
  await api.house.store.commit(
    [{ kind: 'create', id: 'schedule-patient', resource: { resourceType: 'Patient' } }],
    {
      viewer: { practice: staff.practice },
      requestId: 't',
      author: { id: 't', name: 't', kind: 'system' },
    },
  );
}, 60_000);
afterAll(() => api.close());

const appointment = (start: string, minutes: number, more: Partial<Appointment> = {}): Appointment => ({
  resourceType: 'Appointment',
  status: 'booked',
  start,
  end: new Date(Date.parse(start) + minutes * 60_000).toISOString(),
  minutesDuration: minutes,
  participant: [
    { actor: { reference: 'Patient/schedule-patient' }, status: 'accepted' },
    { actor: { reference: `Practitioner/${provider.slice(5)}` }, status: 'accepted' },
  ],
  ...more,
});
const at = (place: string): Appointment['participant'][number] => ({
  actor: { reference: `Location/${place}` },
  status: 'accepted',
});
const schedule = async (query: string) =>
  api.call('get', `/providers/${provider}/schedule?${query}`, { token: staff.token });

test('appointments that an EHR writes take their time, as documented', async () => {
  const coded = (code: string): Partial<Appointment> => ({
    appointmentType: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0276', code }] },
  });
  const followUp = appointment('2024-01-20T17:00:00Z', 30, coded('FOLLOWUP'));
  const consultation = appointment('2024-01-20T17:30:00Z', 30, {
    appointmentType: { text: 'Consultation' },
  });
  await api.write(
    { kind: 'create', resource: { ...followUp, participant: [...followUp.participant, at('sf')] } },
    { kind: 'create', resource: consultation },
    {
      kind: 'create',
      resource: {
        ...followUp,
        start: '2024-01-20T19:00:00Z',
        participant: [...followUp.participant, at('oakland')],
      },
    },
    { kind: 'create', resource: appointment('2024-01-20T20:30:00Z', 30, { status: 'cancelled' }) },
    { kind: 'create', resource: appointment('2024-01-21T17:00:00Z', 30) },
  );
  const { status, body } = await schedule('date=2024-01-20&location=SF');
  expect(status).toBe(200);
  expect(body).toEqual({
    providerId: provider,
    date: '2024-01-20',
    location: 'SF',
    schedule: {
      workingHours: { start: '09:00', end: '17:00', break: { start: '12:00', end: '13:00' } },
      appointments: [
        {
          time: '09:00',
          duration: 30,
          patientId: 'pat_schedule-patient',
          type: 'follow_up',
          status: 'confirmed',
        },
        {
          time: '09:30',
          duration: 30,
          patientId: 'pat_schedule-patient',
          type: 'consultation',
          status: 'confirmed',
        },
      ],
      availableSlots: [
        '10:00', '10:30', '11:00', '11:30', '13:00', '13:30',
        '14:00', '14:30', '15:00', '15:30', '16:00', '16:30',
      ], // prettier-ignore
    },
  });
});

test('slots that an EHR writes are what is free; blocks take time out of the working hours', async () => {
  const actor = [{ reference: `Practitioner/${provider.slice(5)}` }, { reference: 'Location/sf' }];
  const plan: Schedule & { id: string } = { resourceType: 'Schedule', id: 'ehr-plan', actor };
  const slot = (start: string, minutes: number, status: Slot['status']): Change => {
    const end = new Date(Date.parse(start) + minutes * 60_000).toISOString();
    const of = { reference: `Schedule/${plan.id}` };
    return { kind: 'create', resource: { resourceType: 'Slot', schedule: of, status, start, end } };
  };
  await api.write(
    { kind: 'put', resource: plan },
    slot('2024-02-05T17:00:00Z', 20, 'free'),
    slot('2024-02-05T17:20:00Z', 20, 'free'),
    slot('2024-02-05T17:40:00Z', 20, 'busy'),
    slot('2024-02-05T18:00:00Z', 20, 'entered-in-error'),
    slot('2024-02-06T18:00:00Z', 240, 'busy-unavailable'),
    { kind: 'create', resource: appointment('2024-02-05T17:20:00Z', 20) },
  );
  const slotsOn = async (query: string): Promise<unknown> =>
    ((await schedule(query)).body as { schedule: { availableSlots: unknown } }).schedule.availableSlots;
  expect(await slotsOn('date=2024-02-05&location=SF')).toEqual(['09:00']);
  expect(await slotsOn('date=2024-02-06&location=SF')).toEqual([
    '09:00', '09:30', '14:00', '14:30', '15:00', '15:30', '16:00', '16:30',
  ]); // prettier-ignore
  expect(await slotsOn('date=2024-02-05&location=Oakland')).toHaveLength(12);
  // What another practice keeps of the same person is its own.
  const elsewhere = {
    ...plan,
    id: 'other-plan',
    actor: [{ reference: `Practitioner/${provider.slice(5)}` }],
  };
  const stranger = await api.user('staff', { practice: 'Elsewhere Dermatology' });
  await api.house.store.commit(
    [{ kind: 'put', resource: elsewhere }, slot('2024-02-07T17:00:00Z', 20, 'free')],
    {
      ...serverContext(),
      viewer: { practice: stranger.practice },
    },
  );
  expect(await slotsOn('date=2024-02-07&location=SF')).toHaveLength(14);
});

test('working hours of the role, on the clock of the place through daylight saving', async () => {
  const [role] = await api.find<PractitionerRole>(
    'PractitionerRole',
    `practitioner=Practitioner/${provider.slice(5)}`,
  );
  const availableTime: PractitionerRole['availableTime'] = [
    { daysOfWeek: ['sun'], availableStartTime: '01:00:00', availableEndTime: '04:00:00' },
  ];
  await api.write({
    kind: 'put',
    resource: { ...role, id: role?.id ?? '', resourceType: 'PractitionerRole', availableTime },
  });
  const spring = (await schedule('date=2024-03-10&location=SF')).body as {
    schedule: Record<string, unknown>;
  };
  expect(spring.schedule).toMatchObject({
    workingHours: { start: '01:00', end: '04:00', break: null },
    availableSlots: ['01:00', '01:30', '03:00', '03:30'],
  });
  // 09:30 UTC is half past one before the clocks go back and half past one after they did, an hour later.
  await api.write({ kind: 'create', resource: appointment('2024-11-03T11:30:00Z', 30) });
  const autumn = (await schedule('date=2024-11-03&location=SF')).body as {
    schedule: Record<string, unknown>;
  };
  expect(autumn.schedule).toMatchObject({
    appointments: [{ time: '03:30' }],
    availableSlots: ['01:00', '01:30', '02:00', '02:30', '03:00'],
  });
  const monday = (await schedule('date=2024-11-04&location=SF')).body as {
    schedule: Record<string, unknown>;
  };
  expect(monday.schedule).toEqual({ workingHours: null, appointments: [], availableSlots: [] });
});

test('refusals', async () => {
  for (const nowhere of ['Paris', '', '%00']) {
    expect(refusal(await schedule(`date=2024-01-20&location=${nowhere}`))).toEqual({
      status: 422,
      code: 'VALIDATION_ERROR',
      fields: ['location'],
    });
  }
  expect(refusal(await schedule('date=2024-02-30'))).toEqual({
    status: 400,
    code: 'BAD_REQUEST',
    fields: ['date'],
  });
  const stranger = await api.user('provider', { practice: 'Elsewhere Dermatology' });
  const answer = await api.call('get', `/providers/${provider}/schedule`, { token: stranger.token });
  expect(refusal(answer)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
});
