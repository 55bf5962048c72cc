import type {
  AllergyIntolerance,
  AuditEvent,
  Condition,
  Consent,
  Coverage,
  MedicationStatement,
  Patient,
  Provenance,
} from '@medplum/fhirtypes';
import fc from 'fast-check';
import { patientMapping } from '../../src/chart';
import { checkMapping } from '../../src/mapping';
import { type Api, expectGolden, openApi, refusal, type Signed, UTC } from './support';

/** The body of the document's example. */
const JANE = {
  firstName: 'Jane',
  lastName: 'Smith',
  email: 'jane.smith@email.com',
  phone: '+1 (555) 987-6543',
  dateOfBirth: '1990-03-21',
  gender: 'female',
  address: { street: '456 Oak Ave', city: 'Los Angeles', state: 'CA', zipCode: '90001' },
  emergencyContact: { name: 'John Smith', relationship: 'spouse', phone: '+1 (555) 987-6544' },
  insurance: { provider: 'Aetna', memberId: 'AET987654321', groupNumber: 'GRP002', copay: 25 },
  allergies: ['penicillin', 'sulfa'],
  medications: ['lisinopril 10mg daily'],
  conditions: ['hypertension'],
  consentToTreat: true,
  hipaaConsent: true,
};
const MINIMAL = {
  firstName: 'Ana',
  lastName: 'Silva',
  dateOfBirth: '1980-01-01',
  consentToTreat: true,
  hipaaConsent: true,
};

type View = Record<string, unknown> & { id: string };

let api: Api;
let staff: Signed;
let people = 0;

beforeAll(async () => {
  api = await openApi();
  staff = await api.user('staff');
}, 60_000);
afterAll(() => api.close());

const fresh = (more: object = {}): object => ({ ...JANE, email: `jane${++people}@email.com`, ...more });
const create = async (body: object, token = staff.token): Promise<View> => {
  const answer = await api.call('post', '/patients', { token, body });
  expect({ status: answer.status, body: answer.body as object }).toMatchObject({ status: 201 });
  return answer.body as View;
};
const read = async (id: string, token = staff.token): Promise<View> =>
  (await api.call('get', `/patients/${id}`, { token })).body as View;
const update = async (id: string, body: object, token = staff.token): Promise<View> => {
  const answer = await api.call('put', `/patients/${id}`, { token, body });
  expect({ status: answer.status, body: answer.body as object }).toMatchObject({ status: 200 });
  return answer.body as View;
};
const list = async (query: string, token = staff.token) =>
  (await api.call('get', `/patients?${query}`, { token })).body as {
    data: View[];
    pagination: Record<string, unknown>;
  };

