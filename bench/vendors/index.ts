import { matchProviders, createDirectory } from '../../src/directory';
import { type Figure, interleaved, type Load } from '../faces/measure';
import { type Bench, serverCpu, startBench, untilCalm } from '../faces/processes';
import {
  clinicOf,
  GROUP,
  lastName,
  loadDirectory,
  loadFloor,
  loadPatients,
  loadReferrals,
  tokensFor,
  withHouse,
} from './data';

export interface VendorOptions {
  /** Of the practice that is measured. */
  patients: number;
  /** Of another practice. */
  others: number;
  /** In the directory. */
  providers: number;
  /** Of the practice whose list is measured, against one of a few. */
  referrals: number;
  rounds: number;
  /** Of each load in each round. */
  requests: number;
}

/** Loads of the Dermifi API, each with the bare operation that it is compared with. */
const FLOORS: Readonly<Record<string, string>> = {
  'patient read': 'floor read',
  'patient search': 'floor search',
  'patient list': 'floor search',
  'prescription create': 'floor create',
};
const MATCH = { level_of_care: 'IOP', insurance: 'AHCCCS', diagnosis: 'F10.20', risk_level: 'medium' };
/** Calls before it is measured: the server has just been started. */
const WARM = 60;
/** Milliseconds of CPU of a match with 10,000 providers (the target). */
const MATCH_TARGET = 5;

/** The vendor APIs where there is much of everything. */
export async function benchVendors(options: VendorOptions): Promise<void> {
  const bench = await startBench();
  try {
    await benchMatch(bench, options);
    await benchReferralLists(bench, options);
    await benchDermifi(bench, options);
  } finally {
    await bench.stop();
  }
}

async function benchDermifi(
  bench: Bench,
  { patients, others, rounds, requests }: VendorOptions,
): Promise<void> {
  await loadFloor(bench, patients);
  const { practitioner, token } = await withHouse(bench, async (house) => {
    const clinic = await clinicOf(house, bench);
    const elsewhere = await house.identity.practices.create('Bench Elsewhere');
    await loadPatients(house, clinic.practice, 0, patients);
    await loadPatients(house, elsewhere.id, patients, patients + others);
    const loads = Object.keys(FLOORS).length;
    return { ...clinic, token: await tokensFor(house, clinic, loads * rounds * requests) };
  });
  const random = (): number => Math.floor(Math.random() * patients);
  const shared = { connections: 8, amount: requests };
  const vendor = {
    ...shared,
    url: bench.url,
    headers: () => ({ Authorization: `Bearer ${token()}`, 'Content-Type': 'application/json' }),
  };
  const floor = { ...shared, url: bench.floorUrl, headers: { 'Content-Type': 'application/json' } };
  const prescribed = (): string =>
    JSON.stringify({
      patientId: `pat_bench-${random()}`,
      providerId: `prov_${practitioner}`,
      medication: { name: 'Doxycycline', strength: '100mg', form: 'capsule' },
      sig: 'Take 1 capsule by mouth twice daily with food',
      quantity: 60,
      refills: 2,
      daysSupply: 30,
    });
  const loads: Record<string, Load> = {
    'floor read': { ...floor, method: 'GET', path: () => `/floor/p${random()}` },
    'patient read': { ...vendor, method: 'GET', path: () => `/v1/patients/pat_bench-${random()}` },
    'floor search': { ...floor, method: 'GET', path: () => `/floor?value=${lastName(random())}` },
    'patient search': {
      ...vendor,
      method: 'GET',
      path: () => `/v1/patients?search=${lastName(random())}&status=active&sortBy=lastName&order=asc`,
    },
    'patient list': {
      ...vendor,
      method: 'GET',
      path: () => `/v1/patients?page=${1 + Math.floor(Math.random() * 5)}&sortBy=lastName&order=asc`,
    },
    'floor create': { ...floor, method: 'POST', path: () => '/floor', body: prescribed },
    'prescription create': { ...vendor, method: 'POST', path: () => '/v1/prescriptions', body: prescribed },
  };
  print(
    `Dermifi, ${patients.toLocaleString('en')} patients of the practice, ${others.toLocaleString('en')} of another; ${GROUP} of each name`,
    await interleaved(loads, rounds, 0, () => untilCalm(bench)),
  );
}

