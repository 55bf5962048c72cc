import request from 'supertest';
import { testHouse, type TestHouse } from '../support/house';

let test: TestHouse;
const sessions: Record<string, { cookie: string; csrf: string }> = {};

async function signIn(role: string, practice: string): Promise<{ cookie: string; csrf: string }> {
  const { users } = test.house.identity;
  const named = { email: `${role}@${practice.replaceAll(' ', '')}.example`, name: `${role} of ${practice}` };
  const { email, password } = await users.create({ ...named, role, practice });
  const answer = await request(test.app).post('/portal/session').send({ email, password }).expect(200);
  const [cookie = ''] = String(answer.headers['set-cookie']).split(';');
  return { cookie, csrf: (answer.body as { csrfToken: string }).csrfToken };
}

beforeAll(async () => {
  test = await testHouse();
  for (const name of ['Camelback', 'Sonora']) {
    await test.house.identity.practices.create(name);
    sessions[name] = await signIn('practice-admin', name);
  }
});

afterAll(() => test.close());

function call(method: 'get' | 'post' | 'patch', who: string, path: string) {
  const { cookie = '', csrf = '' } = sessions[who] ?? {};
  return request(test.app)[method](path).set('Cookie', cookie).set('X-CSRF-Token', csrf);
}

async function refer(client: [string, string], more: object = {}): Promise<string> {
  const [client_first, client_last] = client;
  const made = await call('post', 'Camelback', '/api/v1/referrals')
    .send({
      client_first,
      client_last,
      sent_to_practice: 'Sonora',
      service_needed: 'Intensive outpatient',
      level_of_care: 'IOP',
      clinical_justification: 'Meets ASAM criteria for this level.',
      ...more,
    })
    .expect(201);
  return (made.body as { id: string }).id;
}

interface Found {
  data: { id: string; client_last: string; direction: string; level_of_care: string; sender: string }[];
  count: number | null;
  next: string | null;
}

async function search(who: string, body: object): Promise<Found> {
  const answer = await call('post', who, '/portal/referrals/search').send(body).expect(200);
  return answer.body as Found;
}

const lastNames = ({ data }: Found): string[] => data.map(({ client_last }) => client_last);

describe('finding referrals', () => {
  it('goes by box, status, level of care, date and client, newest first, in pages', async () => {
    const first = await refer(['Maria', 'Hernandez'], { client_ahcccs_id: 'AZ123' });
    const afterFirst = new Date().toISOString();
    await refer(['Ana', 'Herrera'], { level_of_care: 'Detox' });
    const inbox = await search('Sonora', { box: 'inbox' });
    expect(lastNames(inbox)).toEqual(['Herrera', 'Hernandez']);
    expect(inbox).toMatchObject({ count: 2, next: null });
    expect(inbox.data[0]).toMatchObject({
      direction: 'received',
      level_of_care: 'Detox',
      sender: 'Camelback',
    });
    expect(lastNames(await search('Sonora', { box: 'sent' }))).toEqual([]);
    expect((await search('Camelback', { box: 'sent' })).data[0]?.direction).toBe('sent');
    const found = async (body: object) => lastNames(await search('Sonora', { box: 'all', ...body }));
    expect(await found({ client: 'her mar' })).toEqual(['Hernandez']);
    expect(await found({ client: 'AZ123' })).toEqual(['Hernandez']);
    expect(await found({ client: 'nobody' })).toEqual([]);
    expect(await found({ levelOfCare: 'IOP' })).toEqual(['Hernandez']);
    expect(await found({ from: afterFirst })).toEqual(['Herrera']);
    expect(await found({ to: afterFirst })).toEqual(['Hernandez']);
    await call('patch', 'Sonora', `/api/v1/referrals/${first}`).send({ status: 'accepted' }).expect(200);
    expect(await found({ status: 'accepted' })).toEqual(['Hernandez']);
  });

  it('keeps names of clients out of the trail, and is for practices alone', async () => {
    await search('Sonora', { box: 'all', client: 'Hernandez' });
    const { text } = await test.house.audit.exportEvents({ filter: {}, format: 'ndjson' });
    for await (const piece of text) expect(piece).not.toMatch(/Hernandez/);
    sessions['officer'] = await signIn('compliance', 'Sonora');
    await call('post', 'officer', '/portal/referrals/search').send({ box: 'all' }).expect(403);
    await call('post', 'Sonora', '/portal/referrals/search').send({ box: 'all', extra: 1 }).expect(422);
  });
});

describe('a referral', () => {
  it('is changed only as it was seen, when the caller says so', async () => {
    const id = await refer(['Joe', 'Seen']);
    const path = `/api/v1/referrals/${id}`;
    const seen = await call('get', 'Camelback', path).expect(200);
    await call('patch', 'Sonora', path)
      .set('If-Match', seen.get('ETag') ?? '')
      .send({ status: 'accepted' })
      .expect(200);
    const late = await call('patch', 'Camelback', path)
      .set('If-Match', seen.get('ETag') ?? '')
      .send({ status: 'declined' });
    expect(late.status).toBe(409);
    expect(late.body).toEqual({ error: 'The referral has been changed meanwhile' });
    const now = await call('get', 'Camelback', path).expect(200);
    expect(now.body).toMatchObject({ status: 'accepted' });
    expect(now.get('ETag')).not.toBe(seen.get('ETag'));
    await call('patch', 'Camelback', path)
      .set('If-Match', now.get('ETag') ?? '')
      .send({ status: 'declined' })
      .expect(200);
  });

  it('tells who did what through which face, oldest first', async () => {
    const id = await refer(['Tim', 'Line']);
    const { apiKey } = await test.house.identity.keys.create({
      practice: 'Sonora',
      plan: 'Pro',
      scopes: ['referrals:read', 'referrals:write'],
    });
    await request(test.app)
      .patch(`/api/v1/referrals/${id}`)
      .set('Authorization', `Bearer ${apiKey}`)
      .send({ status: 'accepted', outcome_notes: 'Bed is free.' })
      .expect(200);
    await call('patch', 'Sonora', `/api/v1/referrals/${id}`).send({ status: 'scheduled' }).expect(200);
    await call('patch', 'Camelback', `/api/v1/referrals/${id}`)
      .send({ outcome_notes: 'Thank you.' })
      .expect(200);
    const { body } = await call('get', 'Camelback', `/portal/referrals/${id}/timeline`).expect(200);
    const steps = (body as { data: Record<string, unknown>[] }).data;
    expect(steps).toMatchObject([
      { status: 'pending', by: { kind: 'user', face: 'portal', practice: 'Camelback' } },
      {
        status: 'accepted',
        by: { kind: 'key', face: 'handoffrx' },
        notes: [{ text: 'Bed is free.', author: 'Sonora' }],
      },
      { status: 'scheduled', by: { name: 'practice-admin of Sonora', face: 'portal' } },
      { notes: [{ text: 'Thank you.', author: 'Camelback' }] },
    ]);
    expect(steps[3]).not.toHaveProperty('status');
    await call('get', 'Camelback', '/portal/referrals/none/timeline').expect(404);
  });
});