describe('the document', () => {
  test('a patient is created, read and listed', async () => {
    const created = await create(JANE);
    const { consentToTreat, hipaaConsent, ...told } = JANE;
    const times = { createdAt: created['createdAt'], updatedAt: created['updatedAt'] };
    expect(created).toEqual({
      ...told,
      id: expect.stringMatching(/^pat_/),
      insurance: { ...JANE.insurance, verified: false },
      status: 'active',
      patientNumber: expect.stringMatching(/^P-\d{4}-\d{4,}$/),
      createdAt: expect.stringMatching(UTC),
      updatedAt: expect.stringMatching(UTC),
    });
    expect([consentToTreat, hipaaConsent]).toEqual([true, true]);
    const age = Math.floor((Date.now() - Date.parse('1990-03-21')) / (365.2425 * 86_400_000));
    expect(await read(created.id)).toEqual({
      ...told,
      id: created.id,
      age,
      insurance: { ...JANE.insurance, verified: false, verifiedAt: null },
      lastVisit: null,
      nextAppointment: null,
      provider: null,
      status: 'active',
      ...times,
    });
    const { emergencyContact, allergies, medications, conditions, insurance, ...listed } = told;
    const { copay, ...policy } = insurance;
    expect(await list('page=1&limit=20&search=jane&status=active&sortBy=lastName&order=asc')).toEqual({
      data: [{ ...listed, id: created.id, insurance: policy, status: 'active', ...times }],
      pagination: { page: 1, limit: 20, total: 1, totalPages: 1, hasNext: false, hasPrevious: false },
    });
    expect([emergencyContact, allergies, medications, conditions, copay]).not.toContain(undefined);
  });

  test('golden: the FHIR that the example becomes', async () => {
    const other = await api.user('staff', { practice: 'Golden Dermatology' });
    const { id, patientNumber } = await create(JANE, other.token);
    const about = `Patient/${id.slice(4)}`;
    const patient = (await api.stored<Patient>('Patient', id.slice(4))).resource;
    const [coverage] = await api.find<Coverage>('Coverage', `beneficiary=${about}`);
    const allergies = await api.find<AllergyIntolerance>('AllergyIntolerance', `patient=${about}&_sort=code`);
    const medications = await api.find<MedicationStatement>('MedicationStatement', `subject=${about}`);
    const conditions = await api.find<Condition>('Condition', `subject=${about}`);
    const consents = await api.find<Consent>('Consent', `patient=${about}`);
    const provenances = await api.find<Provenance>('Provenance', `target=${about}`);
    const byScope = (code: string) => consents.find(({ scope }) => scope.coding?.[0]?.code === code);
    const byText = (text: string) => allergies.find(({ code }) => code?.text === text);
    const [privacy, treatment] = [byScope('patient-privacy'), byScope('treatment')];
    const resources = {
      patient,
      coverage,
      allergies: [byText('penicillin'), byText('sulfa')],
      medications,
      conditions,
      treatment,
      privacy,
    };
    expect(provenances[0]?.target.map(({ reference }) => reference).sort()).toEqual(
      Object.values(resources)
        .flat()
        .map((one) => `${one?.resourceType ?? ''}/${one?.id ?? ''}`)
        .sort(),
    );
    expectGolden('patient', resources, {
      [patient.id ?? '-']: 'patient',
      [coverage?.id ?? '-']: 'coverage',
      [byText('penicillin')?.id ?? '-']: 'allergy 1',
      [byText('sulfa')?.id ?? '-']: 'allergy 2',
      [medications[0]?.id ?? '-']: 'medication',
      [conditions[0]?.id ?? '-']: 'condition',
      [treatment?.id ?? '-']: 'treatment',
      [privacy?.id ?? '-']: 'privacy',
      [other.practice]: 'practice',
      [String(patientNumber)]: 'number',
    });
    expect(checkMapping(patientMapping)).toEqual([]);
  });

  test('a patient is updated: what is absent stays, insurance loses its verification', async () => {
    const { id } = await create(fresh());
    const [coverage] = await api.find<Coverage>('Coverage', `beneficiary=Patient/${id.slice(4)}`);
    const verified = {
      url: 'https://crosswalk.example/fhir/StructureDefinition/insurance-verified-at',
      valueInstant: '2024-01-10T09:00:00Z',
    };
    await api.write({
      kind: 'put',
      resource: { ...(coverage as Coverage & { id: string }), extension: [verified] },
    });
    expect(await read(id)).toMatchObject({
      insurance: { verified: true, verifiedAt: '2024-01-10T09:00:00Z' },
    });
    const same = await update(id, { insurance: JANE.insurance });
    expect(same).toMatchObject({ insurance: { verified: true } });

    const changes = {
      email: 'john.newemail@email.com',
      phone: '+1 (555) 999-8888',
      address: { street: '789 New Street', city: 'San Francisco', state: 'CA', zipCode: '94110' },
      insurance: { provider: 'Kaiser Permanente', memberId: 'KP987654321', groupNumber: 'GRP003', copay: 30 },
      medications: ['metformin 500mg twice daily', 'lisinopril 10mg daily'],
    };
    const before = await read(id);
    const updated = await update(id, changes);
    expect(updated).toEqual({
      ...changes,
      id,
      firstName: 'Jane',
      lastName: 'Smith',
      dateOfBirth: '1990-03-21',
      gender: 'female',
      insurance: { ...changes.insurance, verified: false },
      updatedAt: expect.stringMatching(UTC),
      updatedBy: staff.id,
    });
    expect(await read(id)).toEqual({
      ...before,
      ...changes,
      insurance: { ...changes.insurance, verified: false, verifiedAt: null },
      updatedAt: updated['updatedAt'],
    });
    const coverages = await api.find<Coverage>('Coverage', `beneficiary=Patient/${id.slice(4)}`);
    expect(coverages.map(({ status }) => status).sort()).toEqual(['active', 'cancelled']);
  });

  test('a patient is marked as inactive, once, and comes back', async () => {
    const { id } = await create(fresh());
    const why = { reason: 'patient_request', notes: 'Patient moved to another state' };
    const answer = await api.call('delete', `/patients/${id}`, { token: staff.token, body: why });
    expect(answer.status).toBe(200);
    const { deactivatedAt, dataRetentionDate } = answer.body as {
      deactivatedAt: string;
      dataRetentionDate: string;
    };
    expect(answer.body).toEqual({
      ...why,
      id,
      status: 'inactive',
      deactivatedAt: expect.stringMatching(UTC),
      deactivatedBy: staff.id,
      dataRetentionDate: expect.stringMatching(UTC),
    });
    expect(Number(dataRetentionDate.slice(0, 4)) - Number(deactivatedAt.slice(0, 4))).toBe(7);
    expect(dataRetentionDate.slice(4)).toBe(deactivatedAt.slice(4));
    const twice = await api.call('delete', `/patients/${id}`, { token: staff.token });
    expect(refusal(twice)).toEqual({ status: 409, code: 'CONFLICT', fields: [] });
    expect((twice.body as { error: { message: string } }).error.message).toContain('inactive');
    expect(await read(id)).toMatchObject({ status: 'inactive' });
    expect((await list('status=inactive')).data.map((view) => view.id)).toEqual([id]);
    await update(id, { status: 'active' });
    expect(await read(id)).toMatchObject({ status: 'active' });
    expect((await api.stored<Patient>('Patient', id.slice(4))).resource).toMatchObject({ active: true });
    expect((await list('status=inactive')).data).toEqual([]);
  });
});

