import type { Coverage, Patient, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { MongoClient } from 'mongodb';
import { findEmbeddedMongo } from '../../src/embedded-mongo';
import { type ProviderRow, writeProviders } from '../../src/directory';
import { readConfig } from '../../src/config';
import { type House, openHouse, serverContext } from '../../src/house';
import type { Bench } from '../faces/processes';

const CHUNK = 500;
/** Patients of one last name: a page of 20 and more. */
export const GROUP = 25;
/** Requests of one user: below the hundred a minute that the API allows. */
const CALLS_A_TOKEN = 90;
const SEARCHED = ['AHCCCS', 'Banner', 'Mercy Care', 'UnitedHealthcare'];
const LEVELS = ['OP', 'IOP', 'PHP', 'Residential', 'Detox'];

/** A second house on the database of the server that is measured: it writes what the measurements need, then closes. */
export async function withHouse<T>(bench: Bench, work: (house: House) => Promise<T>): Promise<T> {
  const { hostname, port } = new URL(bench.url);
  const uri = await findEmbeddedMongo(bench.dataDir);
  const environment = {
    DATA_DIR: bench.dataDir,
    MONGODB_URI: uri,
    HOST: hostname,
    PORT: port,
    LOG_LEVEL: 'error',
  };
  const house = await openHouse(readConfig(environment));
  try {
    const done = await work(house);
    await house.drain();
    return done;
  } finally {
    await house.close();
  }
}

/** Practice and provider that the demonstration's provider user works with. */
export async function clinicOf(
  house: House,
  bench: Bench,
): Promise<{ practice: string; practitioner: string }> {
  const email = bench.credentials.dermifi.find(({ role }) => role === 'provider')?.email ?? '';
  const user = await house.identity.users.find(email);
  const { practiceId: practice, practitioner } = user ?? {};
  if (!practice || !practitioner) throw new Error('The demonstration has no provider.');
  return { practice, practitioner };
}

export const lastName = (i: number): string => `Family${Math.floor(i / GROUP)}`;

function patientOf(i: number): Resource[] {
  const patient: Patient = {
    resourceType: 'Patient',
    id: `bench-${i}`,
    active: true,
    name: [{ family: lastName(i), given: [`Given${i % 89}`] }],
    gender: i % 2 === 0 ? 'female' : 'male',
    birthDate: `19${String(10 + (i % 90)).padStart(2, '0')}-0${1 + (i % 9)}-1${i % 10}`,
    telecom: [
      { system: 'phone', value: `+1 (555) ${String(i).padStart(7, '0')}` },
      { system: 'email', value: `patient${i}@bench.example` },
    ],
    address: [{ line: ['1 Main St'], city: 'San Francisco', state: 'CA', postalCode: '94105' }],
  };
  if (i % 4 !== 0) return [patient];
  const coverage: Coverage = {
    resourceType: 'Coverage',
    id: `bench-${i}`,
    status: 'active',
    beneficiary: { reference: `Patient/bench-${i}` },
    payor: [{ display: 'Blue Cross' }],
    subscriberId: `BC${i}`,
  };
  return [patient, coverage];
}

/** Patients of a practice, `bench-<from>` to `bench-<to>`, every fourth with insurance; the floor gets as many documents. */
export async function loadPatients(house: House, practice: string, from: number, to: number): Promise<void> {
  const context = { ...serverContext(), viewer: { practice } };
  await chunked(from, to, async (numbers) => {
    const resources = numbers.flatMap(patientOf);
    await house.store.commit(
      resources.map((resource) => ({ kind: 'put', resource: { ...resource, id: resource.id ?? '' } })),
      context,
    );
  });
}

export async function loadFloor(bench: Bench, to: number): Promise<void> {
  const client = await MongoClient.connect((await findEmbeddedMongo(bench.dataDir)) ?? '');
  const floor = client.db().collection<{ _id: string; resource: object }>('floor');
  await chunked(0, to, async (numbers) => {
    const value = (i: number) => ({ identifier: [{ value: lastName(i) }] });
    await floor.insertMany(
      numbers.map((i) => ({ _id: `p${i}`, resource: { ...patientOf(i)[0], ...value(i) } })),
    );
  });
  await client.close();
}

/** Referrals that the practice sent to itself, as an EHR writes them: without a Task. */
export async function loadReferrals(house: House, practice: string, from: number, to: number): Promise<void> {
  const context = { ...serverContext(), viewer: { practice } };
  const requestOf = (i: number): ServiceRequest & { id: string } => ({
    resourceType: 'ServiceRequest',
    id: `bench-${practice}-${i}`.slice(0, 64),
    status: 'active',
    intent: 'order',
    subject: { display: `Client ${i}` },
    code: { text: 'IOP - Substance Use' },
    authoredOn: new Date(Date.UTC(2025, 0, 1) + i * 60_000).toISOString(),
    performer: [{ reference: `Organization/${practice}`, display: 'Bench' }],
  });
  await chunked(from, to, (numbers) =>
    house.store.commit(
      numbers.map((i) => ({ kind: 'put', resource: requestOf(i) })),
      context,
    ),
  );
}

/** A directory of so many providers in all counties. */
export async function loadDirectory(house: House, count: number): Promise<void> {
  const rowOf = (i: number): ProviderRow => ({
    practice: `Bench Practice ${i}`,
    facilityType: LEVELS[i % LEVELS.length] ?? 'OP',
    county: i % 3 === 0 ? 'Maricopa' : 'Pima',
    insurance: SEARCHED.filter((_plan, plan) => (i >> plan) % 2 === 0),
    specialties: [i % 2 === 0 ? 'substance-use' : 'trauma'],
    isAccepting: i % 10 !== 0,
    rating: (i % 50) / 10,
    slots: [{ level: LEVELS[i % LEVELS.length] ?? 'OP', count: i % 7 }],
  });
  await chunked(0, count, (numbers) => writeProviders(house.store, numbers.map(rowOf), serverContext()));
}

/** Access tokens of as many users as so many requests need, handed out one after the other. */
export async function tokensFor(
  house: House,
  { practice, practitioner }: { practice: string; practitioner: string },
  requests: number,
): Promise<() => string> {
  const { users, sessions } = house.identity;
  const tokens: string[] = [];
  for (let i = 0; i * CALLS_A_TOKEN < requests; i++) {
    const email = `bench${i}@bench.example`;
    const { password } = await users.create({
      email,
      name: `Bench ${i}`,
      role: 'provider',
      practice,
      practitioner,
    });
    tokens.push((await sessions.login({ email, password, address: '127.0.0.1' })).accessToken);
  }
  let used = 0;
  return () => tokens[Math.floor(used++ / CALLS_A_TOKEN) % tokens.length] ?? '';
}

async function chunked(
  from: number,
  to: number,
  write: (numbers: number[]) => Promise<unknown>,
): Promise<void> {
  for (let at = from; at < to; at += CHUNK) {
    await write(Array.from({ length: Math.min(CHUNK, to - at) }, (_, i) => at + i));
  }
}
