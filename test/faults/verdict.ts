/** What was taken, held against what the record says and what writers were told. */
import type { Parameters } from '@medplum/fhirtypes';
import type { House } from '../../src/house';
import { parseSearch } from '../../src/search';
import { EVERYTHING, type StoredVersion } from '../../src/store';
import type { Receivers, Taken } from './receivers';
import { pause } from './served';
import type { Writing } from './writers';

const LONGEST_CATCH_UP_MS = 180_000;

/** Waits until the queues are empty, and holds what was taken against what the record says. */
export async function verify(
  house: House,
  writing: Writing,
  receivers: Receivers,
): Promise<{ faults: string[]; expected: number }> {
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
