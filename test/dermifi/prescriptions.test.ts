import type { MedicationRequest, Provenance, Task } from '@medplum/fhirtypes';
import { serverContext } from '../../src/house';
import type { Viewer, WriteContext } from '../../src/store';
import {
  apart,
  bare,
  type Clinic,
  ended,
  HOUR,
  openClinic,
  PRESCRIBED,
  prescriptionsOf,
} from './pharmacy-support';
import { expectGolden, refusal, UTC } from './support';

let clinic: Clinic;

beforeAll(async () => {
  clinic = await openClinic();
}, 60_000);
afterAll(() => clinic.close());

const { prescribe, rows, rewritten } = prescriptionsOf(() => clinic);
/** `PARALLEL=200` for the long run. */
const MANY = Number(process.env['PARALLEL'] ?? 24);

describe('the document', () => {
  test('creates a prescription as in its example', async () => {
    const view = await prescribe();
    const { id, rxNumber, writtenDate, expirationDate, eSignedAt } = view;
    expect(Object.keys(view)).toEqual([
      ...[
        'id',
        'rxNumber',
        'patientId',
        'providerId',
        'medication',
        'sig',
        'quantity',
        'quantityUnit',
        'refills',
      ],
      ...[
        'refillsRemaining',
        'daysSupply',
        'substitutionAllowed',
        'indication',
        'icd10Code',
        'status',
        'writtenDate',
      ],
      ...['expirationDate', 'deaSchedule', 'eSigned', 'eSignedAt'],
    ]);
    expect(view).toEqual({
      id,
      rxNumber,
      patientId: 'pat_123',
      providerId: 'prov_789',
      medication: {
        name: 'Doxycycline',
        genericName: 'doxycycline hyclate',
        strength: '100mg',
        form: 'capsule',
        ndcCode: '00000-0000-00',
        manufacturer: 'Hikma Pharmaceuticals',
      },
      sig: PRESCRIBED.sig,
      quantity: 60,
      quantityUnit: 'capsules',
      refills: 2,
      refillsRemaining: 2,
      daysSupply: 30,
      substitutionAllowed: true,
      indication: 'Moderate acne vulgaris',
      icd10Code: 'L70.0',
      status: 'active',
      writtenDate,
      expirationDate,
      deaSchedule: null,
      eSigned: true,
      eSignedAt,
    });
    expect(rxNumber).toMatch(/^RX-\d{4}-\d{6}$/);
    expect(writtenDate).toMatch(UTC);
    expect(eSignedAt).toBe(writtenDate);
    expect(String(expirationDate).slice(4)).toBe(String(writtenDate).slice(4));
    expect(Number(String(expirationDate).slice(0, 4))).toBe(Number(String(writtenDate).slice(0, 4)) + 1);

    const { resource } = await clinic.stored<MedicationRequest>('MedicationRequest', bare(id));
    const [provenance] = await clinic.find<Provenance>('Provenance', `target=MedicationRequest/${bare(id)}`);
    const { meta: _meta, ...mr } = resource;
    const { meta: _other, ...signed } = provenance as Provenance;
    const names = {
      [bare(id)]: 'id',
      [String(rxNumber)]: 'rxNumber',
      [signed.id ?? '']: 'provenance',
      [clinic.provider.id]: 'user',
      [clinic.provider.practice]: 'practice',
    };
    expectGolden('prescription', [mr, signed], names);
  });

  test('sends a prescription as in its example', async () => {
    const { id } = await prescribe();
    const view = await clinic.ask(200, 'post', `/prescriptions/${id}/send`, {
      pharmacyId: 'pharm_456',
      method: 'electronic',
      priority: 'routine',
      patientNotes: 'Please use generic if available',
      pharmacyNotes: 'Patient prefers morning pickup',
    });
    const { transmissionId, sentAt, confirmationNumber, estimatedReadyTime, pharmacyAcknowledgedAt } = view;
    expect(view).toEqual({
      prescriptionId: id,
      transmissionId,
      sentTo: {
        id: 'pharm_456',
        name: 'CVS Pharmacy',
        ncpdpId: '1234567',
        address: '123 Market St, San Francisco, CA',
      },
      sentAt,
      method: 'electronic',
      status: 'transmitted',
      confirmationNumber,
      estimatedReadyTime,
      pharmacyAcknowledged: true,
      pharmacyAcknowledgedAt,
    });
    expect(confirmationNumber).toMatch(/^SURESCRIPT-\d{6}$/);
    expect(Math.round(apart(sentAt, estimatedReadyTime) / HOUR)).toBe(4);
    const { resource: task } = await clinic.stored<Task>('Task', bare(transmissionId));
    const { meta: _meta, ...kept } = task;
    const names = {
      [bare(id)]: 'prescription',
      [task.id ?? '']: 'task',
      [String(confirmationNumber)]: 'confirmation',
    };
    expectGolden('transmission', kept, names);
    const { resource: mr } = await clinic.stored<MedicationRequest>('MedicationRequest', bare(id));
    expect(mr.dispenseRequest?.performer?.reference).toBe('Organization/456');
  });
});

const ids = async (query: string): Promise<string[]> => (await rows(query)).map(({ id }) => id);

