import type { Parameters, Subscription } from '@medplum/fhirtypes';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config';
import { openHouse, serverContext, type House } from '../../src/house';
import { WEBHOOK_EVENTS } from '../../src/notify';
import { parseSearch } from '../../src/search';
import { EVERYTHING, type StoredVersion } from '../../src/store';
import { openReceivers, type Receivers, type Taken } from './receivers';
import { freePort, pause, serve, type Served, type Victim } from './served';

/** What the kills found; `faults` must be empty. */
export interface DeliveryReport {
  kills: number;
  /** Writes that were acknowledged, by face. */
  acknowledged: Record<'fhir' | 'handoffrx' | 'dermifi', number>;
  /** Calls that receivers took, repeats included, and calls that they failed on purpose. */
  taken: number;
  refused: number;
  /** Distinct events that had to arrive, over all subscriptions. */
  expected: number;
  faults: string[];
}

const IG = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
const LONGEST_SILENCE_MS = 60_000;
/** Within what a key may ask for in a minute: 500 on the Enterprise plan, two calls a round. */
const HANDOFFRX_PAUSE_MS = 250;
/** Within what a user may ask for: 100 calls a minute, 1000 an hour. */
const DERMIFI_PAUSE_MS = 800;
const LONGEST_CATCH_UP_MS = 180_000;
const RESOURCES = 6;

/** Who writes, and what each was told. */
interface Writing {
  url: string;
  keys: { sender: string; receiver: string };
  login: { email: string; password: string };
  isOver: boolean;
  /** Patient id to the highest version acknowledged over FHIR. */
  fhir: Map<string, number>;
  /** Referral id to the statuses acknowledged. */
  referrals: Map<string, Set<string>>;
  patients: Set<string>;
  counts: DeliveryReport['acknowledged'];
}

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
    const { faults, expected } = await verify(env, writing, receivers);
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

interface Answer {
  status: number;
  body: Record<string, unknown>;
  etag: string | null;
}

