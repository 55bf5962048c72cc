import type { Communication, MedicationRequest, Provenance, Task } from '@medplum/fhirtypes';
import { bare, type Clinic, openClinic, PRESCRIBED, prescriptionsOf } from './pharmacy-support';
import { expectGolden, refusal, UTC, type View } from './support';

let clinic: Clinic;

beforeAll(async () => {
  clinic = await openClinic();
}, 60_000);
afterAll(() => clinic.close());

const DAY = 86_400_000;
const daysAgo = (days: number): string => new Date(Date.now() - days * DAY).toISOString();

const { prescribe } = prescriptionsOf(() => clinic);
const ask = (id: unknown, body: object = REQUEST, token?: string): Promise<View> =>
  clinic.ask(201, 'post', `/prescriptions/${String(id)}/refill`, body, token);
const row = async (id: unknown): Promise<View | undefined> =>
  ((await clinic.ask(200, 'get', '/prescriptions?limit=100'))['prescriptions'] as View[]).find(
    (one) => one.id === id,
  );

/** The prescription as if it had been written some days ago. */
async function writtenAgo(days: number, more: object = {}): Promise<View> {
  const view = await prescribe(more);
  const { resource } = await clinic.stored<MedicationRequest>('MedicationRequest', bare(view.id));
  await clinic.write({
    kind: 'put',
    resource: { ...resource, id: bare(view.id), authoredOn: daysAgo(days) },
  });
  return view;
}

const REQUEST = {
  requestedBy: 'patient',
  pharmacyId: 'pharm_456',
  quantity: 60,
  notes: 'Patient traveling, needs early refill',
  earlyRefillReason: 'vacation',
};
const APPROVAL = {
  approvedBy: 'prov_789',
  quantity: 60,
  notes: 'Approved for vacation supply',
  sendToPharmacy: true,
  pharmacyId: 'pharm_456',
};
const DENIAL = {
  deniedBy: 'prov_789',
  reason: 'too_soon',
  explanation: 'Last refill was 10 days ago',
  alternativeAction: 'schedule_appointment',
};

describe('the document', () => {
  test('an early refill waits for approval, is shown as pending, approved and sent', async () => {
    const { id } = await prescribe();
    const requested = await ask(id);
    const { refillId, requestedAt, estimatedApprovalTime } = requested;
    expect(requested).toEqual({
      refillId,
      prescriptionId: id,
      status: 'pending_approval',
      requestedAt,
      requestedBy: 'patient',
      quantity: 60,
      refillNumber: 1,
      refillsRemaining: 1,
      requiresApproval: true,
      approvalReason: 'early_refill',
      estimatedApprovalTime,
      pharmacyNotified: true,
    });
    expect(requestedAt).toMatch(UTC);
    const pending = await clinic.ask(200, 'get', '/refills/pending?providerId=prov_789');
    expect(pending).toEqual({
      refills: [
        {
          id: refillId,
          patient: { id: 'pat_123', name: 'John Doe' },
          medication: 'Doxycycline 100mg',
          requestedAt,
          priority: 'routine',
          reason: REQUEST.notes,
          lastFilled: null,
          refillsRemaining: 2,
        },
      ],
      total: 1,
      urgentCount: 0,
    });
    const approved = await clinic.ask(200, 'put', `/refills/${String(refillId)}/approve`, APPROVAL);
    const { approvedAt, pharmacyConfirmation, estimatedReadyTime } = approved;
    expect(approved).toEqual({
      refillId,
      status: 'approved',
      approvedAt,
      approvedBy: 'prov_789',
      quantity: 60,
      sentToPharmacy: true,
      pharmacyConfirmation,
      estimatedReadyTime,
      patientNotified: true,
    });
    expect(pharmacyConfirmation).toMatch(/^SURE-REF-\d{6}$/);
    expect(
      Math.round((Date.parse(String(estimatedReadyTime)) - Date.parse(String(approvedAt))) / 3_600_000),
    ).toBe(2);
    expect(await row(id)).toMatchObject({ refillsRemaining: 1, lastFilled: String(approvedAt).slice(0, 10) });
    expect(await clinic.ask(200, 'get', '/refills/pending')).toMatchObject({ refills: [], total: 0 });
    const told = await clinic.find<Communication>('Communication', 'recipient=Patient/123');
    expect(told).toMatchObject([{ status: 'completed', about: [{ reference: `Task/${bare(refillId)}` }] }]);
    const { resource } = await clinic.stored<Task>('Task', bare(refillId));
    const { meta: _meta, ...task } = resource;
    expectGolden('refill', task, {
      [bare(refillId)]: 'refill',
      [bare(id)]: 'prescription',
      [String(pharmacyConfirmation)]: 'confirmation',
    });
  });

  test('a refill is denied as in its example', async () => {
    const { id } = await prescribe();
    const { refillId } = await ask(id);
    const denied = await clinic.ask(200, 'post', `/refills/${String(refillId)}/deny`, DENIAL);
    const { deniedAt } = denied;
    expect(denied).toEqual({
      refillId,
      status: 'denied',
      deniedAt,
      ...DENIAL,
      patientNotified: true,
      pharmacyNotified: true,
    });
    expect(await row(id)).toMatchObject({ refillsRemaining: 2, lastFilled: null });
    const again = await clinic.refuse('put', `/refills/${String(refillId)}/approve`, APPROVAL);
    expect(refusal(again)).toMatchObject({ status: 409, code: 'CONFLICT' });
    expect(again.text).toContain('denied');
  });

  test('changes a dosage as in its example', async () => {
    const { id } = await prescribe();
    await clinic.ask(200, 'post', `/prescriptions/${id}/send`, { pharmacyId: 'pharm_456' });
    const body = {
      newSig: 'Take 2 capsules by mouth twice daily with food',
      newQuantity: 120,
      newDaysSupply: 30,
      reason: 'Increasing dose for better efficacy',
      effectiveDate: '2024-01-21',
    };
    const view = await clinic.ask(200, 'put', `/prescriptions/${id}/dosage`, body);
    const { updatedAt } = view;
    expect(view).toEqual({
      id,
      previousSig: PRESCRIBED.sig,
      newSig: body.newSig,
      previousQuantity: 60,
      newQuantity: 120,
      updatedAt,
      updatedBy: 'prov_789',
      reason: body.reason,
      effectiveDate: '2024-01-21',
      pharmacyNotified: true,
      requiresNewRx: false,
    });
    const { resource } = await clinic.stored<MedicationRequest>('MedicationRequest', bare(id));
    expect(resource).toMatchObject({
      dosageInstruction: [
        { text: body.newSig, timing: { repeat: { boundsPeriod: { start: '2024-01-21' } } } },
      ],
      dispenseRequest: {
        quantity: { value: 120, unit: 'capsules' },
        performer: { reference: 'Organization/456' },
      },
    });
    const versions = await clinic.find<Provenance>(
      'Provenance',
      `target=MedicationRequest/${bare(id)}&_sort=recorded`,
    );
    expect(versions).toMatchObject([{}, { reason: [{ text: body.reason }] }]);
  });
});

