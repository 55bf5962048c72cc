import type { Appointment, Composition, DiagnosticReport, Encounter, Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import request from 'supertest';
import { noteMapping } from '../../src/chart';
import { checkMapping } from '../../src/mapping';
import { type Api, expectGolden, openApi, refusal, type Signed, UTC } from './support';

let api: Api;
let staff: Signed;
let provider: Signed;
let prov: string;
let pat: string;
let people = 0;

const newPatient = async (token = staff.token): Promise<string> => {
  const body = {
    firstName: 'John',
    lastName: `Doe${++people}`,
    dateOfBirth: '1985-06-15',
    consentToTreat: true,
    hipaaConsent: true,
  };
  const answer = await api.call('post', '/patients', { token, body });
  return (answer.body as { id: string }).id.slice(4);
};

/** Writes as an EHR of the practice. */
const ehr = async (...resources: (Resource & { id?: string })[]): Promise<string[]> => {
  const context = {
    viewer: { practice: staff.practice },
    requestId: 't',
    author: { id: 'ehr', name: 'EHR', kind: 'client' },
  };
  const changes = resources.map((resource) =>
    resource.id === undefined
      ? { kind: 'create' as const, resource }
      : { kind: 'put' as const, resource: { ...resource, id: resource.id } },
  );
  return (await api.house.store.commit(changes, context)).map(({ id }) => id);
};

beforeAll(async () => {
  api = await openApi();
  staff = await api.user('staff');
  const { body } = await api.call('post', '/providers', {
    token: staff.token,
    body: {
      firstName: 'Emily',
      lastName: 'Johnson',
      title: 'MD',
      npiNumber: '1234567890',
      licenseNumber: 'CA12345',
      licenseState: 'CA',
    },
  });
  prov = (body as { id: string }).id;
  provider = await api.user('provider', { practitioner: prov.slice(5), name: 'Emily Johnson' });
  pat = await newPatient();
}, 60_000);
afterAll(() => api.close());

const encounter = (start: string, more: Partial<Encounter> = {}): Encounter => ({
  resourceType: 'Encounter',
  status: 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
  subject: { reference: `Patient/${pat}` },
  participant: [{ individual: { reference: `Practitioner/${prov.slice(5)}` } }],
  period: { start, end: start },
  ...more,
});
const history = async (query = '', token = staff.token) =>
  api.call('get', `/patients/pat_${pat}/history${query}`, { token });

describe('history', () => {
  test('visits, prescriptions, reports and imaging of an EHR, as documented', async () => {
    const subject = { reference: `Patient/${pat}` };
    const doctor = { reference: `Practitioner/${prov.slice(5)}` };
    const [check, mole] = await ehr(
      {
        ...encounter('2024-01-10T14:00:00Z', {
          reasonCode: [{ text: 'Annual skin check' }],
          extension: [
            { url: 'https://crosswalk.example/fhir/StructureDefinition/follow-up', valueString: '3 months' },
          ],
        }),
      },
      encounter('2023-10-15T10:00:00Z', { reasonCode: [{ text: 'Suspicious mole' }] }),
      encounter('2024-03-01T10:00:00Z', { status: 'cancelled' }),
    );
    const at = (id: string | undefined) => ({ reference: `Encounter/${id ?? ''}` });
    const condition = (text: string): Resource => ({
      resourceType: 'Condition',
      subject,
      encounter: at(check),
      code: { text },
      category: [
        {
          coding: [
            {
              system: 'http://terminology.hl7.org/CodeSystem/condition-category',
              code: 'encounter-diagnosis',
            },
          ],
        },
      ],
    });
    const [first] = await ehr(condition('Actinic keratosis'));
    const [second] = await ehr(condition('Seborrheic keratosis'));
    expect([first, second]).not.toContain(undefined);
    const report = (code: string, more: Partial<DiagnosticReport>): DiagnosticReport => ({
      resourceType: 'DiagnosticReport',
      status: 'final',
      subject,
      category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0074', code }] }],
      code: { text: 'Report' },
      ...more,
    });
    const [hemoglobin] = await ehr({
      resourceType: 'Observation',
      status: 'final',
      subject,
      code: { text: 'Hemoglobin' },
      valueQuantity: { value: 13.5, unit: 'g/dL' },
    });
    const ids = await ehr(
      {
        resourceType: 'Procedure',
        status: 'completed',
        subject,
        encounter: at(check),
        code: { text: 'Cryotherapy' },
      },
      {
        resourceType: 'ClinicalImpression',
        status: 'completed',
        subject,
        encounter: at(check),
        summary: 'Multiple lesions treated',
      },
      {
        resourceType: 'Condition',
        subject,
        encounter: at(mole),
        code: { coding: [{ display: 'Dysplastic nevus' }] },
      },
      {
        resourceType: 'Procedure',
        status: 'completed',
        subject,
        encounter: at(mole),
        code: { text: 'Excision biopsy' },
      },
      report('PAT', { encounter: at(mole), conclusion: 'Benign', issued: '2023-10-20T00:00:00Z' }),
      report('LAB', {
        code: { text: 'Blood count' },
        effectiveDateTime: '2024-01-11',
        performer: [doctor],
        result: [{ reference: `Observation/${hemoglobin ?? ''}` }],
      }),
      report('RAD', {
        code: { text: 'Ultrasound' },
        effectiveDateTime: '2023-05-01T08:00:00+02:00',
        conclusion: 'Normal',
      }),
      {
        resourceType: 'MedicationRequest',
        status: 'active',
        intent: 'order',
        subject,
        requester: doctor,
        authoredOn: '2024-01-10T15:00:00Z',
        medicationCodeableConcept: { text: 'Doxycycline 100mg' },
      },
    );
    const emily = { id: prov, name: 'Dr. Emily Johnson' };
    const visits = [
      {
        id: `hist_${check ?? ''}`,
        date: '2024-01-10T14:00:00Z',
        type: 'visit',
        provider: emily,
        chiefComplaint: 'Annual skin check',
        diagnosis: ['Actinic keratosis', 'Seborrheic keratosis'],
        treatment: 'Cryotherapy',
        notes: 'Multiple lesions treated',
        followUp: '3 months',
        pathology: null,
      },
      {
        id: `hist_${mole ?? ''}`,
        date: '2023-10-15T10:00:00Z',
        type: 'visit',
        provider: emily,
        chiefComplaint: 'Suspicious mole',
        diagnosis: ['Dysplastic nevus'],
        treatment: 'Excision biopsy',
        notes: null,
        followUp: null,
        pathology: { result: 'Benign', reportDate: '2023-10-20T00:00:00Z' },
      },
    ];
    const [, , , , , lab = '', imaging = '', prescription = ''] = ids;
    const all = await history();
    expect(all.body).toEqual({
      patientId: `pat_${pat}`,
      history: [
        {
          id: `hist_${lab}`,
          date: '2024-01-11T00:00:00Z',
          type: 'lab',
          provider: emily,
          name: 'Blood count',
          result: 'Hemoglobin: 13.5 g/dL',
        },
        {
          id: `hist_${prescription}`,
          date: '2024-01-10T15:00:00Z',
          type: 'prescription',
          provider: emily,
          name: 'Doxycycline 100mg',
          result: null,
        },
        ...visits,
        {
          id: `hist_${imaging}`,
          date: '2023-05-01T06:00:00Z',
          type: 'imaging',
          provider: null,
          name: 'Ultrasound',
          result: 'Normal',
        },
      ],
      totalRecords: 5,
      dateRange: { from: null, to: null },
    });
    expect((await history('?startDate=2024-01-01&endDate=2024-12-31&type=visit')).body).toEqual({
      patientId: `pat_${pat}`,
      history: [visits[0]],
      totalRecords: 1,
      dateRange: { from: '2024-01-01T00:00:00Z', to: '2024-12-31T23:59:59Z' },
    });
    expect((await history('?endDate=2023-10-15&type=visit')).body).toMatchObject({ totalRecords: 1 });
    expect((await history('?endDate=2023-10-15T09:59:59Z&type=visit')).body).toMatchObject({
      totalRecords: 0,
    });
    for (const query of ['type=surgery', 'startDate=yesterday', 'endDate=2024-02-30', 'page=1']) {
      expect(refusal(await history(`?${query}`))).toEqual({
        status: 400,
        code: 'BAD_REQUEST',
        fields: [query.split('=')[0]],
      });
    }
    expect((await api.call('get', '/patients/pat_none/history', { token: staff.token })).status).toBe(404);
  });

  test('the last visit and the next appointment show in the patient, and include adds the appointments', async () => {
    const inDays = (days: number): string =>
      `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19)}Z`;
    const actor = (reference: string): Appointment['participant'][number] => ({
      actor: { reference },
      status: 'accepted',
    });
    const appointment = (start: string, status: Appointment['status']): Appointment => ({
      resourceType: 'Appointment',
      status,
      start,
      end: new Date(Date.parse(start) + 1_800_000).toISOString(),
      minutesDuration: 30,
      participant: [actor(`Patient/${pat}`), actor(`Practitioner/${prov.slice(5)}`)],
    });
    const [soon, later] = [inDays(3), inDays(9)];
    const ids = await ehr(
      appointment(later, 'booked'),
      appointment(soon, 'booked'),
      appointment(inDays(1), 'cancelled'),
    );
    await ehr(encounter(inDays(2), { status: 'planned' }));
    const { body } = await api.call('get', `/patients/pat_${pat}?include=appointments,prescriptions,notes`, {
      token: staff.token,
    });
    expect(body).toMatchObject({
      lastVisit: '2024-01-10T14:00:00Z',
      nextAppointment: soon,
      conditions: ['Dysplastic nevus'],
      appointments: [
        {
          id: `appt_${ids[1] ?? ''}`,
          date: soon.slice(0, 10),
          time: soon.slice(11, 16),
          duration: 30,
          patientId: `pat_${pat}`,
          type: null,
          status: 'confirmed',
        },
        { id: `appt_${ids[0] ?? ''}`, date: later.slice(0, 10) },
      ],
      prescriptions: [{ medication: 'Doxycycline 100mg' }],
      notes: [],
    });
    const wrong = await api.call('get', `/patients/pat_${pat}?include=appointments,bills`, {
      token: staff.token,
    });
    expect(refusal(wrong)).toEqual({ status: 400, code: 'BAD_REQUEST', fields: ['include'] });
  });
});

/** The body of the document's example, but for the visit. */
const NOTE = {
  type: 'progress_note',
  content: {
    chiefComplaint: 'Follow-up for acne treatment',
    hpi: 'Patient reports improvement with tretinoin...',
    examination: 'Facial examination shows decreased comedones...',
    assessment: 'Acne vulgaris - improving',
    plan: 'Continue current regimen, follow-up in 6 weeks',
  },
  icd10Codes: ['L70.0'],
  cptCodes: ['99213'],
  confidential: false,
};

describe('notes', () => {
  const add = async (body: object, token = provider.token) =>
    api.call('post', `/patients/pat_${pat}/notes`, { token, body });
  const shown = async (token: string): Promise<{ id: string }[]> =>
    (
      (await api.call('get', `/patients/pat_${pat}?include=notes`, { token })).body as {
        notes: { id: string }[];
      }
    ).notes;

  test('a note is signed and locked, as documented; golden FHIR', async () => {
    const [visit = ''] = await ehr(encounter('2024-01-20T14:00:00Z'));
    const answer = await add({ ...NOTE, visitId: `visit_${visit}` });
    const { confidential, ...told } = NOTE;
    const note = answer.body as { id: string };
    expect(answer.status).toBe(201);
    expect(note).toEqual({
      ...told,
      id: expect.stringMatching(/^note_/),
      patientId: `pat_${pat}`,
      visitId: `visit_${visit}`,
      createdAt: expect.stringMatching(UTC),
      createdBy: { id: prov, name: 'Dr. Emily Johnson' },
      signedAt: expect.stringMatching(UTC),
      locked: true,
    });
    expect(confidential).toBe(false);
    const { resource } = await api.stored<Composition>('Composition', note.id.slice(5));
    expectGolden('note', resource, {
      [note.id.slice(5)]: 'note',
      [pat]: 'patient',
      [visit]: 'visit',
      [prov.slice(5)]: 'provider',
      [provider.id]: 'user',
      [provider.practice]: 'practice',
    });
    expect(checkMapping(noteMapping)).toEqual([]);
    expect(await shown(staff.token)).toEqual([note]);

    const client = await api.house.identity.clients.create({ name: 'EHR', scope: 'system/*.*' });
    const { body } = await request(api.app)
      .post('/oauth2/token')
      .auth(client.clientId, client.clientSecret ?? '')
      .type('form')
      .send({ grant_type: 'client_credentials', scope: 'system/*.*' });
    const token = (body as { access_token: string }).access_token;
    const url = `/fhir/R4/Composition/${note.id.slice(5)}`;
    const put = await request(api.app)
      .put(url)
      .auth(token, { type: 'bearer' })
      .type('application/fhir+json')
      .send(JSON.stringify({ ...resource, title: 'Changed' }));
    expect(put.status).toBe(409);
    expect((await request(api.app).delete(url).auth(token, { type: 'bearer' })).status).toBe(409);
    expect((await api.stored<Composition>('Composition', note.id.slice(5))).version).toBe(1);
  });

  test('a confidential note is for the author, prescribers and administrators', async () => {
    const { body } = await add({ ...NOTE, confidential: true }, staff.token);
    const { id, createdBy } = body as { id: string; createdBy: object };
    expect(createdBy).toEqual({ id: staff.id, name: 'Sam Rivera' });
    const seenBy = async (role: string): Promise<boolean> =>
      (await shown((await api.user(role)).token)).some((note) => note.id === id);
    expect((await shown(staff.token)).some((note) => note.id === id)).toBe(true);
    expect(await seenBy('provider')).toBe(true);
    expect(await seenBy('admin')).toBe(true);
    expect(await seenBy('staff')).toBe(false);
    expect(await seenBy('read-only')).toBe(false);
  });

  test("another patient's visit, unknown fields and empty content are refused", async () => {
    const other = await newPatient();
    const [foreign = ''] = await ehr(
      encounter('2024-01-20T14:00:00Z', { subject: { reference: `Patient/${other}` } }),
    );
    for (const visitId of [`visit_${foreign}`, 'visit_none', 'enc_1']) {
      expect(refusal(await add({ ...NOTE, visitId }))).toEqual({
        status: 422,
        code: 'VALIDATION_ERROR',
        fields: ['visitId'],
      });
    }
    const answer = await add({ type: '', content: { mood: 'good' }, icd10Codes: ['acne'], author: 'me' });
    expect(refusal(answer).fields.sort()).toEqual(['author', 'content.mood', 'icd10Codes[0]', 'type']);
    expect(refusal(await add({ type: 'progress_note', content: {} })).fields).toEqual(['content']);
    const stranger = await api.user('provider', { practice: 'Elsewhere Dermatology' });
    expect((await add(NOTE, stranger.token)).status).toBe(404);
  });

  test('every text of a note comes back as it went in', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 200 })
      .map((value) => `x${value}<b>&amp;</b>\r\n\t"'`);
    const note = fc.record({
      type: fc.constantFrom('progress_note', 'consultation_note', 'Something else'),
      content: fc.record({
        chiefComplaint: fc.option(text),
        hpi: fc.option(text),
        examination: fc.option(text),
        assessment: text,
        plan: fc.option(text),
      }),
      icd10Codes: fc.array(fc.stringMatching(/^[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?$/), { maxLength: 4 }),
      cptCodes: fc.array(fc.stringMatching(/^[0-9]{4}[0-9A-Z]$/), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(note, (values) => {
        const { bound, issues } = noteMapping.write(values);
        expect(issues).toEqual([]);
        expect(noteMapping.read(bound, 'created', { createdBy: null })).toMatchObject(values);
      }),
      { numRuns: 300 },
    );
  });
});
