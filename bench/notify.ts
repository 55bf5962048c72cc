import type { Subscription } from '@medplum/fhirtypes';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/config';
import { openHouse, serverContext, type House } from '../src/house';
import { createRegistry } from '../src/notify/subscriptions/registry';
import { EVERYTHING, type Change, type StoredVersion } from '../src/store';

/** Matching against many subscriptions, and how fast changes reach one receiver and a hundred. */
export async function benchNotify({ subscriptions, events }: { subscriptions: number; events: number }): Promise<void> {
  await inHouse((house) => matching(house, subscriptions));
  await inHouse(async (house) => {
    await house.notify.start();
    await delivering(house, 'one', 1, events);
    await delivering(house, 'hundred', 100, Math.ceil(events / 20));
  });
}

async function inHouse(work: (house: House) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'crosswalk-bench-notify-'));
  const house = await openHouse(readConfig({ DATA_DIR: dataDir, NODE_ENV: 'production', LOG_LEVEL: 'silent', WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8' }));
  try {
    await work(house);
  } finally {
    await house.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function subscription(criteria: string, endpoint: string): Change {
  const resource: Subscription = { resourceType: 'Subscription', status: 'requested', reason: 'bench', criteria, channel: { type: 'rest-hook', endpoint } };
  return { kind: 'create', resource };
}

/** Each subscription waits for a patient of its own; a change of one patient concerns one of them. */
async function matching({ store }: House, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1_000) {
    const part = Array.from({ length: Math.min(1_000, count - at) }, (_, i) => subscription(`Observation?subject=Patient/m${at + i}&status=final`, 'https://receiver.example/never'));
    await store.commit(part, serverContext());
  }
  const registry = createRegistry(store);
  const begun = performance.now();
  await registry.refresh();
  process.stdout.write(`${count} subscriptions read in ${Math.round(performance.now() - begun)} ms\n`);
  const changes = Array.from({ length: 2_000 }, (_, i) => {
    const resource = { resourceType: 'Observation' as const, id: `o${i}`, status: 'final' as const, code: { text: 'x' }, subject: { reference: `Patient/m${(i * 7919) % count}` } };
    const current: StoredVersion = { type: 'Observation', id: resource.id, version: 1, lastUpdated: new Date(), deleted: false, resource, access: [] };
    const author = { id: 'bench', name: 'bench', kind: 'system' };
    return { event: { id: 'e', kind: 'change' as const, interaction: 'create' as const, version: 1, at: new Date(), requestId: 'r', author }, current, previous: undefined };
  });
  let matched = 0;
  const started = performance.now();
  for (const change of changes) matched += (await registry.matching(change)).length;
  const each = (performance.now() - started) / changes.length;
  process.stdout.write(`matching one change: ${each.toFixed(3)} ms (wanted below 1), ${matched} of ${changes.length} matched\n`);
}

/** Commits changes and notes when each receiver has them. */
async function delivering({ store }: House, tag: string, receivers: number, events: number): Promise<void> {
  const arrivals: number[] = [];
  const committed = new Map<string, number>();
  const server = createServer((req, res) => {
    req.resume().on('end', () => {
      res.writeHead(200).end();
      const id = (req.url ?? '').split('/').at(-1) ?? '';
      const at = committed.get(id);
      if (at !== undefined) arrivals.push(performance.now() - at);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const family = `Bench${tag}`;
  const made = Array.from({ length: receivers }, (_, i): Change => {
    const change = subscription(`Patient?family=${family}`, `${url}/${i}`) as Extract<Change, { kind: 'create' }>;
    const resource = change.resource as Subscription;
    return { ...change, resource: { ...resource, channel: { ...resource.channel, payload: 'application/fhir+json' } } };
  });
  const subscriptions = await store.commit(made, serverContext());
  await untilActive(store, subscriptions.map(({ id }) => id));
  const started = performance.now();
  for (let i = 0; i < events; i++) {
    const id = `${tag}-${i}`;
    committed.set(id, Number.POSITIVE_INFINITY);
    await store.commit([{ kind: 'put', resource: { resourceType: 'Patient', id, name: [{ family }] } }], serverContext());
    committed.set(id, performance.now());
  }
  while (arrivals.length < events * receivers) await new Promise((done) => setTimeout(done, 5));
  const seconds = (performance.now() - started) / 1000;
  // What arrived before its commit was known to be done took no time to speak of.
  const sorted = arrivals.map((each) => Math.max(0, each)).sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
  process.stdout.write(`to ${receivers} receiver(s): ${Math.round((events * receivers) / seconds)} deliveries/s; commit to delivery p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`);
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
}

async function untilActive(store: House['store'], ids: readonly string[]): Promise<void> {
  for (;;) {
    const found = await store.readMany(EVERYTHING, ids.map((id) => ({ type: 'Subscription' as const, id })));
    if (found.every(({ resource }) => (resource as Subscription).status === 'active')) return;
    await new Promise((done) => setTimeout(done, 50));
  }
}
