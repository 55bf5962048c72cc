import type { Appointment, Location, Practitioner, PractitionerRole, Provenance } from '@medplum/fhirtypes';
import { providerMapping } from '../../src/clinicians';
import { checkMapping } from '../../src/mapping';
import { type Api, expectGolden, openApi, refusal, type Signed, UTC } from './support';

/** The body of the document's example. */
const CHEN = {
  firstName: 'Michael',
  lastName: 'Chen',
  title: 'MD, PhD',
  specialty: 'Dermatology',
  subspecialty: 'Mohs Surgery',
  npiNumber: '9876543210',
  licenseNumber: 'CA54321',
  licenseState: 'CA',
  licenseExpiry: '2025-12-31',
  deaNumber: 'BC1234567',
  email: 'mchen@dermifi.com',
  phone: '+1 (555) 333-4444',
  locations: ['SF', 'San Jose'],
  languages: ['English', 'Mandarin', 'Cantonese'],
  acceptingNewPatients: true,
  education: [
    { degree: 'MD', institution: 'Harvard Medical School', year: 2010 },
    { degree: 'PhD', institution: 'MIT', year: 2008 },
  ],
  residency: { institution: 'UCSF', specialty: 'Dermatology', completionYear: 2014 },
  fellowship: { institution: 'Mayo Clinic', specialty: 'Mohs Surgery', completionYear: 2015 },
  certifications: ['American Board of Dermatology', 'American College of Mohs Surgery'],
};
const MINIMAL = { firstName: 'Ana', lastName: 'Silva', licenseNumber: 'X1', licenseState: 'CA' };

let api: Api;
let staff: Signed;

const location = (id: string, name: string): Location => ({
  resourceType: 'Location',
  id,
  name,
  status: 'active',
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/timezone', valueCode: 'America/Los_Angeles' }],
});

beforeAll(async () => {
  api = await openApi();
  staff = await api.user('staff');
  for (const [id, name] of [
    ['sf', 'SF'],
    ['oakland', 'Oakland'],
    ['sj', 'San Jose'],
  ] as const) {
    await api.write({ kind: 'create', id, resource: location(id, name) });
  }
}, 60_000);
afterAll(() => api.close());

const create = async (
  body: object,
  token = staff.token,
): Promise<Record<string, unknown> & { id: string }> => {
  const answer = await api.call('post', '/providers', { token, body });
  expect({ status: answer.status, body: answer.body as object }).toMatchObject({ status: 201 });
  return answer.body as Record<string, unknown> & { id: string };
};

test('a provider is added and listed as documented', async () => {
  const created = await create(CHEN);
  const { education, residency, fellowship, certifications, ...told } = CHEN;
  expect(created).toEqual({
    ...told,
    id: expect.stringMatching(/^prov_/),
    licenseVerified: false,
    status: 'pending_verification',
    createdAt: expect.stringMatching(UTC),
  });
  const list = await api.call('get', '/providers?specialty=dermatology&available=true&location=SF', {
    token: staff.token,
  });
  const { subspecialty, licenseExpiry, deaNumber, ...listed } = told;
  expect(list.body).toEqual({
    providers: [
      {
        ...listed,
        id: created.id,
        rating: null,
        reviewCount: null,
        yearsOfExperience: null,
        education,
        certifications,
      },
    ],
    total: 1,
  });
  expect([residency, fellowship, subspecialty, licenseExpiry, deaNumber]).not.toContain(undefined);
  for (const query of ['specialty=Podiatry', 'available=false', 'location=Oakland']) {
    expect((await api.call('get', `/providers?${query}`, { token: staff.token })).body).toEqual({
      providers: [],
      total: 0,
    });
  }
});