describe('edges', () => {
  test('null clears, lists keep their order, an empty list empties, entries that stay are the same resources', async () => {
    const { id } = await create(fresh());
    const [known] = await api.find<AllergyIntolerance>(
      'AllergyIntolerance',
      `patient=Patient/${id.slice(4)}&code:text=sulfa`,
    );
    await update(id, {
      allergies: ['latex', 'sulfa', 'peanuts', 'latex'],
      conditions: [],
      gender: null,
      address: null,
    });
    expect(await read(id)).toMatchObject({
      allergies: ['latex', 'sulfa', 'peanuts', 'latex'],
      conditions: [],
      gender: null,
      address: null,
    });
    const present = await api.stored<AllergyIntolerance>('AllergyIntolerance', known?.id ?? '');
    expect(present.resource.clinicalStatus?.coding?.[0]?.code).toBe('active');
    await update(id, { insurance: null, emergencyContact: { name: 'Only Name' }, email: null });
    expect(await read(id)).toMatchObject({
      insurance: null,
      email: null,
      emergencyContact: { name: 'Only Name', relationship: null, phone: null },
    });
    await update(id, { emergencyContact: null });
    expect(await read(id)).toMatchObject({ emergencyContact: null });
  });

  test('both consents are required and everything that is wrong is named', async () => {
    const answer = await api.call('post', '/patients', {
      token: staff.token,
      body: {
        firstName: ' ',
        dateOfBirth: '2990-01-01',
        email: 'nowhere',
        insurance: { copay: 'x', plan: 'y' },
        allergies: [1],
        hipaaConsent: false,
      },
    });
    expect(refusal(answer)).toMatchObject({ status: 422, code: 'VALIDATION_ERROR' });
    expect(refusal(answer).fields.sort()).toEqual([
      'allergies[0]',
      'consentToTreat',
      'dateOfBirth',
      'email',
      'firstName',
      'hipaaConsent',
      'insurance.copay',
      'insurance.plan',
      'lastName',
    ]);
  });

  test('the same name, birth date and email is 409, in parallel too; another practice may have it', async () => {
    const body = fresh();
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => api.call('post', '/patients', { token: staff.token, body })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    const stranger = await api.user('staff', { practice: 'Elsewhere Dermatology' });
    await create(body, stranger.token);
    const other = await create(fresh());
    const again = await api.call('put', `/patients/${other.id}`, {
      token: staff.token,
      body: { email: (body as { email: string }).email },
    });
    expect(again.status).toBe(409);
  });

  test('numbers are unique under parallel creates', async () => {
    const { token } = await api.user('staff', { practice: 'Numbers Dermatology' });
    const views = await Promise.all(
      Array.from({ length: 30 }, (_, i) => create({ ...MINIMAL, email: `n${i}@email.com` }, token)),
    );
    expect(new Set(views.map((view) => view['patientNumber'])).size).toBe(30);
  });

  test('another practice sees and changes nothing', async () => {
    const { id } = await create(fresh());
    const stranger = await api.user('admin', { practice: 'Elsewhere Dermatology' });
    const { token } = stranger;
    for (const answer of [
      await api.call('get', `/patients/${id}`, { token }),
      await api.call('put', `/patients/${id}`, { token, body: { phone: null } }),
      await api.call('delete', `/patients/${id}`, { token }),
    ]) {
      expect(refusal(answer)).toEqual({ status: 404, code: 'NOT_FOUND', fields: [] });
    }
    expect((await list('search=jane', token)).data.map((view) => view.id)).not.toContain(id);
  });

  test('rights: readers read, nobody without a token does', async () => {
    const reader = await api.user('read-only');
    const { id } = await create(fresh());
    expect((await read(id, reader.token)).id).toBe(id);
    for (const answer of [
      await api.call('post', '/patients', { token: reader.token, body: JANE }),
      await api.call('put', `/patients/${id}`, { token: reader.token, body: { phone: null } }),
      await api.call('delete', `/patients/${id}`, { token: reader.token }),
    ]) {
      expect(refusal(answer)).toEqual({ status: 403, code: 'FORBIDDEN', fields: [] });
    }
    expect((await api.call('get', `/patients/${id}`)).status).toBe(401);
  });

  test('the audit trail names user, patient and what was looked for', async () => {
    const { id } = await create(fresh());
    await read(id);
    await list('search=jane&limit=1');
    await api.house.audit.flush();
    const events = await api.find<AuditEvent>('AuditEvent', `entity=Patient/${id.slice(4)}&_count=100`);
    expect(events.map(({ action }) => action).sort()).toEqual(expect.arrayContaining(['C', 'R']));
    expect(JSON.stringify(events)).toContain(staff.id);
  });
});

