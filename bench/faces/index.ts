import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { interleaved, type Figure, type Load } from './measure';
import { startBench, type Bench, untilCalm } from './processes';
import { progress } from '../progress';
import { joinedSearches, loadObservations } from './searches';

const ROOT = resolve(__dirname, '../..');
const SYNTHEA = join(ROOT, 'test/fixtures/synthea/patients.tar.gz');
const FHIR = 'application/fhir+json';
/** Patients of one identifier value: a page of 20 and more. */
const GROUP = 25;

/** What the targets of the issue are, as ratios to the floor. */
const TARGETS: Partial<Record<string, number>> = {
  'FHIR read': 0.6,
  'FHIR create': 0.4,
  'FHIR token search': 0.6,
};

export interface FacesOptions {
  /** Resources at which searches are measured again. */
  sizes: readonly number[];
  rounds: number;
  seconds: number;
}

/** The faces against their floor, at growing sizes of the record. */
export async function benchFaces({ sizes, rounds, seconds }: FacesOptions): Promise<void> {
  const bench = await startBench();
  try {
    let loaded = 0;
    for (const size of sizes) {
      await loadObservations(bench, loaded, size);
      loaded = await load(bench, loaded, size);
      print(
        `${size.toLocaleString('en')} resources`,
        await interleaved(loads(bench, size), rounds, seconds, () => untilCalm(bench)),
      );
      print(
        `${size.toLocaleString('en')} resources, joined`,
        await interleaved(joinedSearches(bench), rounds, seconds),
      );
    }
    await benchImport(bench);
  } finally {
    await bench.stop();
  }
}

function patientOf(i: number): object {
  return {
    resourceType: 'Patient',
    identifier: [{ system: 'urn:bench', value: `group-${Math.floor(i / GROUP)}` }],
    name: [{ family: `Family${i % 997}`, given: [`Given${i % 89}`, 'M'] }],
    gender: i % 2 === 0 ? 'female' : 'male',
    birthDate: `19${String(10 + (i % 90)).padStart(2, '0')}-0${1 + (i % 9)}-1${i % 10}`,
    telecom: [{ system: 'phone', value: `555-${String(i).padStart(7, '0')}` }],
    address: [{ line: ['1 Main St'], city: 'Phoenix', state: 'AZ', postalCode: '85001' }],
  };
}

function referralOf(i: number): object {
  return {
    client_first: `Given${i % 89}`,
    client_last: `Family${i % 997}`,
    client_dob: `19${String(10 + (i % 90)).padStart(2, '0')}-0${1 + (i % 9)}-1${i % 10}`,
    sent_to_practice: 'Sonora Behavioral Health',
    service_needed: 'IOP - Substance Use',
    level_of_care: 'IOP',
    clinical_justification: 'Client meets ASAM criteria for IOP.',
  };
}

/** Brings record and floor from `from` to `to` patients; ids are `p<number>` in both. */
async function load(bench: Bench, from: number, to: number): Promise<number> {
  for (let at = from; at < to; at += 500) {
    const slice = Array.from({ length: Math.min(500, to - at) }, (_, i) => at + i);
    const entry = slice.map((i) => ({
      resource: { ...patientOf(i), id: `p${i}` },
      request: { method: 'PUT', url: `Patient/p${i}` },
    }));
    await sent(
      `${bench.url}/fhir/R4`,
      { resourceType: 'Bundle', type: 'transaction', entry },
      { Authorization: `Bearer ${bench.token()}`, Prefer: 'return=minimal' },
    );
    await Promise.all(
      slice.map((i) => sent(`${bench.floorUrl}/floor?id=p${i}`, { ...patientOf(i), id: `p${i}` }, {})),
    );
    progress('patients', at + slice.length, to);
  }
  return to;
}

async function sent(url: string, body: object, headers: Record<string, string>): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': url.includes('/fhir/') ? FHIR : 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`Loading failed: ${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer().catch(() => undefined);
}