test('golden: the FHIR that the example becomes', async () => {
  const other = await api.user('staff', { practice: 'Golden Dermatology', name: 'Sam Rivera' });
  const { id } = await create(CHEN, other.token);
  const practitioner = (await api.stored<Practitioner>('Practitioner', id.slice(5))).resource;
  const [role] = await api.find<PractitionerRole>(
    'PractitionerRole',
    `practitioner=Practitioner/${id.slice(5)}`,
  );
  const [provenance] = await api.find<Provenance>('Provenance', `target=Practitioner/${id.slice(5)}`);
  expectGolden(
    'provider',
    { practitioner, role, provenance },
    {
      [practitioner.id ?? '-']: 'provider',
      [role?.id ?? '-']: 'role',
      [provenance?.id ?? '-']: 'provenance',
      [other.practice]: 'practice',
      [other.id]: 'user',
    },
  );
  expect(checkMapping(providerMapping)).toEqual([]);
});

test('the same NPI twice is 409 in a practice, also in parallel; another practice may have it', async () => {
  const body = { ...MINIMAL, npiNumber: '1111111111' };
  const answers = await Promise.all(
    [1, 2, 3].map(() => api.call('post', '/providers', { token: staff.token, body })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  const stranger = await api.user('staff', { practice: 'Elsewhere Dermatology' });
  await create(body, stranger.token);
  const { body: list } = await api.call('get', '/providers', { token: stranger.token });
  expect(list).toMatchObject({ total: 1 });
});

test('what does not fit is refused with every field; unknown locations too', async () => {
  const answer = await api.call('post', '/providers', {
    token: staff.token,
    body: {
      ...MINIMAL,
      npiNumber: '123',
      deaNumber: 'B1',
      licenseState: 'California',
      education: [{ year: 'x' }],
      rating: 5,
    },
  });
  expect(refusal(answer)).toMatchObject({ status: 422, code: 'VALIDATION_ERROR' });
  expect(refusal(answer).fields.sort()).toEqual([
    'deaNumber',
    'education[0].year',
    'licenseState',
    'npiNumber',
    'rating',
  ]);
  const unknown = await api.call('post', '/providers', {
    token: staff.token,
    body: { ...MINIMAL, npiNumber: '2222222222', locations: ['SF', 'Paris'] },
  });
  expect(refusal(unknown)).toEqual({ status: 422, code: 'VALIDATION_ERROR', fields: ['locations[1]'] });
  const reader = await api.user('read-only');
  expect(refusal(await api.call('post', '/providers', { token: reader.token, body: CHEN })).status).toBe(403);
});

test('a provider is verified through FHIR and no longer listed when inactive', async () => {
  const { id } = await create({ ...MINIMAL, npiNumber: '1234567893' });
  const role = async (): Promise<PractitionerRole & { id: string }> =>
    (
      await api.find<PractitionerRole>('PractitionerRole', `practitioner=Practitioner/${id.slice(5)}`)
    )[0] as never;
  await api.write({ kind: 'put', resource: { ...(await role()), active: true } });
  const listed = async (): Promise<string[]> =>
    (
      (await api.call('get', '/providers', { token: staff.token })).body as { providers: { id: string }[] }
    ).providers.map((provider) => provider.id);
  expect(await listed()).toContain(id);
  await api.write({ kind: 'put', resource: { ...(await role()), active: false, extension: [] } });
  expect(await listed()).not.toContain(id);
});

describe('schedule', () => {
  let provider: string;
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

  beforeAll(async () => {
    provider = (await create({ ...MINIMAL, npiNumber: '3333333333', locations: ['SF'] })).id;
    await api.house.store.commit(
      [{ kind: 'create', id: 'schedule-patient', resource: { resourceType: 'Patient' } }],
      {
        viewer: { practice: staff.practice },
        requestId: 't',
        author: { id: 't', name: 't', kind: 'system' },
      },
    );
  });

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
    expect(refusal(await schedule('date=2024-01-20&location=Paris'))).toEqual({
      status: 422,
      code: 'VALIDATION_ERROR',
      fields: ['location'],
    });
    expect(refusal(await schedule('date=2024-02-30'))).toEqual({
      status: 400,
      code: 'BAD_REQUEST',
      fields: ['date'],
    });
    const stranger = await api.user('provider', { practice: 'Elsewhere Dermatology' });
    const answer = await api.call('get', `/providers/${provider}/schedule`, { token: stranger.token });
    expect(refusal(answer)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });
});
