import type { Subscription } from '@medplum/fhirtypes';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config';
import { openHouse, serverContext, type House } from '../../src/house';
import { WEBHOOK_EVENTS } from '../../src/notify';
import { openReceivers, type Receivers } from './receivers';
import { freePort, pause, serve, type Served, type Victim } from './served';
import { verify } from './verdict';
import { type Acknowledged, overDermifi, overFhir, overHandoffRx, type Writing } from './writers';

/** What the kills found; `faults` must be empty. */
export interface DeliveryReport {
  kills: number;
  acknowledged: Acknowledged;
  /** Calls that receivers took, repeats included, and calls that they failed on purpose. */
  taken: number;
  refused: number;
  /** Distinct events that had to arrive, over all subscriptions. */
  expected: number;
  faults: string[];
}

const IG = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
const LONGEST_SILENCE_MS = 60_000;
const RESOURCES = 6;

/**
 * Kills the server, one of its workers, or the database at random moments while clients write on all three faces and
 * receivers misbehave; at the end everything acknowledged must have been delivered, in order, and nothing else.
 */
export async function runDeliveryFaults({
  kills,
  workers = 1,
  onKill,
}: {
  kills: number;
  workers?: number;
  onKill?: (done: number) => void;
}): Promise<DeliveryReport> {
  const dataDir = await mkdtemp(join(tmpdir(), 'crosswalk-delivery-faults-'));
  const receivers = await openReceivers();
  const port = String(await freePort());
  const env = {
    PORT: port,
    DATA_DIR: dataDir,
    WORKERS: String(workers),
    FHIR_AUTH: 'off',
    NODE_ENV: 'production',
    LOG_LEVEL: 'silent',
    WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8',
  };
  let served: Served | undefined;
  try {
    const writing = await prepare(env, `http://127.0.0.1:${port}`, receivers);
    served = await serve(env);
    await untilActive(writing.url);
    receivers.trouble(true);
    const writers = [
      ...Array.from({ length: RESOURCES }, (_, i) => overFhir(writing, `steady-${i}`)),
      overHandoffRx(writing),
      overDermifi(writing),
    ];
    for (let kill = 1; kill <= kills; kill++) {
      await untilEachFaceWrote(writing);
      await pause(Math.random() * 1_500);
      const victim = victimOf(kill, workers);
      await served.kill(victim);
      if (victim !== 'worker') served = await serve(env);
      onKill?.(kill);
    }
    await pause(500);
    writing.isOver = true;
    await Promise.all(writers);
    receivers.trouble(false);
    // The pauses between attempts are an hour at last: a restart takes everything up at once.
    await served.stop();
    served = await serve(env);
    const { faults, expected } = await inHouse(env, (house) => verify(house, writing, receivers));
    return {
      kills,
      acknowledged: writing.counts,
      taken: receivers.taken('/').length,
      refused: receivers.refused(),
      expected,
      faults,
    };
  } finally {
    await served?.stop();
    receivers.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** A server that is killed before it has acknowledged anything proves nothing. */
async function untilEachFaceWrote({ counts }: Writing): Promise<void> {
  const before = { ...counts };
  const faces = Object.keys(counts) as (keyof typeof counts)[];
  for (let waited = 0; waited < LONGEST_SILENCE_MS; waited += 50) {
    if (faces.every((face) => counts[face] > before[face])) return;
    await pause(50);
  }
  throw new Error(`Not every face acknowledged a write: ${JSON.stringify({ before, now: counts })}`);
}

function victimOf(kill: number, workers: number): Victim {
  if (kill % 3 === 0) return 'database';
  return workers > 1 && kill % 3 === 1 ? 'worker' : 'server';
}

async function inHouse<T>(env: Record<string, string>, work: (house: House) => Promise<T>): Promise<T> {
  const house = await openHouse(readConfig(env));
  try {
    return await work(house);
  } finally {
    await house.close();
  }
}

/** Practices with keys and webhooks, a user, and FHIR Subscriptions of every kind. */
function prepare(env: Record<string, string>, url: string, receivers: Receivers): Promise<Writing> {
  return inHouse(env, async ({ identity, notify, store }) => {
    const practice = async (name: string) => {
      const { id } = await identity.practices.create(name);
      const { apiKey } = await identity.keys.create({
        practice: id,
        plan: 'Enterprise',
        scopes: ['referrals:read', 'referrals:write'],
      });
      return { id, apiKey };
    };
    const [sender, receiver] = [await practice('Sender'), await practice('Receiver')];
    for (const [at, { id }] of [
      ['/flaky/receiver', receiver],
      ['/steady/sender', sender],
    ] as const) {
      await notify.webhooks.create(id, receivers.url + at, [...WEBHOOK_EVENTS], serverContext());
    }
    const plain = (at: string) => ({
      type: 'rest-hook' as const,
      endpoint: receivers.url + at,
      payload: 'application/fhir+json',
    });
    const batched = {
      ...plain('/flaky/topic'),
      _payload: { extension: [{ url: `${IG}/backport-payload-content`, valueCode: 'id-only' }] },
      extension: [{ url: `${IG}/backport-max-count`, valuePositiveInt: 5 }],
    };
    const subscription = (criteria: string, channel: Subscription['channel']): Subscription => ({
      resourceType: 'Subscription',
      status: 'requested',
      reason: 'faults',
      criteria,
      channel,
    });
    for (const resource of [
      subscription('Patient?', plain('/steady/plain')),
      subscription('Patient?', plain('/flaky/plain')),
      subscription('https://crosswalk.example/fhir/SubscriptionTopic/patient', batched),
    ]) {
      await store.commit([{ kind: 'create', resource }], serverContext());
    }
    const user = await identity.users.create({
      email: 'faults@example.org',
      name: 'Fault Finder',
      role: 'provider',
      practice: sender.id,
    });
    return {
      ...{
        url,
        keys: { sender: sender.apiKey, receiver: receiver.apiKey },
        login: { email: user.email, password: user.password },
      },
      ...{
        isOver: false,
        fhir: new Map(),
        referrals: new Map(),
        patients: new Set(),
        counts: { fhir: 0, handoffrx: 0, dermifi: 0 },
      },
    };
  });
}

async function untilActive(url: string): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 200) {
    const { total } = (await (
      await fetch(`${url}/fhir/R4/Subscription?status=active&_summary=count`)
    ).json()) as { total?: number };
    if (total === 5) return;
    await pause(200);
  }
  throw new Error('The subscriptions did not become active.');
}