function loads(bench: Bench, size: number): Record<string, Load> {
  const random = (): number => Math.floor(Math.random() * size);
  const group = (): number => Math.floor(random() / GROUP);
  const auth = () => ({ Authorization: `Bearer ${bench.token()}` });
  const fhir = () => ({ ...auth(), 'Content-Type': FHIR });
  const key = (i: number) => ({
    Authorization: `Bearer ${bench.credentials.handoffrx[i]?.apiKey ?? ''}`,
    'Content-Type': 'application/json',
  });
  const json = { 'Content-Type': 'application/json' };
  const common = { connections: 32 };
  // Within the 500 requests a minute of an Enterprise key, all rounds together.
  const limited = { connections: 8, url: bench.url, amount: 120 };
  let next = 0;
  return {
    'floor read': {
      ...common,
      url: bench.floorUrl,
      method: 'GET',
      headers: {},
      path: () => `/floor/p${random()}`,
    },
    'FHIR read': {
      ...common,
      url: bench.url,
      method: 'GET',
      headers: auth,
      path: () => `/fhir/R4/Patient/p${random()}`,
    },
    'floor create': {
      ...common,
      url: bench.floorUrl,
      method: 'POST',
      headers: json,
      path: () => '/floor',
      body: () => JSON.stringify(patientOf(1e7 + next++)),
    },
    'FHIR create': {
      ...common,
      url: bench.url,
      method: 'POST',
      headers: fhir,
      path: () => '/fhir/R4/Patient',
      body: () => JSON.stringify(patientOf(1e7 + next++)),
    },
    'floor update': {
      ...common,
      url: bench.floorUrl,
      method: 'PUT',
      headers: json,
      path: () => `/floor/p${random()}`,
      body: () => JSON.stringify({ ...patientOf(next++), active: true }),
    },
    'FHIR update': {
      ...common,
      url: bench.url,
      method: 'PUT',
      headers: fhir,
      ...samePath(
        (i) => ({
          path: `/fhir/R4/Patient/p${i}`,
          body: JSON.stringify({ ...patientOf(i), id: `p${i}`, multipleBirthInteger: next++ }),
        }),
        random,
      ),
    },
    'floor token search': {
      ...common,
      url: bench.floorUrl,
      method: 'GET',
      headers: {},
      path: () => `/floor?value=group-${group()}`,
    },
    'FHIR token search': {
      ...common,
      url: bench.url,
      method: 'GET',
      headers: auth,
      path: () => `/fhir/R4/Patient?identifier=urn:bench%7Cgroup-${group()}&_count=20`,
    },
    'HandoffRx list': {
      ...limited,
      headers: key(0),
      method: 'GET',
      path: () => '/api/v1/referrals?limit=20',
    },
    'HandoffRx create': {
      ...limited,
      headers: key(1),
      method: 'POST',
      path: () => '/api/v1/referrals',
      body: () => JSON.stringify(referralOf(next++)),
    },
  };
}

/** Path and body of one request that belong together. */
function samePath(
  make: (i: number) => { path: string; body: string },
  random: () => number,
): Pick<Load, 'path' | 'body'> {
  let current = make(0);
  return {
    path: () => (current = make(random())).path,
    body: () => current.body,
  };
}

function print(title: string, figures: Record<string, Figure>): void {
  process.stdout.write(
    `\n${title}\n${'what'.padEnd(22)}${'req/s'.padStart(9)}${'p50 ms'.padStart(9)}${'p99 ms'.padStart(9)}${'ratio'.padStart(8)}${'target'.padStart(8)}\n`,
  );
  for (const [name, { perSecond, p50, p99 }] of Object.entries(figures)) {
    const floor = name.startsWith('FHIR') ? figures[name.replace('FHIR', 'floor')] : undefined;
    const ratio = floor === undefined ? '' : (perSecond / floor.perSecond).toFixed(2);
    const target = TARGETS[name]?.toFixed(1) ?? '';
    process.stdout.write(
      `${name.padEnd(22)}${perSecond.toFixed(0).padStart(9)}${p50.toFixed(1).padStart(9)}${p99.toFixed(1).padStart(9)}${ratio.padStart(8)}${target.padStart(8)}\n`,
    );
  }
}

/** The operator's import of the Synthea bundles into the running deployment. */
function benchImport({ dataDir }: Bench): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [join(ROOT, 'dist/cli.js'), 'import', SYNTHEA, '--json'], {
      env: { ...process.env, DATA_DIR: dataDir },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.once('exit', (code) => {
      if (code !== 0) return fail(new Error('The import failed.'));
      const { resources, seconds } = JSON.parse(text) as {
        resources: Record<string, number>;
        seconds: number;
      };
      const count = Object.values(resources).reduce((sum, each) => sum + each, 0);
      process.stdout.write(
        `\nSynthea import: ${count} resources in ${seconds} s, ${(count / seconds).toFixed(0)} resources/s (target 1,000)\n`,
      );
      done();
    });
  });
}
