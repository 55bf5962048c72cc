import request from 'supertest';
import { testHouse, type TestHouse } from '../support/house';

let test: TestHouse;
const sessions: Record<string, { cookie: string; csrf: string }> = {};

beforeAll(async () => {
  test = await testHouse();
  for (const role of ['compliance', 'operator']) {
    const made = await test.house.identity.users.create({
      email: `${role}@x.example`,
      name: `The ${role}`,
      role,
    });
    const { email, password } = made;
    const answer = await request(test.app).post('/portal/session').send({ email, password }).expect(200);
    const [cookie = ''] = String(answer.headers['set-cookie']).split(';');
    sessions[role] = { cookie, csrf: (answer.body as { csrfToken: string }).csrfToken };
  }
});

afterAll(() => test.close());

function call(method: 'get' | 'post', role: string, path: string) {
  const { cookie = '', csrf = '' } = sessions[role] ?? {};
  return request(test.app)[method](path).set('Cookie', cookie).set('X-CSRF-Token', csrf);
}

interface Latest {
  latest: { state: string; ok?: boolean; events: number; size: number; key?: string; wrong?: number } | null;
}

/** The verification as it ended. */
async function ended(): Promise<NonNullable<Latest['latest']>> {
  for (;;) {
    const { body } = await call('get', 'compliance', '/portal/compliance/verification').expect(200);
    const { latest } = body as Latest;
    if (latest !== null && latest.state !== 'running') return latest;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('the audit log in the dashboard', () => {
  it('tells its signed state and is verified as a whole, finding what was altered beneath it', async () => {
    const none = await call('get', 'compliance', '/portal/compliance/verification').expect(200);
    expect(none.body).toEqual({ latest: null });
    const { body } = await call('get', 'compliance', '/portal/compliance/log').expect(200);
    const { checkpoint, keys } = body as {
      checkpoint: { size: number; kid: string };
      keys: { kid: string }[];
    };
    expect(checkpoint.size).toBeGreaterThan(0);
    expect(keys.map(({ kid }) => kid)).toContain(checkpoint.kid);
    await call('post', 'compliance', '/portal/compliance/verification').expect(202);
    const first = await ended();
    expect(first).toMatchObject({
      state: 'done',
      ok: true,
      wrong: 0,
      key: checkpoint.kid,
      by: 'The compliance',
    });
    expect(first.events).toBe(first.size);

    const segments = test.house.connection.mongoose.collection('audit_segments');
    await segments.updateOne({}, { $set: { leaves: Buffer.alloc(32) } });
    await call('post', 'compliance', '/portal/compliance/verification').expect(202);
    expect((await ended()).ok).not.toBe(true);
  });

  it('is for compliance officers alone', async () => {
    await call('get', 'operator', '/portal/compliance/log').expect(403);
    await call('post', 'operator', '/portal/compliance/verification').expect(403);
  });
});