describe('lists', () => {
  test('show each prescription as in the example, newest first, by status and with or without expired ones', async () => {
    await clinic.patient('listed');
    const made: string[] = [];
    for (let i = 0; i < 4; i++) made.push((await prescribe({ patientId: 'pat_listed' })).id);
    const [active = '', expired = '', cancelled = '', done = ''] = made;
    await rewritten(expired, ended);
    await rewritten(cancelled, (mr) => ({ ...mr, status: 'stopped' }));
    await rewritten(done, (mr) => ({ ...mr, status: 'completed' }));
    const [row] = await rows('patientId=pat_listed&status=active&includeExpired=false');
    expect(row).toEqual({
      id: active,
      rxNumber: row?.['rxNumber'],
      medication: 'Doxycycline 100mg',
      patient: 'John Doe',
      provider: 'Dr. Emily Johnson',
      status: 'active',
      refillsRemaining: 2,
      writtenDate: new Date().toISOString().slice(0, 10),
      lastFilled: null,
    });
    const of = (query: string): Promise<string[]> => ids(`patientId=pat_listed&${query}`);
    expect(await of('')).toEqual([...made].reverse());
    expect(await of('includeExpired=false')).toEqual([cancelled, active]);
    expect(await of('status=active')).toEqual([active]);
    expect(await of('status=expired')).toEqual([done, expired]);
    expect(await of('status=cancelled')).toEqual([cancelled]);
    expect(await of('status=active&includeExpired=true')).toEqual([done, expired, active]);
    expect((await of('limit=3')).concat(await of('limit=3&page=2'))).toEqual([...made].reverse());
    expect(await of('providerId=prov_790')).toEqual([]);
    expect(await ids('patientId=listed')).toEqual([]);
    expect(await clinic.ask(200, 'get', '/prescriptions?patientId=pat_listed&limit=500&page=7')).toEqual({
      prescriptions: [],
      total: 4,
      page: 7,
    });
    expect(await rows('patientId=pat_listed', clinic.stranger.token)).toEqual([]);
    const included = await clinic.ask(200, 'get', '/patients/pat_listed?include=prescriptions');
    expect(included['prescriptions']).toEqual(await rows('patientId=pat_listed'));
  });

  test('what an EHR prescribed is in the list', async () => {
    const share = [clinic.provider.practice];
    const resource: MedicationRequest & { id: string } = {
      resourceType: 'MedicationRequest',
      id: 'ehr-rx',
      status: 'active',
      intent: 'order',
      subject: { reference: 'Patient/123' },
      requester: { reference: 'Practitioner/790' },
      authoredOn: '2024-05-06',
      medicationCodeableConcept: {
        coding: [
          {
            system: 'http://hl7.org/fhir/sid/ndc',
            code: '0469-5202-30',
            display: 'Tacrolimus Ointment 0.1%',
          },
        ],
      },
    };
    await clinic.write({ kind: 'put', resource, share });
    await clinic.write({ kind: 'put', resource: { ...resource, id: 'ehr-plan', intent: 'proposal' }, share });
    expect(await rows('providerId=prov_790')).toEqual([
      {
        id: 'rx_ehr-rx',
        rxNumber: null,
        medication: 'Tacrolimus Ointment 0.1%',
        patient: 'John Doe',
        provider: 'Dr. Michael Chen',
        status: 'active',
        refillsRemaining: 0,
        writtenDate: '2024-05-06',
        lastFilled: null,
      },
    ]);
    const plan = '/prescriptions/rx_ehr-plan';
    for (const answer of [
      await clinic.refuse('post', `${plan}/send`, { pharmacyId: 'pharm_bayview-pharmacy' }),
      await clinic.refuse('put', `${plan}/dosage`, { newSig: 'Twice daily' }),
      await clinic.refuse('post', `${plan}/refill`),
    ]) {
      expect(refusal(answer)).toEqual({ status: 404, code: 'NOT_FOUND', fields: [] });
    }
    const { history } = await clinic.ask(200, 'get', '/patients/pat_123/history?type=prescription');
    expect((history as { id: string }[]).map(({ id }) => id)).not.toContain('hist_ehr-plan');
    const sent = await clinic.ask(200, 'post', '/prescriptions/rx_ehr-rx/send', {
      pharmacyId: 'pharm_bayview-pharmacy',
    });
    expect(sent).toMatchObject({
      method: 'electronic',
      estimatedReadyTime: expect.stringMatching(UTC) as string,
    });
  });
});

test(`${MANY} parallel prescriptions have ${MANY} numbers`, async () => {
  await clinic.patient('many');
  const { house, provider } = clinic;
  const { principal } = await house.identity.sessions.login({
    email: provider.email,
    password: provider.password,
    address: '127.0.0.1',
  });
  const actor = {
    id: provider.id,
    name: 'Emily Johnson',
    practitioner: '789',
    viewer: principal.viewer,
    context: () => context(principal.viewer),
    step: () => context(principal.viewer),
  };
  const input = { ...PRESCRIBED, patientId: 'many', providerId: '789' };
  const made = await Promise.all(
    Array.from({ length: MANY }, () => house.prescriptions.create(actor, input)),
  );
  expect(new Set(made.map(({ view }) => view['rxNumber'])).size).toBe(MANY);
  expect(await clinic.ask(200, 'get', '/prescriptions?patientId=pat_many&limit=1')).toMatchObject({
    total: MANY,
  });
}, 120_000);

const context = (viewer: Viewer): WriteContext => ({ ...serverContext(), viewer });
