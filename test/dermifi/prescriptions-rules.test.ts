import type { Provenance } from '@medplum/fhirtypes';
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
import { refusal } from './support';

let clinic: Clinic;

beforeAll(async () => {
  clinic = await openClinic();
}, 60_000);
afterAll(() => clinic.close());

const { prescribe, rows, rewritten } = prescriptionsOf(() => clinic);

describe('rules', () => {
  test('who acts for another provider does not sign', async () => {
    const view = await prescribe({ providerId: 'prov_790' }, clinic.provider.token).catch(() => undefined);
    expect(view).toMatchObject({ providerId: 'prov_790', eSigned: false, eSignedAt: null });
    const [provenance] = await clinic.find<Provenance>(
      'Provenance',
      `target=MedicationRequest/${bare(view?.id)}`,
    );
    expect(provenance?.agent[0]?.who).toMatchObject({
      reference: 'Practitioner/789',
      display: 'Emily Johnson',
    });
    expect(provenance?.signature).toBeUndefined();
  });

  test('a provider of another practice only is none here', async () => {
    await clinic.write(
      { kind: 'put', resource: { resourceType: 'Practitioner', id: 'far', name: [{ family: 'Away' }] } },
      {
        kind: 'put',
        resource: {
          resourceType: 'PractitionerRole',
          id: 'far',
          practitioner: { reference: 'Practitioner/far' },
          organization: { reference: `Organization/${clinic.stranger.practice}` },
        },
      },
    );
    const answer = await clinic.refuse('post', '/prescriptions', { ...PRESCRIBED, providerId: 'prov_far' });
    expect(refusal(answer)).toEqual({ status: 422, code: 'VALIDATION_ERROR', fields: ['providerId'] });
  });

  test('an unknown drug has null where the formulary would tell; a controlled one its schedule, and half a year', async () => {
    const unknown = await prescribe({ medication: { name: 'Unobtainium' }, refills: null, daysSupply: null });
    expect(unknown).toMatchObject({
      medication: {
        name: 'Unobtainium',
        genericName: null,
        strength: null,
        form: null,
        ndcCode: null,
        manufacturer: null,
      },
      refills: 0,
      daysSupply: null,
      deaSchedule: null,
    });
    const controlled = await prescribe({
      medication: { name: 'Acetaminophen and Codeine', strength: '300mg/30mg', form: 'tablet' },
    });
    expect(controlled).toMatchObject({ deaSchedule: 'CIII', medication: { ndcCode: '0093-0150-01' } });
    const months = apart(controlled['writtenDate'], controlled['expirationDate']) / (30.44 * 24 * HOUR);
    expect(Math.round(months)).toBe(6);
    expect(
      await clinic.ask(200, 'put', `/prescriptions/${controlled.id}/dosage`, { newSig: 'Half a tablet' }),
    ).toMatchObject({
      requiresNewRx: true,
      pharmacyNotified: false,
      previousQuantity: 60,
      newQuantity: 60,
      effectiveDate: null,
      reason: null,
    });
  });

  test('what is not active is not sent, refilled or changed: 409 with the present state', async () => {
    const expired = (await prescribe()).id;
    await rewritten(expired, ended);
    const cancelled = (await prescribe()).id;
    await rewritten(cancelled, (mr) => ({ ...mr, status: 'cancelled' }));
    for (const [id, state] of [
      [expired, 'expired'],
      [cancelled, 'cancelled'],
    ] as const) {
      for (const [method, path, body] of [
        ['post', 'send', { pharmacyId: 'pharm_456' }],
        ['post', 'refill', {}],
        ['put', 'dosage', { newQuantity: 1 }],
      ] as const) {
        const answer = await clinic.refuse(method, `/prescriptions/${id}/${path}`, body);
        expect(refusal(answer)).toMatchObject({ status: 409, code: 'CONFLICT' });
        expect(answer.text).toContain(state);
      }
    }
    await clinic.patient('left', { active: false });
    expect(
      refusal(await clinic.refuse('post', '/prescriptions', { ...PRESCRIBED, patientId: 'pat_left' })),
    ).toMatchObject({ status: 409 });
  });

  test('what does not fit is refused by name, all at once; unknown ids too', async () => {
    const bad = await clinic.refuse('post', '/prescriptions', {
      ...PRESCRIBED,
      medication: { strength: 5 },
      quantity: 0,
      icd10Code: 'acne',
      refils: 2,
    });
    expect(refusal(bad)).toMatchObject({ status: 422, code: 'VALIDATION_ERROR' });
    expect(refusal(bad).fields.sort()).toEqual([
      'icd10Code',
      'medication.name',
      'medication.strength',
      'quantity',
      'refils',
    ]);
    expect(refusal(await clinic.refuse('post', '/prescriptions', {})).fields.sort()).toEqual([
      'medication',
      'patientId',
      'providerId',
      'quantity',
      'sig',
    ]);
    const nobody = await clinic.refuse('post', '/prescriptions', {
      ...PRESCRIBED,
      patientId: 'prov_789',
      providerId: 'prov_none',
    });
    expect(refusal(nobody).fields).toEqual(['patientId', 'providerId']);
    const { id } = await prescribe();
    // 789 is a practitioner, the practice an organization without an NCPDP number.
    for (const pharmacyId of ['pharm_none', 'prov_789', `pharm_${clinic.provider.practice}`]) {
      expect(
        refusal(await clinic.refuse('post', `/prescriptions/${id}/send`, { pharmacyId })).fields,
      ).toEqual(['pharmacyId']);
    }
    expect(
      refusal(await clinic.refuse('put', `/prescriptions/${id}/dosage`, { reason: 'x' })).fields,
    ).toEqual(['newSig']);
    expect(
      refusal(await clinic.refuse('post', '/prescriptions/rx_none/send', { pharmacyId: 'pharm_456' })),
    ).toMatchObject({ status: 404 });
    for (const query of ['status=lost', 'includeExpired=perhaps', 'page=0', 'x=1']) {
      expect(refusal(await clinic.refuse('get', `/prescriptions?${query}`))).toMatchObject({
        status: 400,
        code: 'BAD_REQUEST',
      });
    }
  });

  test('rights and other practices', async () => {
    const { id } = await prescribe();
    const forbidden = { status: 403, code: 'FORBIDDEN' };
    for (const { token } of [clinic.staff, clinic.pharmacist, clinic.reader]) {
      expect(refusal(await clinic.refuse('post', '/prescriptions', PRESCRIBED, token))).toMatchObject(
        forbidden,
      );
      expect(
        refusal(await clinic.refuse('post', `/prescriptions/${id}/send`, { pharmacyId: 'pharm_456' }, token)),
      ).toMatchObject(forbidden);
      expect(
        refusal(await clinic.refuse('put', `/prescriptions/${id}/dosage`, { newSig: 'x' }, token)),
      ).toMatchObject(forbidden);
      expect((await rows('limit=1', token)).length).toBe(1);
    }
    const { token } = clinic.stranger;
    expect(
      refusal(await clinic.refuse('post', `/prescriptions/${id}/send`, { pharmacyId: 'pharm_456' }, token)),
    ).toMatchObject({ status: 404 });
    expect(
      refusal(await clinic.refuse('put', `/prescriptions/${id}/dosage`, { newSig: 'x' }, token)),
    ).toMatchObject({ status: 404 });
  });
});
