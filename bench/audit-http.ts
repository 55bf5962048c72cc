/** What `AUDIT_READS=strict` costs a read over HTTP, beside `async`: two servers as an operator starts them. */
import { interleaved } from './faces/measure';
import { startBench, type Bench } from './faces/processes';

const PATIENTS = 500;
const CONNECTIONS = 32;

async function fill({ url }: Bench, token: string): Promise<void> {
  const entry = Array.from({ length: PATIENTS }, (_, i) => ({
    resource: {
      resourceType: 'Patient',
      id: `p${i}`,
      name: [{ family: `Family${i}`, given: ['Given'] }],
      gender: 'female',
    },
    request: { method: 'PUT', url: `Patient/p${i}` },
  }));
  const answer = await fetch(`${url}/fhir/R4`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/fhir+json',
      Authorization: `Bearer ${token}`,
      Prefer: 'return=minimal',
    },
    body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
  });
  if (!answer.ok) throw new Error(`Loading failed: ${answer.status}`);
}

/** FHIR reads per second of a strict and of an async server, in turn; medians. */
export async function readsOverHttp(
  rounds: number,
  seconds: number,
): Promise<{ strict: number; async: number }> {
  const benches: Bench[] = [];
  const load = async (mode: 'strict' | 'async') => {
    const bench = await startBench({ AUDIT_READS: mode });
    benches.push(bench);
    const token = bench.token();
    await fill(bench, token);
    const path = (): string => `/fhir/R4/Patient/p${Math.floor(Math.random() * PATIENTS)}`;
    return {
      url: bench.url,
      method: 'GET' as const,
      headers: { Authorization: `Bearer ${token}` },
      path,
      connections: CONNECTIONS,
    };
  };
  try {
    const loads = { strict: await load('strict'), async: await load('async') };
    const figures = await interleaved(loads, rounds, seconds);
    return { strict: figures.strict.perSecond, async: figures.async.perSecond };
  } finally {
    for (const bench of benches) await bench.stop();
  }
}
