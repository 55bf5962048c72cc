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
import { patientMapping } from '../../src/chart';
import { checkMapping } from '../../src/mapping';
import { JANE, MINIMAL, patientsOf } from './patient-support';
import { type Api, expectGolden, openApi, refusal, type Signed, UTC } from './support';

let api: Api;
let staff: Signed;
let people = 0;

beforeAll(async () => {
  api = await openApi();
  staff = await api.user('staff');
}, 60_000);
afterAll(() => api.close());

const { create, read, update, list } = patientsOf(() => ({ api, staff }));
const fresh = (more: object = {}): object => ({ ...JANE, email: `jane${++people}@email.com`, ...more });

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
