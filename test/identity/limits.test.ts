import type { Identity, Limited, Plan, Principal } from '../../src/identity';
import { type Deployment, deployment } from './support';

let house: Deployment;
let both: [Identity, Identity];

beforeAll(async () => {
  house = await deployment();
  both = await Promise.all([house.start(), house.start()]);
});
afterAll(() => house.close());

let keys = 0;

function keyOn(plan: Plan, practice = `practice-${keys}`): Principal {
  keys += 1;
  return { kind: 'key', id: `key_${keys}`, name: 'Key', practice, scopes: [], plan, viewer: { practice } };
}

/** As if so many requests had been. */
async function count(subject: string, used: Record<string, number>): Promise<void> {
  const rates = (await house.connection()).collection<{ _id: string }>('ratelimits');
  expect((await rates.updateOne({ _id: subject }, { $set: used })).matchedCount).toBe(1);
}

/** So many requests at once, on both processes in turn. */
function burst(count: number, take: (identity: Identity) => Promise<Limited>): Promise<Limited[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => take(i % 2 === 0 ? both[0] : both[1])));
}

function passed(answers: readonly Limited[]): number {
  return answers.filter((each) => each.refused === undefined).length;
}

const MINUTE = 60_000;

describe('HandoffRx limits', () => {
  it.each([
    ['Free', 10],
    ['Pro', 100],
    ['Enterprise', 500],
  ] as const)(
    'of the %s plan pass exactly %i of many parallel requests in two processes',
    async (plan, limit) => {
      const key = keyOn(plan);
      const answers = await burst(limit + 20, (identity) => identity.limits.handoffrx(key));
      expect(passed(answers)).toBe(limit);
      const left = answers
        .filter((each) => each.refused === undefined)
        .map((each) => each.headers['RateLimit-Remaining']);
      expect(new Set(left).size).toBe(limit);
      expect(answers.find((each) => each.refused !== undefined)).toMatchObject({
        headers: { 'RateLimit-Limit': String(limit), 'RateLimit-Remaining': '0', 'RateLimit-Reset': '60' },
        refused: { status: 429, headers: { 'Retry-After': '60' } },
      });
      house.pass(MINUTE);
      expect(passed(await burst(10, (identity) => identity.limits.handoffrx(key)))).toBe(10);
    },
  );

  it('count each key for itself, and tell what is left', async () => {
    const [key, other] = [keyOn('Pro'), keyOn('Pro')];
    await burst(100, (identity) => identity.limits.handoffrx(key));
    expect(await both[0].limits.handoffrx(other)).toEqual({
      headers: { 'RateLimit-Limit': '100', 'RateLimit-Remaining': '99', 'RateLimit-Reset': '60' },
    });
  });

  it('of the Free plan pass 100 a calendar month for all keys of a practice', async () => {
    const [key, second] = [keyOn('Free', 'free-practice'), keyOn('Free', 'free-practice')];
    expect(passed(await burst(8, (identity) => identity.limits.handoffrx(key)))).toBe(8);
    await count('month:free-practice', { 'windows.month.used': 95 });
    expect(passed(await burst(8, (identity) => identity.limits.handoffrx(second)))).toBe(5);
    const now = house.now();
    const nextMonth = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
    const wait = Math.ceil((nextMonth - now.getTime()) / 1000);
    expect(await both[1].limits.handoffrx(second)).toMatchObject({
      headers: { 'RateLimit-Limit': '100', 'RateLimit-Remaining': '0', 'RateLimit-Reset': String(wait) },
      refused: { headers: { 'Retry-After': String(wait) } },
    });
    house.pass(wait * 1000);
    expect(passed(await burst(10, (identity) => identity.limits.handoffrx(key)))).toBe(10);
  });
});

describe('Dermifi limits', () => {
  it('pass 100 a minute and 1000 an hour, and count no refused request', async () => {
    const take = (identity: Identity) => identity.limits.dermifi({ user: 'usr_1' });
    const began = house.now().getTime();
    expect((await take(both[0])).headers).toEqual({
      'X-RateLimit-Limit': '1000',
      'X-RateLimit-Remaining': '999',
      'X-RateLimit-Reset': String(Math.ceil((began + 60 * MINUTE) / 1000)),
    });
    expect(passed(await burst(104, take))).toBe(99);
    house.pass(MINUTE);
    await count('user:usr_1', { 'windows.hour.used': 990 });
    expect(passed(await burst(20, take))).toBe(10);
    const [refusal] = await burst(5, take);
    expect(refusal).toMatchObject({
      headers: { 'X-RateLimit-Remaining': '0' },
      refused: { status: 429, headers: { 'Retry-After': String(59 * 60) } },
    });
    expect(passed(await burst(5, (identity) => identity.limits.dermifi({ address: '192.0.2.1' })))).toBe(5);
    house.pass(59 * MINUTE);
    expect(passed(await burst(104, take))).toBe(100);
  });

  it('before sign-in count an IPv4 address in any form, and all addresses of an IPv6 network, as one', async () => {
    const left = async (address: string): Promise<string | undefined> =>
      (await both[0].limits.dermifi({ address })).headers['X-RateLimit-Remaining'];
    expect([await left('203.0.113.5'), await left('::ffff:203.0.113.5'), await left('203.0.113.6')]).toEqual([
      '999',
      '998',
      '999',
    ]);
    expect([
      await left('2001:db8::1'),
      await left('2001:db8::ffff:2'),
      await left('2001:db8:0:1::1'),
    ]).toEqual(['999', '998', '999']);
  });

  it('cost the database nothing once a process knows that a window is full', async () => {
    const connection = await house.connection({ monitorCommands: true });
    const watched = await house.start({ connection });
    const take = () => watched.limits.dermifi({ user: 'usr_flood' });
    await Promise.all(Array.from({ length: 101 }, take));
    const commands: string[] = [];
    connection.getClient().on('commandStarted', ({ commandName }) => commands.push(commandName));
    const flood = await Promise.all(Array.from({ length: 50 }, take));
    expect(passed(flood)).toBe(0);
    expect(commands).toEqual([]);
    house.pass(MINUTE);
    await take();
    expect(commands.filter((each) => each === 'findAndModify')).toHaveLength(2);
  });
});
