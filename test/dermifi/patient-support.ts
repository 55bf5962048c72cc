import type { Api, Signed, View } from './support';

/** The body of the document's example. */
export const JANE = {
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
export const MINIMAL = {
  firstName: 'Ana',
  lastName: 'Silva',
  dateOfBirth: '1980-01-01',
  consentToTreat: true,
  hipaaConsent: true,
};

/** Calls for patients, by the staff of a practice that is opened later unless another token is given. */
export function patientsOf(practice: () => { api: Api; staff: Signed }) {
  const call = (method: 'get' | 'post' | 'put', path: string, body?: object, token?: string) =>
    practice().api.call(method, path, { token: token ?? practice().staff.token, body });
  return {
    create: async (body: object, token?: string): Promise<View> => {
      const answer = await call('post', '/patients', body, token);
      expect({ status: answer.status, body: answer.body as object }).toMatchObject({ status: 201 });
      return answer.body as View;
    },
    read: async (id: string, token?: string): Promise<View> =>
      (await call('get', `/patients/${id}`, undefined, token)).body as View,
    update: async (id: string, body: object, token?: string): Promise<View> => {
      const answer = await call('put', `/patients/${id}`, body, token);
      expect({ status: answer.status, body: answer.body as object }).toMatchObject({ status: 200 });
      return answer.body as View;
    },
    list: async (query: string, token?: string) =>
      (await call('get', `/patients?${query}`, undefined, token)).body as {
        data: View[];
        pagination: Record<string, unknown>;
      },
  };
}
