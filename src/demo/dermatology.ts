import type { Appointment, Encounter, Location, Practitioner } from '@medplum/fhirtypes';
import { DateTime } from 'luxon';
import { createPatient, type PatientInput } from '../chart';
import { createProvider, TIMEZONE, verifyProvider } from '../clinicians';
import { CANONICAL_BASE } from '../fhir';
import { type House, serverContext } from '../house';
import type { Actor } from '../provenance';
import type { Change } from '../store';

/** The dermatology practice of the demonstration. */
interface Practice {
  id: string;
  name: string;
}

const ZONE = 'America/Los_Angeles';
/** Names of the places that the Dermifi document uses. */
const PLACES = [
  { name: 'SF', city: 'San Francisco' },
  { name: 'Oakland', city: 'Oakland' },
  { name: 'San Jose', city: 'San Jose' },
] as const;

const SEEDED_BY: Actor = { id: 'crosswalk', name: 'Crosswalk' };

/**
 * Seeds places, the provider that the demonstration's provider user is, patients, visits and appointments.
 * @returns the Practitioner id of the provider
 */
export async function seedDermatology(house: House, practice: Practice): Promise<string> {
  const sf = await seedPlaces(house, practice);
  const provider = await seedProvider(house, practice);
  const [john = '', jane = ''] = await seedPatients(house, practice);
  await house.store.commit(
    [...visitOf(john, provider), ...appointmentsOf([john, jane], provider, sf)].map((resource) =>
      create(resource),
    ),
    { ...serverContext(), viewer: { practice: practice.id } },
  );
  return provider;
}

const create = (resource: Extract<Change, { kind: 'create' }>['resource']): Change => ({
  kind: 'create',
  resource,
});

/** @returns the id of the first place. */
async function seedPlaces({ store }: House, practice: Practice): Promise<string> {
  const places = PLACES.map(({ name, city }): Location => ({
    resourceType: 'Location',
    status: 'active',
    name,
    address: { city, state: 'CA', country: 'US' },
    managingOrganization: { reference: `Organization/${practice.id}`, display: practice.name },
    extension: [{ url: TIMEZONE, valueCode: ZONE }],
  }));
  const [first] = await store.commit(places.map(create), {
    ...serverContext(),
    viewer: { practice: practice.id },
  });
  return first?.id ?? '';
}

/** Dr. Emily Johnson of the document's examples, verified; the NPI is one with a right check digit. */
async function seedProvider({ store }: House, practice: Practice): Promise<string> {
  const viewer = { practice: practice.id };
  const context = { ...serverContext(), viewer };
  const made = await createProvider(store, {
    input: {
      firstName: 'Emily',
      lastName: 'Johnson',
      title: 'MD',
      specialty: 'Dermatology',
      npiNumber: '1234567893',
      licenseNumber: 'CA12345',
      licenseState: 'CA',
      email: 'ejohnson@dermifi.example',
      phone: '+1 (555) 111-2222',
      locations: ['SF', 'Oakland'],
      languages: ['English', 'Spanish'],
      acceptingNewPatients: true,
      education: [{ degree: 'MD', institution: 'Stanford University', year: 2008 }],
      certifications: ['American Board of Dermatology'],
    },
    viewer,
    by: { ...SEEDED_BY, practice: practice.id },
    at: new Date(),
    context,
  });
  await verifyProvider(store, {
    id: made.id,
    by: { ...SEEDED_BY, practice: practice.id },
    at: new Date(),
    context,
  });
  await store.commit([experienced(made.practitioner)], context);
  return made.id;
}

function experienced(practitioner: Practitioner): Change {
  const extension = [
    ...(practitioner.extension ?? []),
    { url: `${CANONICAL_BASE}/StructureDefinition/provider-rating`, valueDecimal: 4.8 },
    { url: `${CANONICAL_BASE}/StructureDefinition/review-count`, valueUnsignedInt: 245 },
    { url: `${CANONICAL_BASE}/StructureDefinition/years-of-experience`, valueUnsignedInt: 12 },
  ];
  return { kind: 'put', resource: { ...practitioner, id: practitioner.id ?? '', extension } };
}