/** A page of referrals of a practice that has a few, and of one that has many. */
async function benchReferralLists(
  bench: Bench,
  { referrals, rounds, requests }: VendorOptions,
): Promise<void> {
  const few = 50;
  const keys = await withHouse(bench, async (house) => {
    const keyOf = async (name: string, count: number): Promise<string> => {
      const { id } = await house.identity.practices.create(name);
      await loadReferrals(house, id, 0, count);
      return (
        await house.identity.keys.create({ practice: id, plan: 'Enterprise', scopes: ['referrals:read'] })
      ).apiKey;
    };
    return { few: await keyOf('Bench Few', few), many: await keyOf('Bench Many', referrals) };
  });
  const list = (key: string): Load => ({
    url: bench.url,
    method: 'GET',
    connections: 8,
    amount: Math.min(requests, 120),
    headers: { Authorization: `Bearer ${key}` },
    path: () => '/api/v1/referrals?status=pending&limit=20',
  });
  const loads = { [`list of ${few}`]: list(keys.few), [`list of ${referrals}`]: list(keys.many) };
  print(
    'HandoffRx, a page of 20 referrals and the count of all',
    await interleaved(loads, Math.min(rounds, 3), 0),
  );
}

/** Below what an Enterprise key may ask for in a minute. */
const CALLS_A_KEY = 450;
/** So many until the server's code is compiled; then those that count. */
const WARM_MATCHES = 1_500;
const MATCHES = 1_000;

/** CPU of a match: of the server for a whole request, and of the scorer alone. */
async function benchMatch(bench: Bench, { providers }: VendorOptions): Promise<void> {
  const { keys, alone } = await withHouse(bench, async (house) => {
    const { practices, keys: made } = house.identity;
    const apiKeys: string[] = [];
    for (let i = 0; i * CALLS_A_KEY < WARM_MATCHES + MATCHES; i++) {
      const { id: practice } = await practices.create(`Bench Match ${i}`);
      const { apiKey } = await made.create({ practice, plan: 'Enterprise', scopes: ['providers:read'] });
      apiKeys.push(apiKey);
    }
    await loadDirectory(house, providers);
    const view = await createDirectory(house.store).current();
    return {
      keys: apiKeys,
      alone: await cpuOf(
        400,
        async () => void matchProviders(view, MATCH),
        () => Promise.resolve(ownCpu()),
      ),
    };
  });
  let calls = 0;
  const call = async (): Promise<void> => {
    const key = keys[Math.floor(calls++ / CALLS_A_KEY)] ?? '';
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`${bench.url}/api/v1/match`, {
      method: 'POST',
      headers,
      body: JSON.stringify(MATCH),
    });
    if (!answer.ok) throw new Error(`A match was answered with ${answer.status}.`);
    await answer.arrayBuffer();
  };
  await untilCalm(bench);
  for (let i = 0; i < WARM_MATCHES; i++) await call();
  const whole = await cpuOf(MATCHES, call, () => serverCpu(bench));
  const told = (name: string, milliseconds: number): string =>
    `${name.padEnd(22)}${milliseconds.toFixed(2).padStart(9)} ms of CPU a call (target below ${MATCH_TARGET})\n`;
  process.stdout.write(
    `\nHandoffRx match, ${providers.toLocaleString('en')} providers\n${told('scorer', alone)}${told('whole request', whole)}`,
  );
}

/** Milliseconds of CPU a call, after some calls to warm up. */
async function cpuOf(
  calls: number,
  call: () => Promise<void>,
  clock: () => Promise<number>,
): Promise<number> {
  for (let i = 0; i < WARM; i++) await call();
  const before = await clock();
  for (let i = 0; i < calls; i++) await call();
  return ((await clock()) - before) / calls;
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function print(title: string, figures: Record<string, Figure>): void {
  process.stdout.write(
    `\n${title}\n${'what'.padEnd(22)}${'req/s'.padStart(9)}${'p50 ms'.padStart(9)}${'p99 ms'.padStart(9)}${'ratio'.padStart(8)}\n`,
  );
  for (const [name, { perSecond, p50, p99 }] of Object.entries(figures)) {
    const floor = figures[FLOORS[name] ?? ''];
    const ratio = floor === undefined ? '' : (perSecond / floor.perSecond).toFixed(2);
    process.stdout.write(
      `${name.padEnd(22)}${perSecond.toFixed(0).padStart(9)}${p50.toFixed(1).padStart(9)}${p99.toFixed(1).padStart(9)}${ratio.padStart(8)}\n`,
    );
  }
}
