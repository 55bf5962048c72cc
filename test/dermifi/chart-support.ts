import type { Encounter, Resource } from '@medplum/fhirtypes';
import { type Api, openApi, type Signed } from './support';

/** A practice with a provider and a patient, in whose chart an EHR writes too. */
export interface Chart {
  api: Api;
  staff: Signed;
  provider: Signed;
  /** The provider's id in the API. */
  prov: string;
  /** The patient's FHIR id. */
  pat: string;
  /** Another patient; its FHIR id. */
  newPatient(): Promise<string>;
  /** Writes as an EHR of the practice. @returns FHIR ids. */
  ehr(...resources: (Resource & { id?: string })[]): Promise<string[]>;
  /** A visit of the patient to the provider. */
  encounter(start: string, more?: Partial<Encounter>): Encounter;
}

export async function openChart(): Promise<Chart> {
  const api = await openApi();
  const staff = await api.user('staff');
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
  const prov = (body as { id: string }).id;
  const provider = await api.user('provider', { practitioner: prov.slice(5), name: 'Emily Johnson' });
  let people = 0;
  const newPatient: Chart['newPatient'] = async () => {
    const body = {
      firstName: 'John',
      lastName: `Doe${++people}`,
      dateOfBirth: '1985-06-15',
      consentToTreat: true,
      hipaaConsent: true,
    };
    const answer = await api.call('post', '/patients', { token: staff.token, body });
    return (answer.body as { id: string }).id.slice(4);
  };
  const ehr: Chart['ehr'] = async (...resources) => {
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
  const pat = await newPatient();
  const encounter: Chart['encounter'] = (start, more = {}) => ({
    resourceType: 'Encounter',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject: { reference: `Patient/${pat}` },
    participant: [{ individual: { reference: `Practitioner/${prov.slice(5)}` } }],
    period: { start, end: start },
    ...more,
  });
  return { api, staff, provider, prov, pat, newPatient, ehr, encounter };
}
