import type { Appointment, DiagnosticReport, Resource } from '@medplum/fhirtypes';
import { type Chart, openChart } from './chart-support';
import { type Api, refusal, type Signed } from './support';

let api: Api;
let staff: Signed;
let prov: string;
let pat: string;
let ehr: Chart['ehr'];
let encounter: Chart['encounter'];

beforeAll(async () => {
  ({ api, staff, prov, pat, ehr, encounter } = await openChart());
}, 60_000);
afterAll(() => api.close());

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
