import type { MedicationRequest, Provenance, Task } from '@medplum/fhirtypes';
import { apart, bare, type Clinic, openClinic, PRESCRIBED, type View } from './pharmacy-support';
import { expectGolden, refusal, UTC } from './support';

let clinic: Clinic;

beforeAll(async () => {
  clinic = await openClinic();
}, 60_000);
afterAll(() => clinic.close());

const prescribe = (more: object = {}, token?: string): Promise<View> =>
  clinic.ask(201, 'post', '/prescriptions', { ...PRESCRIBED, ...more }, token);
const HOUR = 3_600_000;

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