/** One call; undefined when no answer came. */
async function call(
  method: string,
  url: string,
  headers: Record<string, string>,
  body: object,
): Promise<Answer | undefined> {
  try {
    const answer = await fetch(url, {
      method,
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    return {
      status: answer.status,
      body: (await answer.json()) as Answer['body'],
      etag: answer.headers.get('etag'),
    };
  } catch {
    await pause(50);
    return undefined;
  }
}

async function overFhir(writing: Writing, id: string): Promise<void> {
  for (let i = 0; !writing.isOver; i++) {
    const body = { resourceType: 'Patient', id, name: [{ family: `Round ${i}` }] };
    const answer = await call(
      'PUT',
      `${writing.url}/fhir/R4/Patient/${id}`,
      { 'Content-Type': 'application/fhir+json' },
      body,
    );
    const [, version] = /"(\d+)"/.exec(answer?.etag ?? '') ?? [];
    if (answer === undefined || answer.status >= 300 || version === undefined) continue;
    writing.counts.fhir += 1;
    writing.fhir.set(id, Math.max(writing.fhir.get(id) ?? 0, Number(version)));
    await pause(20);
  }
}

async function overHandoffRx(writing: Writing): Promise<void> {
  const headers = (key: string) => ({ 'Content-Type': 'application/json', Authorization: `Bearer ${key}` });
  const note = (id: string, event: string): void => {
    writing.counts.handoffrx += 1;
    writing.referrals.set(id, (writing.referrals.get(id) ?? new Set()).add(event));
  };
  for (let i = 0; !writing.isOver; i++) {
    const referral = {
      client_first: 'Maria',
      client_last: `Case ${i}`,
      client_insurance: 'AHCCCS',
      sent_to_practice: 'Receiver',
      service_needed: 'IOP',
      level_of_care: 'IOP',
      clinical_justification: 'Motivated for treatment.',
    };
    const made = await call(
      'POST',
      `${writing.url}/api/v1/referrals`,
      headers(writing.keys.sender),
      referral,
    );
    if (made?.status !== 201) continue;
    const id = String(made.body['id']);
    note(id, 'referral.created');
    const changed = await call(
      'PATCH',
      `${writing.url}/api/v1/referrals/${id}`,
      headers(writing.keys.receiver),
      { status: 'accepted' },
    );
    if (changed?.status === 200) note(id, 'referral.accepted');
    await pause(HANDOFFRX_PAUSE_MS);
  }
}

async function overDermifi(writing: Writing): Promise<void> {
  let token = '';
  const json = { 'Content-Type': 'application/json' };
  for (let i = 0; !writing.isOver; i++) {
    if (token === '') {
      const login = await call('POST', `${writing.url}/v1/auth/login`, json, writing.login);
      const data = (login?.body['data'] ?? login?.body) as
        { accessToken?: string; token?: string } | undefined;
      token = data?.accessToken ?? data?.token ?? '';
      if (token === '') await pause(300);
      continue;
    }
    const body = {
      firstName: 'Ana',
      lastName: `Row ${i}`,
      dateOfBirth: '1990-01-01',
      consentToTreat: true,
      hipaaConsent: true,
    };
    const made = await call(
      'POST',
      `${writing.url}/v1/patients`,
      { ...json, Authorization: `Bearer ${token}` },
      body,
    );
    if (made?.status === 401) token = '';
    const id = ((made?.body['data'] ?? made?.body) as { id?: string } | undefined)?.id;
    if (made?.status === 201 && id !== undefined) {
      writing.counts.dermifi += 1;
      writing.patients.add(id);
    }
    await pause(DERMIFI_PAUSE_MS);
  }
}

/** Waits until the queues are empty, and holds what was taken against what the record says. */
async function verify(
  env: Record<string, string>,
  writing: Writing,
  receivers: Receivers,
): Promise<{ faults: string[]; expected: number }> {
  return inHouse(env, async (house) => {
    const faults: string[] = [];
    await untilDelivered(house, faults);
    const patients = await allOf(house, 'Patient');
    for (const at of ['/steady/plain', '/flaky/plain'])
      faults.push(...inOrder(at, receivers.taken(`${at}/Patient/`), patients));
    const versions = new Map(patients.map(({ id, version }) => [id, version]));
    for (const [id, version] of writing.fhir)
      if ((versions.get(id) ?? 0) < version)
        faults.push(`Patient/${id} lost version ${version}, which was acknowledged`);
    for (const id of writing.patients)
      if (![...versions.keys()].some((each) => id.endsWith(each)))
        faults.push(`Dermifi patient ${id} was acknowledged and is not there`);
    const numbers = await numbered(house, receivers.taken('/flaky/topic'), faults);
    const told = vendorEvents(
      writing,
      receivers,
      new Set((await allOf(house, 'ServiceRequest')).map(({ id }) => id)),
      faults,
    );
    const changes = patients.reduce((sum, { version }) => sum + version, 0);
    return { faults, expected: 2 * changes + numbers + told };
  });
}

async function untilDelivered(house: House, faults: string[]): Promise<void> {
  const deliveries = house.connection.mongoose.collection('notify_deliveries');
  let left = 1;
  for (let waited = 0; left > 0 && waited < LONGEST_CATCH_UP_MS; waited += 500) {
    await pause(500);
    await house.drain();
    left = (await waiting(house)) + (await deliveries.countDocuments({ state: 'pending' }));
  }
  if (left > 0) faults.push(`${left} deliveries or events still wait at the end`);
  const odd = await deliveries.countDocuments({ state: { $in: ['dead', 'skipped'] } });
  if (odd > 0) faults.push(`${odd} deliveries were given up`);
}

async function waiting({ connection }: House): Promise<number> {
  const types = await connection.typesInUse();
  const counts = await Promise.all(
    types.map((type) => connection.records(type).countDocuments({ due: { $exists: true } })),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

async function allOf({ store }: House, type: 'Patient' | 'ServiceRequest'): Promise<StoredVersion[]> {
  const found: StoredVersion[] = [];
  const request = parseSearch(type, '_count=1000');
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
    const page = await store.search(EVERYTHING, cursor === undefined ? request : { ...request, cursor });
    found.push(...page.matches);
    cursor = page.next;
  }
  return found;
}

/** Every version of every patient arrived; no version first arrived before an earlier one, and none that was never written. */
function inOrder(at: string, taken: readonly Taken[], patients: readonly StoredVersion[]): string[] {
  const arrived = new Map<string, number[]>();
  for (const { body } of taken) {
    const { id = '', meta } = JSON.parse(body) as { id?: string; meta?: { versionId?: string } };
    const version = Number(meta?.versionId);
    const known = arrived.get(id) ?? [];
    if (!known.includes(version)) arrived.set(id, [...known, version]);
  }
  const faults = patients.flatMap(({ id, version }) => {
    const seen = arrived.get(id) ?? [];
    const isWhole = seen.length === version && seen.every((each, i) => each === i + 1);
    return isWhole
      ? []
      : [`${at}: Patient/${id} has ${version} versions, but these arrived: ${seen.join(' ')}`];
  });
  const known = new Set(patients.map(({ id }) => id));
  return [
    ...faults,
    ...[...arrived.keys()]
      .filter((id) => !known.has(id))
      .map((id) => `${at}: Patient/${id} was never written`),
  ];
}

/** Every number up to the last was received by the topic's subscriber; how many there are. */
async function numbered(house: House, taken: readonly Taken[], faults: string[]): Promise<number> {
  const received = new Set<number>();
  let subscription = '';
  for (const { body } of taken) {
    const [status] = (JSON.parse(body) as { entry: { resource: Parameters }[] }).entry;
    for (const { name, part, valueReference } of status?.resource.parameter ?? []) {
      if (name === 'subscription') subscription = valueReference?.reference?.split('/').at(-1) ?? '';
      if (name === 'notification-event') received.add(Number(part?.[0]?.valueString));
    }
  }
  const counted = await house.connection.mongoose
    .collection<{ _id: string; number: number }>('notify_numbers')
    .findOne({ _id: subscription });
  const last = counted?.number ?? 0;
  const missing = Array.from({ length: last }, (_, i) => i + 1).filter((number) => !received.has(number));
  if (missing.length > 0)
    faults.push(`event numbers ${missing.slice(0, 10).join(' ')} of ${last} never arrived`);
  if (received.size > last - missing.length) faults.push('numbers arrived that were never given');
  return last;
}

function vendorEvents(
  writing: Writing,
  receivers: Receivers,
  written: ReadonlySet<string>,
  faults: string[],
): number {
  const told = (at: string): string[] =>
    receivers.taken(at).map(({ body }) => {
      const { event, data } = JSON.parse(body) as { event: string; data: { referral_id: string } };
      return `${event} ${data.referral_id}`;
    });
  const [atReceiver, atSender] = [told('/flaky/receiver'), told('/steady/sender')];
  for (const [id, events] of writing.referrals) {
    for (const event of events)
      if (!atReceiver.includes(`${event} ${id}`)) faults.push(`${event} of ${id} never reached the receiver`);
    if (events.has('referral.accepted') && !atSender.includes(`referral.accepted ${id}`))
      faults.push(`referral.accepted of ${id} never reached the sender`);
    const [made, accepted] = ['referral.created', 'referral.accepted'].map((event) =>
      atReceiver.indexOf(`${event} ${id}`),
    );
    if (made !== undefined && accepted !== undefined && accepted >= 0 && accepted < made)
      faults.push(`${id} was accepted before it was created`);
  }
  for (const each of new Set([...atReceiver, ...atSender])) {
    if (!written.has(each.split(' ')[1] ?? '')) faults.push(`${each}: no such referral was written`);
  }
  return new Set(atReceiver).size + new Set(atSender).size;
}
