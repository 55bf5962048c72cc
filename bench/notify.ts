import type { Resource, Subscription } from '@medplum/fhirtypes';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/config';
import { openHouse, serverContext, type House } from '../src/house';
import type { RecordChange } from '../src/notify';
import { createRegistry } from '../src/notify/subscriptions/registry';
import { EVERYTHING, type Change, type StoredVersion } from '../src/store';

/** Matching against many subscriptions, and how fast changes reach one receiver and a hundred. */
export async function benchNotify({
  subscriptions,
  events,
}: {
  subscriptions: number;
  events: number;
}): Promise<void> {
  await inHouse((house) => matching(house, subscriptions));
  await inHouse(async (house) => {
    await house.notify.start();
    await delivering(house, 'one', 1, { burst: events, paced: 100 });
    await delivering(house, 'hundred', 100, { burst: Math.ceil(events / 20), paced: 30 });
  });
}

async function inHouse(work: (house: House) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'crosswalk-bench-notify-'));
  const house = await openHouse(
    readConfig({
      DATA_DIR: dataDir,
      NODE_ENV: 'production',
      LOG_LEVEL: 'silent',
      WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8',
    }),
  );
  try {
    await work(house);
  } finally {
    await house.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function subscription(criteria: string, endpoint: string, payload?: string): Change {
  const channel = { type: 'rest-hook' as const, endpoint, ...(payload !== undefined && { payload }) };
  const resource: Subscription = {
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'bench',
    criteria,
    channel,
  };
  return { kind: 'create', resource };
}

/** Changes that the relay hands on together when there is something to do. */
const TOGETHER = 50;

/** Kinds of criteria, each subscription with a value of its own; a change of one resource concerns one of them. */
const CRITERIA: Record<string, (i: number) => string> = {
  reference: (i) => `Observation?subject=Patient/m${i}&status=final`,
  'beginning of a name': (i) => `Patient?family=Family${String(i).padStart(5, '0')}x`,
  chain: (i) => `Condition?subject:Patient.family=Family${String(i).padStart(5, '0')}x`,
};

function concerned(kind: string, i: number): Resource & { id: string } {
  if (kind === 'reference')
    return {
      resourceType: 'Observation',
      id: `o${i}`,
      status: 'final',
      code: { text: 'x' },
      subject: { reference: `Patient/m${i}` },
    };
  if (kind === 'chain')
    return { resourceType: 'Condition', id: `c${i}`, subject: { reference: 'Patient/chained' } };
  return { resourceType: 'Patient', id: `p${i}`, name: [{ family: `Family${String(i).padStart(5, '0')}x` }] };
}

async function matching({ store }: House, count: number): Promise<void> {
  const kinds = Object.keys(CRITERIA);
  const each = Math.ceil(count / kinds.length);
  for (const criteria of Object.values(CRITERIA)) {
    for (let at = 0; at < each; at += 1_000) {
      const part = Array.from({ length: Math.min(1_000, each - at) }, (_, i) =>
        subscription(criteria(at + i), 'https://receiver.example/never'),
      );
      await store.commit(part, serverContext());
    }
  }
  const chained = concerned('beginning of a name', 7);
  await store.commit([{ kind: 'put', resource: { ...chained, id: 'chained' } }], serverContext());
  const registry = createRegistry(store, () => Promise.resolve(EVERYTHING));
  const begun = performance.now();
  await registry.refresh();
  process.stdout.write(
    `${each * kinds.length} subscriptions read in ${Math.round(performance.now() - begun)} ms\n`,
  );
  for (const kind of kinds) {
    const changes = Array.from({ length: kind === 'chain' ? 200 : 2_000 }, (_, i) =>
      changeOf(concerned(kind, (i * 7919) % each)),
    );
    let matched = 0;
    const started = performance.now();
    for (const change of changes) matched += (await registry.matching(change)).length;
    const took = (performance.now() - started) / changes.length;
    process.stdout.write(
      `matching one change, by ${kind}: ${took.toFixed(3)} ms (wanted below 1), ${matched} of ${changes.length} matched\n`,
    );
    const begun = performance.now();
    for (let at = 0; at < changes.length; at += TOGETHER)
      await registry.matchingEach(changes.slice(at, at + TOGETHER));
    const shared = (performance.now() - begun) / changes.length;
    process.stdout.write(
      `matching one of ${TOGETHER} changes that come together, by ${kind}: ${shared.toFixed(3)} ms\n`,
    );
  }
}

function changeOf(resource: Resource & { id: string }): RecordChange {
  const current: StoredVersion = {
    type: resource.resourceType,
    id: resource.id,
    version: 1,
    lastUpdated: new Date(),
    deleted: false,
    resource,
    access: [],
  };
  const author = { id: 'bench', name: 'bench', kind: 'system' };
  const event = {
    id: 'e',
    kind: 'change' as const,
    interaction: 'create' as const,
    version: 1,
    at: new Date(),
    requestId: 'r',
    author,
  };
  return { event, current, previous: undefined };
}

/** Receivers on one port, and when what was committed arrived there. */
interface Receiving {
  url: string;
  /** Milliseconds from the acknowledged commit to the call, one for each delivery. */
  arrivals: number[];
  committed: Map<string, number>;
  close(): Promise<void>;
}

async function openReceiving(): Promise<Receiving> {
  const arrivals: number[] = [];
  const committed = new Map<string, number>();
  const server = createServer((req, res) => {
    req.resume().on('end', () => {
      res.writeHead(200).end();
      const at = committed.get((req.url ?? '').split('/').at(-1) ?? '');
      // What arrives before its commit is known to be done took no time to speak of.
      if (at !== undefined) arrivals.push(Math.max(0, performance.now() - at));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, arrivals, committed },
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Commits as fast as many writers can, then at a steady pace, and notes when each receiver has it. */
async function delivering(
  { store }: House,
  tag: string,
  receivers: number,
  { burst, paced }: { burst: number; paced: number },
): Promise<void> {
  const receiving = await openReceiving();
  const { arrivals, committed } = receiving;
  const family = `Bench${tag}`;
  const made = Array.from({ length: receivers }, (_, i): Change =>
    subscription(`Patient?family=${family}`, `${receiving.url}/${i}`, 'application/fhir+json'),
  );
  const subscriptions = await store.commit(made, serverContext());
  await untilActive(
    store,
    subscriptions.map(({ id }) => id),
  );
  const write = async (id: string): Promise<void> => {
    committed.set(id, Number.POSITIVE_INFINITY);
    await store.commit(
      [{ kind: 'put', resource: { resourceType: 'Patient', id, name: [{ family }] } }],
      serverContext(),
    );
    committed.set(id, performance.now());
  };
  const started = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      while (next < burst) await write(`${tag}-burst-${next++}`);
    }),
  );
  const written = (performance.now() - started) / 1000;
  while (arrivals.length < burst * receivers) await pause(5);
  const seconds = (performance.now() - started) / 1000;
  arrivals.length = 0;
  for (let i = 0; i < paced; i++) {
    await write(`${tag}-paced-${i}`);
    await pause(PACE_MS);
  }
  while (arrivals.length < paced * receivers) await pause(5);
  const sorted = arrivals.sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
  process.stdout.write(
    `to ${receivers} receiver(s): ${Math.round((burst * receivers) / seconds)} deliveries/s while ${Math.round(burst / written)} changes/s are committed; ` +
      `at one change every ${PACE_MS} ms, commit to delivery p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`,
  );
  await receiving.close();
}

const WRITERS = 16;
const PACE_MS = 100;

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}

async function untilActive(store: House['store'], ids: readonly string[]): Promise<void> {
  for (;;) {
    const found = await store.readMany(
      EVERYTHING,
      ids.map((id) => ({ type: 'Subscription' as const, id })),
    );
    if (found.every(({ resource }) => (resource as Subscription).status === 'active')) return;
    await pause(50);
  }
}