describe('lists', () => {
  let own: Signed;
  const names = ['John Doe', 'Johanna Smith-Jones', 'Mary Ann Lee', 'José García'];
  let ids: string[];

  beforeAll(async () => {
    own = await api.user('staff', { practice: 'List Dermatology' });
    ids = [];
    for (const [i, name] of names.entries()) {
      const [last = '', ...first] = name.split(' ').reverse();
      const body = {
        ...MINIMAL,
        firstName: first.reverse().join(' '),
        lastName: last,
        email: `person${i}@mail.example`,
        phone: `+1 (555) ${i}23-4567`,
      };
      ids.push((await create(body, own.token)).id);
    }
  });

  const found = async (query: string): Promise<number[]> =>
    (await list(query, own.token)).data.map((view) => ids.indexOf(view.id)).sort();

  test('search finds beginnings of name words, the email and the phone', async () => {
    expect(await found('search=jo')).toEqual([0, 1, 3]);
    expect(await found('search=JONES')).toEqual([1]);
    expect(await found('search=ann')).toEqual([2]);
    expect(await found('search=garcia')).toEqual([3]);
    expect(await found('search=john%20doe')).toEqual([0]);
    expect(await found('search=doe,john')).toEqual([0]);
    expect(await found('search=person2')).toEqual([2]);
    expect(await found('search=person2@mail.example')).toEqual([2]);
    expect(await found(`search=${encodeURIComponent('+1 (555) 323')}`)).toEqual([3]);
    expect(await found('search=123-4567')).toEqual([1]);
    expect(await found('search=oe')).toEqual([]);
    expect(await found('search=doe%20lee')).toEqual([]);
    expect(await found('search=')).toEqual([0, 1, 2, 3]);
  });

  test('order, pages and the pagination object', async () => {
    const order = async (query: string): Promise<number[]> =>
      (await list(query, own.token)).data.map((view) => ids.indexOf(view.id));
    expect(await order('')).toEqual([3, 2, 1, 0]);
    expect(await order('order=asc')).toEqual([0, 1, 2, 3]);
    expect(await order('sortBy=lastName&order=asc')).toEqual([0, 3, 2, 1]);
    expect(await order('sortBy=firstName&order=desc')).toEqual([2, 3, 0, 1]);
    expect(await list('page=2&limit=3', own.token)).toMatchObject({
      data: [{ id: ids[0] }],
      pagination: { page: 2, limit: 3, total: 4, totalPages: 2, hasNext: false, hasPrevious: true },
    });
    expect(await list('page=9&limit=500', own.token)).toEqual({
      data: [],
      pagination: { page: 9, limit: 100, total: 4, totalPages: 1, hasNext: false, hasPrevious: true },
    });
    for (const query of [
      'page=0',
      'limit=0',
      'status=gone',
      'sortBy=age',
      'order=up',
      'page=x',
      'sort=a',
      'page=1&page=2',
    ]) {
      const answer = await api.call('get', `/patients?${query}`, { token: own.token });
      expect([query, refusal(answer)]).toEqual([
        query,
        { status: 400, code: 'BAD_REQUEST', fields: [query.split('=')[0]] },
      ]);
    }
  });

  test('a search that holds for many pages like one that holds for few', async () => {
    const { practice, token } = await api.user('staff', { practice: 'Large Dermatology' });
    const patients = Array.from({ length: 700 }, (_, i): Patient & { id: string } => ({
      resourceType: 'Patient',
      id: `large-${i}`,
      active: i % 50 !== 0,
      name: [
        { given: [i % 2 === 0 ? 'Even' : 'Odd'], family: `Name${String((i * 7919) % 700).padStart(3, '0')}` },
      ],
    }));
    const context = { viewer: { practice }, requestId: 't', author: { id: 't', name: 't', kind: 'system' } };
    await api.house.store.commit(
      patients.map((resource) => ({ kind: 'create', id: resource.id, resource })),
      context,
    );
    const expected = patients
      .filter(({ active, name }) => active && name?.[0]?.given?.[0] === 'Odd')
      .sort((a, b) => (a.name?.[0]?.family ?? '').localeCompare(b.name?.[0]?.family ?? ''))
      .map(({ id }) => `pat_${id}`);
    const shown: string[] = [];
    for (const page of [1, 2, 3, 4]) {
      const { data, pagination } = await list(
        `search=odd&status=active&sortBy=lastName&order=asc&limit=100&page=${page}`,
        token,
      );
      expect(pagination['total']).toBe(expected.length);
      shown.push(...data.map(({ id }) => id));
    }
    expect(shown).toEqual(expected);
  });

  test('what an EHR writes is there: patients, and whether they are active', async () => {
    const context = {
      viewer: { practice: own.practice },
      requestId: 't',
      author: { id: 't', name: 't', kind: 'system' },
    };
    const patient: Patient & { id: string } = {
      resourceType: 'Patient',
      id: 'ehr',
      name: [{ given: ['Erik', 'H.'], family: 'Ehr' }],
    };
    await api.house.store.commit([{ kind: 'create', id: 'ehr', resource: patient }], context);
    const shown = await read('pat_ehr', own.token);
    expect(shown).toMatchObject({
      id: 'pat_ehr',
      firstName: 'Erik',
      lastName: 'Ehr',
      status: 'active',
      createdAt: expect.stringMatching(UTC),
    });
    await api.house.store.commit([{ kind: 'put', resource: { ...patient, active: false } }], context);
    expect(await read('pat_ehr', own.token)).toMatchObject({
      status: 'inactive',
      createdAt: shown['createdAt'],
    });
    expect((await list('status=inactive', own.token)).data.map((view) => view.id)).toEqual(['pat_ehr']);
    expect((await list('status=active', own.token)).pagination).toMatchObject({ total: 4 });
    await update('pat_ehr', { status: 'pending' }, own.token);
    expect((await list('status=pending', own.token)).data.map((view) => view.id)).toEqual(['pat_ehr']);
    expect((await list('status=inactive', own.token)).data).toEqual([]);
  });
});

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((value) => /\S/.test(value) && !/\p{Cc}/u.test(value));
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 3 });
const patient = fc.record({
  firstName: text,
  lastName: text,
  email: maybe(fc.emailAddress()),
  phone: maybe(fc.constantFrom('+1 (555) 987-6543', '555.123.4567', '5551234567')),
  dateOfBirth: fc
    .date({ min: new Date('1900-01-01'), max: new Date('2020-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10)),
  gender: maybe(fc.constantFrom('male', 'female', 'other', 'unknown')),
  address: maybe(fc.record({ street: text, city: maybe(text), state: maybe(text), zipCode: maybe(text) })),
  emergencyContact: maybe(fc.record({ name: text, relationship: maybe(text), phone: fc.constant(null) })),
  insurance: maybe(
    fc.record({
      provider: text,
      memberId: maybe(text),
      groupNumber: maybe(text),
      copay: maybe(fc.integer({ min: 0, max: 10_000_000 }).map((cents) => cents / 100)),
    }),
  ),
  allergies: fc.array(text, { maxLength: 4 }),
  medications: fc.array(text, { maxLength: 4 }),
  conditions: fc.array(text, { maxLength: 4 }),
});

test('every field of a patient comes back from FHIR as it went in, also when it is written over another', () => {
  const context = { at: new Date() };
  fc.assert(
    fc.property(patient, patient, (values, others) => {
      const { bound, issues } = patientMapping.write(values);
      expect(issues).toEqual([]);
      expect(patientMapping.read(bound, 'detail', context)).toMatchObject(values);
      const over = patientMapping.write(others, bound);
      expect(patientMapping.read(over.bound, 'detail', context)).toMatchObject(others);
    }),
    { numRuns: 300 },
  );
});

/** `RANDOM_BODIES=10000` for the long run. */
const RUNS = Number(process.env['RANDOM_BODIES'] ?? 30);
const PATIENCE_MS = 60_000 + RUNS * 400;

test(
  'random bodies are 201 or 4xx, never 5xx',
  async () => {
    const next = api.tokens('staff', { practice: 'Random Dermatology' });
    const broken = fc.tuple(fc.constantFrom(...Object.keys(JANE), '__proto__', 'id'), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(patient, fc.option(broken), async (values, fault) => {
        const body: Record<string, unknown> = { ...values, consentToTreat: true, hipaaConsent: true };
        if (fault !== null)
          Object.defineProperty(body, fault[0], { value: fault[1], enumerable: true, configurable: true });
        const { status } = await api.call('post', '/patients', {
          token: await next(),
          raw: JSON.stringify(body),
        });
        expect([201, 409, 422]).toContain(status);
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE_MS,
);
