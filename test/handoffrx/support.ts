import type { Response } from 'supertest';
import { type Method, openVendorApi, type SendOptions, type VendorApi } from '../support/vendor-api';

/** The body of the document's curl example. */
export const DOCUMENTED = {
  client_first: 'Maria',
  client_last: 'Hernandez',
  client_dob: '1985-03-15',
  client_ahcccs_id: 'AZ123456789',
  client_insurance: 'AHCCCS',
  sent_to_practice: 'Sonora Behavioral Health',
  service_needed: 'IOP - Substance Use',
  level_of_care: 'IOP',
  diagnosis: 'F10.20',
  risk_level: 'medium',
  is_urgent: false,
  clinical_justification:
    'Client meets ASAM criteria for IOP level of care. Motivated for treatment, stable housing, support system in place.',
};

export interface CallOptions extends SendOptions {
  key?: string;
}

/** The HandoffRx API of a test house. */
export interface Api extends Omit<VendorApi, 'send' | 'expectDescribed'> {
  /** Makes a practice with a key. */
  practice(
    name: string,
    options?: { scopes?: string[]; plan?: string },
  ): Promise<{ id: string; key: string }>;
  /** Keys of a practice for as many calls as one likes: another one before a minute's limit of the plan is reached. */
  keyring(practice: string): () => Promise<string>;
  call(method: Method, path: string, options?: CallOptions): Promise<Response>;
}

const ALL_SCOPES = ['referrals:read', 'referrals:write', 'providers:read'];

/** Fewer than the calls a minute of an Enterprise key. */
const CALLS_A_KEY = 450;

export async function openApi(): Promise<Api> {
  const { send, ...api } = await openVendorApi({
    at: '/api/v1',
    // Paths that the document does not have answer 404 in the same form.
    expectAnswer: (answer, isDescribed) => {
      if (isDescribed) return;
      const seen = { status: answer.status, keys: Object.keys(answer.body as object) };
      expect(seen).toEqual({ status: 404, keys: ['error'] });
    },
  });
  const { keys, practices } = api.house.identity;
  return {
    ...api,
    async practice(name, { scopes = ALL_SCOPES, plan = 'Enterprise' } = {}) {
      const { id } = await practices.create(name);
      const { apiKey } = await keys.create({ practice: id, plan, scopes });
      return { id, key: apiKey };
    },
    keyring(practice) {
      let calls = 0;
      let key: Promise<string> | undefined;
      return () => {
        if (key === undefined || calls++ % CALLS_A_KEY === 0) {
          key = keys
            .create({ practice, plan: 'Enterprise', scopes: ALL_SCOPES })
            .then(({ apiKey }) => apiKey);
        }
        return key;
      };
    },
    call: (method, path, { key, ...options } = {}) => send(method, path, key, options),
  };
}