const PATIENTS: readonly PatientInput[] = [
  {
    firstName: 'John',
    lastName: 'Doe',
    email: 'john.doe@email.example',
    phone: '+1 (555) 123-4567',
    dateOfBirth: '1985-06-15',
    gender: 'male',
    address: { street: '123 Main St', city: 'San Francisco', state: 'CA', zipCode: '94105' },
    emergencyContact: { name: 'Jane Doe', relationship: 'spouse', phone: '+1 (555) 123-4568' },
    insurance: { provider: 'Blue Cross', memberId: 'BC123456789', groupNumber: 'GRP001', copay: 20 },
    allergies: ['peanuts', 'latex'],
    medications: ['metformin 500mg twice daily'],
    conditions: ['diabetes type 2', 'hypertension'],
  },
  {
    firstName: 'Maria',
    lastName: 'Lopez',
    email: 'maria.lopez@email.example',
    phone: '+1 (555) 222-3344',
    dateOfBirth: '1990-03-21',
    gender: 'female',
    address: { street: '456 Oak Ave', city: 'Oakland', state: 'CA', zipCode: '94607' },
    insurance: { provider: 'Aetna', memberId: 'AET555000111', groupNumber: 'GRP002', copay: 25 },
    allergies: ['penicillin'],
  },
  {
    firstName: 'Wei',
    lastName: 'Zhang',
    dateOfBirth: '2001-11-02',
    gender: 'male',
    phone: '+1 (555) 444-7788',
  },
  {
    firstName: 'Aisha',
    lastName: 'Khan',
    email: 'aisha.khan@email.example',
    dateOfBirth: '1978-01-30',
    gender: 'female',
    conditions: ['psoriasis'],
  },
];

/** @returns FHIR ids, in order. */
async function seedPatients({ store }: House, practice: Practice): Promise<string[]> {
  const ids: string[] = [];
  for (const patient of PATIENTS) {
    const viewer = { practice: practice.id };
    const { view } = await createPatient(
      store,
      { ...patient, consentToTreat: true, hipaaConsent: true },
      {
        viewer,
        by: { ...SEEDED_BY, practice: practice.id },
        at: new Date(),
        contextOf: () => ({ ...serverContext(), viewer }),
      },
    );
    ids.push(String(view['id']).slice('pat_'.length));
  }
  return ids;
}

/** A visit some months ago, as an EHR writes it. */
function visitOf(patient: string, provider: string): Encounter[] {
  const subject = { reference: `Patient/${patient}` };
  const start = DateTime.now()
    .setZone(ZONE)
    .minus({ months: 3 })
    .set({ hour: 9, minute: 0, second: 0, millisecond: 0 });
  return [
    {
      resourceType: 'Encounter',
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject,
      participant: [{ individual: { reference: `Practitioner/${provider}` } }],
      period: { start: start.toUTC().toISO() ?? '', end: start.plus({ minutes: 30 }).toUTC().toISO() ?? '' },
      reasonCode: [{ text: 'Annual skin check' }],
      extension: [{ url: `${CANONICAL_BASE}/StructureDefinition/follow-up`, valueString: '3 months' }],
    },
  ];
}

/** Two appointments in the morning of the next working day. */
function appointmentsOf(patients: readonly string[], provider: string, place: string): Appointment[] {
  let day = DateTime.now().setZone(ZONE).plus({ days: 1 }).startOf('day');
  while (day.weekday > 5) day = day.plus({ days: 1 });
  const types = ['FOLLOWUP', 'ROUTINE'];
  return patients.map((patient, i): Appointment => {
    const start = day.set({ hour: 9, minute: 30 * i });
    const actors = [`Patient/${patient}`, `Practitioner/${provider}`, `Location/${place}`];
    return {
      resourceType: 'Appointment',
      status: 'booked',
      appointmentType: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0276', code: types[i] ?? 'ROUTINE' }],
      },
      start: start.toUTC().toISO() ?? '',
      end: start.plus({ minutes: 30 }).toUTC().toISO() ?? '',
      minutesDuration: 30,
      participant: actors.map((reference) => ({ actor: { reference }, status: 'accepted' })),
    };
  });
}