describe('refills', () => {
  test('one that is not early is approved at once, until none is left', async () => {
    const { id } = await writtenAgo(31, { refills: 1 });
    const view = await ask(id, {});
    expect(view).toMatchObject({
      status: 'approved',
      requiresApproval: false,
      approvalReason: null,
      estimatedApprovalTime: null,
      requestedBy: null,
      quantity: 60,
      refillNumber: 1,
      refillsRemaining: 0,
      pharmacyNotified: false,
    });
    const none = await clinic.refuse('post', `/prescriptions/${id}/refill`, {});
    expect(refusal(none)).toMatchObject({ status: 409, code: 'CONFLICT' });
    expect(await row(id)).toMatchObject({ refillsRemaining: 0 });
  });

  test('an approved refill counts as a fill: the next one is early; a dispense of an EHR does too', async () => {
    const { id } = await writtenAgo(40);
    expect(await ask(id)).toMatchObject({ status: 'approved', pharmacyNotified: true });
    expect(await ask(id)).toMatchObject({ status: 'pending_approval', refillNumber: 2, refillsRemaining: 0 });
    const waiting = await clinic.refuse('post', `/prescriptions/${id}/refill`, {});
    expect(refusal(waiting)).toMatchObject({ status: 409 });
    expect(waiting.text).toContain('pending_approval');

    const other = (await writtenAgo(90)).id;
    await clinic.write({
      kind: 'create',
      resource: {
        resourceType: 'MedicationDispense',
        status: 'completed',
        medicationCodeableConcept: { text: 'Doxycycline' },
        subject: { reference: 'Patient/123' },
        authorizingPrescription: [{ reference: `MedicationRequest/${bare(other)}` }],
        whenHandedOver: daysAgo(10),
      },
    });
    expect(await row(other)).toMatchObject({ lastFilled: daysAgo(10).slice(0, 10), refillsRemaining: 2 });
    expect(await ask(other)).toMatchObject({ status: 'pending_approval', approvalReason: 'early_refill' });
  });

  test('without days of supply a prescriber decides', async () => {
    const { id } = await writtenAgo(400, { daysSupply: null });
    expect(await ask(id)).toMatchObject({
      status: 'pending_approval',
      approvalReason: 'days_supply_unknown',
    });
  });

  test('pending ones are urgent by their Task, or when the supply has run out', async () => {
    const { id } = await prescribe();
    const { refillId } = await ask(id);
    const { resource } = await clinic.stored<MedicationRequest>('MedicationRequest', bare(id));
    const priority = async (): Promise<unknown> =>
      ((await clinic.ask(200, 'get', '/refills/pending'))['refills'] as View[]).find(
        (one) => one.id === refillId,
      )?.['priority'];
    expect(await priority()).toBe('routine');
    await clinic.write({ kind: 'put', resource: { ...resource, id: bare(id), authoredOn: daysAgo(31) } });
    expect(await priority()).toBe('urgent');
    await clinic.write({ kind: 'put', resource: { ...resource, id: bare(id) } });
    const { resource: task } = await clinic.stored<Task>('Task', bare(refillId));
    await clinic.write({ kind: 'put', resource: { ...task, id: bare(refillId), priority: 'urgent' } });
    const urgent = await clinic.ask(200, 'get', '/refills/pending?priority=urgent');
    expect((urgent['refills'] as View[]).map((one) => one.id)).toContain(refillId);
    expect(urgent['urgentCount']).toBe((urgent['refills'] as View[]).length);
    expect(await clinic.ask(200, 'get', '/refills/pending?providerId=prov_790')).toMatchObject({
      refills: [],
      urgentCount: 0,
    });
    await clinic.write({ kind: 'put', resource: { ...task, id: bare(refillId), status: 'accepted' } });
    expect(await priority()).toBeUndefined();
    expect(await row(id)).toMatchObject({ refillsRemaining: 1 });
  });

  test('flags are true only for what was told', async () => {
    await clinic.patient('silent', { telecom: [] });
    const { id } = await prescribe({ patientId: 'pat_silent' });
    const requested = await ask(id, {});
    expect(requested).toMatchObject({ pharmacyNotified: false });
    const approve = `/refills/${String(requested['refillId'])}/approve`;
    const nowhere = await clinic.refuse('put', approve, { sendToPharmacy: true });
    expect(refusal(nowhere)).toEqual({ status: 422, code: 'VALIDATION_ERROR', fields: ['pharmacyId'] });
    expect(await clinic.ask(200, 'put', approve)).toMatchObject({
      approvedBy: 'prov_789',
      sentToPharmacy: false,
      pharmacyConfirmation: null,
      estimatedReadyTime: null,
      patientNotified: false,
    });
  });

  test('of several decisions at once one holds, and of several requests one waits', async () => {
    const { id } = await prescribe();
    const call = { token: clinic.provider.token, body: REQUEST };
    const asked = await Promise.all(
      [1, 2, 3].map(() => clinic.call('post', `/prescriptions/${id}/refill`, call)),
    );
    expect(asked.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const refillId = String((asked.find(({ status }) => status === 201)?.body as View)['refillId']);
    const { token } = clinic.provider;
    const decided = await Promise.all([
      clinic.call('put', `/refills/${refillId}/approve`, { token, body: APPROVAL }),
      clinic.call('put', `/refills/${refillId}/approve`, { token, body: APPROVAL }),
      clinic.call('post', `/refills/${refillId}/deny`, { token, body: DENIAL }),
    ]);
    expect(decided.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });

  test('rights, unknown ids and other practices', async () => {
    const { id } = await prescribe();
    const { refillId } = await ask(id, REQUEST, clinic.staff.token);
    const approve = `/refills/${String(refillId)}/approve`;
    const deny = `/refills/${String(refillId)}/deny`;
    const forbidden = { status: 403, code: 'FORBIDDEN' };
    expect(refusal(await clinic.refuse('put', approve, {}, clinic.staff.token))).toMatchObject(forbidden);
    expect(refusal(await clinic.refuse('post', deny, DENIAL, clinic.staff.token))).toMatchObject(forbidden);
    expect(
      refusal(await clinic.refuse('post', `/prescriptions/${id}/refill`, {}, clinic.reader.token)),
    ).toMatchObject(forbidden);
    expect(refusal(await clinic.refuse('put', approve, {}, clinic.stranger.token))).toMatchObject({
      status: 404,
    });
    expect(
      refusal(await clinic.refuse('post', `/prescriptions/${id}/refill`, {}, clinic.stranger.token)),
    ).toMatchObject({ status: 404 });
    expect(await clinic.ask(200, 'get', '/refills/pending', undefined, clinic.stranger.token)).toMatchObject({
      refills: [],
      total: 0,
    });
    expect(refusal(await clinic.refuse('put', approve, { approvedBy: 'prov_none' })).fields).toEqual([
      'approvedBy',
    ]);
    expect(refusal(await clinic.refuse('put', approve, { pharmacyId: 'pharm_none' })).fields).toEqual([
      'pharmacyId',
    ]);
    expect(refusal(await clinic.refuse('post', deny, {})).fields).toEqual(['reason']);
    expect(refusal(await clinic.refuse('put', '/refills/ref_none/approve', {}))).toMatchObject({
      status: 404,
    });
    expect(refusal(await clinic.refuse('get', '/refills/pending?priority=whenever'))).toMatchObject({
      status: 400,
    });
  });
});
