import type { Identity } from '../../src/identity';
import { type Deployment, deployment, problemOf } from './support';

let house: Deployment;
let one: Identity;
let two: Identity;

beforeAll(async () => {
  house = await deployment();
  [one, two] = await Promise.all([house.start(), house.start()]);
});
afterAll(() => house.close());

const DAY = 86_400_000;
const ask = {
  practice: 'Sonora Behavioral Health',
  plan: 'Pro',
  scopes: ['referrals:write', 'referrals:read'],
};

describe('practices', () => {
  it('makes one of twenty parallel creates in two processes, whatever case and spacing', async () => {
    const names = ['Sonora Behavioral Health', ' sonora  behavioral HEALTH ', 'SONORA BEHAVIORAL HEALTH'];
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : two).practices.create(names[i % 3] ?? '')),
    );
    expect(new Set(made.map((each) => each.id)).size).toBe(1);
    expect((await one.practices.list()).map((each) => each.id)).toEqual([made[0]?.id]);
    expect(await two.practices.find('sonora behavioral  health')).toEqual(
      await one.practices.find(made[0]?.id ?? ''),
    );
  });

  it('refuses what it does not know', async () => {
    expect(await one.practices.find('Nobody')).toBeUndefined();
    expect(await problemOf(one.practices.create('  '))).toMatchObject({ status: 422 });
    expect(await problemOf(one.keys.create({ ...ask, practice: 'Nobody' }))).toMatchObject({ status: 422 });
    expect(await problemOf(one.keys.create({ ...ask, plan: 'Gold' }))).toMatchObject({ status: 422 });
    expect(await problemOf(one.keys.create({ ...ask, scopes: ['referrals:all'] }))).toMatchObject({
      status: 422,
    });
    expect(await problemOf(one.keys.create({ ...ask, scopes: [] }))).toMatchObject({ status: 422 });
    expect(await problemOf(one.keys.create({ ...ask, expiresAt: new Date(0) }))).toMatchObject({
      status: 422,
    });
  });
});

describe('API keys', () => {
  it('tell who holds them, in every process', async () => {
    const made = await one.keys.create(ask);
    // As whoever made it first wrote it.
    const practice = await one.practices.get(ask.practice);
    expect(made).toEqual({
      id: expect.stringMatching(/^key_/),
      apiKey: expect.stringMatching(/^hrx_[0-9A-Za-z]{38}$/),
      practice: practice.name,
      plan: 'Pro',
      scopes: ['referrals:read', 'referrals:write'],
    });
    expect(await two.authenticateKey(made.apiKey)).toMatchObject({
      kind: 'key',
      id: made.id,
      practice: practice.id,
      plan: 'Pro',
      scopes: made.scopes,
      viewer: { practice: practice.id },
    });
  });

  it('are kept as hashes: neither the list nor the database holds one', async () => {
    const { apiKey } = await one.keys.create(ask);
    expect(JSON.stringify(await one.keys.list())).not.toContain(apiKey);
    const records = await (await house.connection()).collection('apikeys').find().toArray();
    expect(JSON.stringify(records)).not.toContain(apiKey.slice(4, 20));
  });

  it('with any one character changed are refused without asking the database', async () => {
    const connection = await house.connection({ monitorCommands: true });
    const watched = await house.start({ connection });
    const { apiKey } = await watched.keys.create(ask);
    const commands: string[] = [];
    connection.getClient().on('commandStarted', ({ commandName }) => commands.push(commandName));
    for (let at = 0; at < apiKey.length; at += 1) {
      const other = apiKey[at] === 'x' ? 'y' : 'x';
      const typo = apiKey.slice(0, at) + other + apiKey.slice(at + 1);
      expect(await problemOf(watched.authenticateKey(typo))).toMatchObject({ status: 401 });
    }
    expect(commands).toEqual([]);
    await watched.authenticateKey(apiKey);
    expect(commands[0]).toBe('find');
  });

  it('revoked in one process are refused by the other at once', async () => {
    const { id, apiKey } = await one.keys.create(ask);
    await two.authenticateKey(apiKey);
    await one.keys.revoke(id);
    expect(await problemOf(two.authenticateKey(apiKey))).toMatchObject({ status: 401 });
    expect((await two.keys.find(id))?.status).toBe('revoked');
    expect(await problemOf(two.keys.rotate(id))).toMatchObject({ status: 409 });
    expect(await problemOf(two.keys.revoke('key_unknown'))).toMatchObject({ status: 404 });
  });

  it('end when they expire', async () => {
    const { apiKey } = await one.keys.create({ ...ask, expiresAt: new Date(house.now().getTime() + DAY) });
    await two.authenticateKey(apiKey);
    house.pass(DAY + 1);
    expect(await problemOf(two.authenticateKey(apiKey))).toMatchObject({ status: 401 });
  });

  it('rotate once, with both good until the overlap ends', async () => {
    const old = await one.keys.create(ask);
    const tries = await Promise.allSettled([one, two, one, two].map((each) => each.keys.rotate(old.id)));
    const made = tries.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(made).toHaveLength(1);
    const [next] = made;
    expect(next).toMatchObject({ plan: old.plan, scopes: old.scopes, practice: old.practice });
    await one.authenticateKey(old.apiKey);
    await two.authenticateKey(next?.apiKey ?? '');
    house.pass(DAY + 1);
    expect(await problemOf(one.authenticateKey(old.apiKey))).toMatchObject({ status: 401 });
    await one.authenticateKey(next?.apiKey ?? '');
  });

  it('remember when they were last used', async () => {
    const { id, apiKey } = await one.keys.create(ask);
    expect((await one.keys.find(id))?.lastUsedAt).toBeNull();
    await Promise.all(Array.from({ length: 5 }, () => one.authenticateKey(apiKey)));
    await one.close();
    expect((await two.keys.find(id))?.lastUsedAt).toBeInstanceOf(Date);
  });

  it('of another practice are neither found nor ended', async () => {
    const { id, apiKey } = await one.keys.create(ask);
    const stranger = await one.practices.create('Desert Sky IOP');
    expect(await one.keys.find(id, stranger.id)).toBeUndefined();
    expect(await problemOf(one.keys.revoke(id, stranger.id))).toMatchObject({ status: 404 });
    expect(await problemOf(one.keys.rotate(id, { practice: stranger.id }))).toMatchObject({ status: 404 });
    await one.authenticateKey(apiKey);
  });
});
