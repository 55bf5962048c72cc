import type { Coverage, MedicationRequest, Patient, Practitioner } from '@medplum/fhirtypes';
import type { Response } from 'supertest';
import { seedPharmacy } from '../../src/demo/pharmacy';
import { type Api, openApi, type Signed, type View } from './support';

/** A practice with a provider, a patient with insurance, the demonstration's pharmacies and formulary. */
export interface Clinic extends Api {
  provider: Signed;
  /** May read and write, not prescribe. */
  staff: Signed;
  pharmacist: Signed;
  reader: Signed;
  /** Of another practice, with every right of a provider. */
  stranger: Signed;
  /** Answers of the provider's calls; fails when the status is another. */
  ask(
    status: number,
    method: 'get' | 'post' | 'put',
    path: string,
    body?: object,
    token?: string,
  ): Promise<View>;
  refuse(method: 'get' | 'post' | 'put', path: string, body?: object, token?: string): Promise<Response>;
  patient(id: string, more?: Partial<Patient>, copay?: number): Promise<void>;
}

export async function openClinic(): Promise<Clinic> {
  const api = await openApi();
  await seedPharmacy(api.house);
  const practitioner = (id: string, given: string, family: string): Practitioner & { id: string } => ({
    resourceType: 'Practitioner',
    id,
    active: true,
    identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567890' }],
    name: [{ given: [given], family, suffix: ['MD'] }],
  });
  await api.write(
    { kind: 'put', resource: practitioner('789', 'Emily', 'Johnson') },
    { kind: 'put', resource: practitioner('790', 'Michael', 'Chen') },
  );
  const provider = await api.user('provider', { practitioner: '789', name: 'Emily Johnson' });
  const staff = await api.user('staff');
  const patient: Clinic['patient'] = async (id, more = {}, copay) => {
    const share = [provider.practice];
    const coverage: Coverage = {
      resourceType: 'Coverage',
      status: 'active',
      beneficiary: { reference: `Patient/${id}` },
      payor: [{ display: 'Blue Cross' }],
      costToBeneficiary: [
        {
          type: {
            coding: [{ system: 'http://terminology.hl7.org/CodeSystem/coverage-copay-type', code: 'copay' }],
          },
          valueMoney: { value: copay ?? 0, currency: 'USD' },
        },
      ],
    };
    await api.write(
      {
        kind: 'put',
        share,
        resource: {
          resourceType: 'Patient',
          id,
          active: true,
          name: [{ given: ['John'], family: 'Doe' }],
          birthDate: '1985-06-15',
          telecom: [{ system: 'phone', value: '+1 (555) 123-4567' }],
          ...more,
        },
      },
      ...(copay === undefined ? [] : [{ kind: 'create' as const, resource: coverage, share }]),
    );
  };
  await patient('123', {}, 25);
  // A user may ask a hundred times a minute; the others are the same provider.
  const others = [
    await api.user('provider', { practitioner: '789' }),
    await api.user('provider', { practitioner: '789' }),
  ];
  const tokens = [provider, ...others].map(({ token }) => token);
  let calls = 0;
  const next = (): string => tokens[Math.floor(calls++ / 80) % tokens.length] ?? provider.token;
  return {
    ...api,
    provider,
    staff,
    pharmacist: await api.user('pharmacy'),
    reader: await api.user('read-only'),
    stranger: await api.user('provider', { practice: 'Elsewhere Dermatology', practitioner: '790' }),
    patient,
    async ask(status, method, path, body, token = next()) {
      const answer = await api.call(method, path, { token, body });
      expect({ status: answer.status, body: answer.body as object }).toMatchObject({ status });
      return answer.body as View;
    },
    refuse: (method, path, body, token = next()) => api.call(method, path, { token, body }),
  };
}

/** The body of "Create new prescription". */
export const PRESCRIBED = {
  patientId: 'pat_123',
  providerId: 'prov_789',
  medication: { name: 'Doxycycline', strength: '100mg', form: 'capsule', ndcCode: '00000-0000-00' },
  sig: 'Take 1 capsule by mouth twice daily with food',
  quantity: 60,
  quantityUnit: 'capsules',
  refills: 2,
  daysSupply: 30,
  substitutionAllowed: true,
  indication: 'Moderate acne vulgaris',
  icd10Code: 'L70.0',
  notes: 'Take with full glass of water',
  priorAuthorization: { required: false },
};

/** The body of "Create new order". */
export const ORDERED = {
  patientId: 'pat_123',
  providerId: 'prov_789',
  type: 'prescription',
  priority: 'routine',
  items: [
    {
      type: 'medication',
      name: 'Tretinoin Cream 0.025%',
      quantity: 1,
      unit: 'tube',
      size: '45g',
      instructions: 'Apply thin layer to affected areas nightly',
    },
    {
      type: 'medication',
      name: 'Clindamycin Gel 1%',
      quantity: 1,
      unit: 'tube',
      size: '30g',
      instructions: 'Apply twice daily to affected areas',
    },
  ],
  pharmacy: {
    id: 'pharm_456',
    name: 'CVS Pharmacy',
    address: '123 Market St, San Francisco, CA 94105',
    phone: '+1 (555) 678-9012',
    fax: '+1 (555) 678-9013',
  },
  shipping: {
    method: 'mail',
    address: { street: '123 Main St', city: 'San Francisco', state: 'CA', zipCode: '94105' },
    expedited: false,
  },
  notes: 'Patient prefers generic if available',
};

/** FHIR id behind an id of the API. */
export const bare = (id: unknown): string => String(id).replace(/^[a-z]+_/, '');

/** Milliseconds between two times. */
export const apart = (from: unknown, to: unknown): number =>
  Date.parse(String(to)) - Date.parse(String(from));

export const HOUR = 3_600_000;

type OrderView = View & { items: View[] };

/** Places and reads orders in a clinic that is opened later. */
export function ordersOf(clinic: () => Clinic) {
  return {
    order: async (more: object = {}): Promise<OrderView> =>
      (await clinic().ask(201, 'post', '/orders', { ...ORDERED, ...more })) as OrderView,
    read: async (id: string): Promise<OrderView> =>
      (await clinic().ask(200, 'get', `/orders/${id}`)) as OrderView,
  };
}

/** What makes of ORDERED an order without a pharmacy. */
export const LAB = {
  type: 'lab',
  items: [{ type: 'lab', name: 'Complete Blood Count' }],
  pharmacy: null,
  shipping: null,
};

/** Makes, lists and rewrites prescriptions in a clinic that is opened later. */
export function prescriptionsOf(clinic: () => Clinic) {
  return {
    prescribe: (more: object = {}, token?: string): Promise<View> =>
      clinic().ask(201, 'post', '/prescriptions', { ...PRESCRIBED, ...more }, token),
    rows: async (query: string, token?: string): Promise<View[]> =>
      (await clinic().ask(200, 'get', `/prescriptions?${query}`, undefined, token))[
        'prescriptions'
      ] as View[],
    /** The prescription with other content, as an EHR would write it. */
    rewritten: async (id: string, change: (mr: MedicationRequest) => MedicationRequest): Promise<void> => {
      const { resource } = await clinic().stored<MedicationRequest>('MedicationRequest', bare(id));
      await clinic().write({ kind: 'put', resource: { ...change(resource), id: bare(id) } });
    },
  };
}

/** A prescription that has expired. */
export const ended = (mr: MedicationRequest): MedicationRequest => ({
  ...mr,
  dispenseRequest: { ...mr.dispenseRequest, validityPeriod: { end: '2025-01-01T00:00:00Z' } },
});
