import type { Patient } from '@medplum/fhirtypes';
import { MINIMAL, patientsOf } from './patient-support';
import { type Api, openApi, refusal, type Signed, UTC } from './support';

let api: Api;
let staff: Signed;

beforeAll(async () => {
  api = await openApi();
  staff = await api.user('staff');
}, 60_000);
afterAll(() => api.close());

const { create, read, update, list } = patientsOf(() => ({ api, staff }));

describe('lists', () => {
  let own: Signed;
  const names = ['John Doe', 'Johanna Smith-Jones', 'Mary Ann Lee', 'José García'];
  let ids: string[];

  beforeAll(async () => {
    own = await api.user('staff', { practice: 'List Dermatology' });
    ids = [];
    for (const [i, name] of names.entries()) {
      const [last = '', ...first] = name.split(' ').reverse();
      const body = {
        ...MINIMAL,
        firstName: first.reverse().join(' '),
        lastName: last,
        email: `person${i}@mail.example`,
        phone: `+1 (555) ${i}23-4567`,
      };
      ids.push((await create(body, own.token)).id);
    }
  });

  const found = async (query: string): Promise<number[]> =>
    (await list(query, own.token)).data.map((view) => ids.indexOf(view.id)).sort();

  test('search finds beginnings of name words, the email and the phone', async () => {
    expect(await found('search=jo')).toEqual([0, 1, 3]);
    expect(await found('search=JONES')).toEqual([1]);
    expect(await found('search=ann')).toEqual([2]);
    expect(await found('search=garcia')).toEqual([3]);
    expect(await found('search=john%20doe')).toEqual([0]);
    expect(await found('search=doe,john')).toEqual([0]);
    expect(await found('search=person2')).toEqual([2]);
    expect(await found('search=person2@mail.example')).toEqual([2]);
    expect(await found(`search=${encodeURIComponent('+1 (555) 323')}`)).toEqual([3]);
    expect(await found('search=123-4567')).toEqual([1]);
    expect(await found('search=oe')).toEqual([]);
    expect(await found('search=doe%20lee')).toEqual([]);
    expect(await found('search=')).toEqual([0, 1, 2, 3]);
    // Nothing of these words is left to be compared: control characters, an accent alone.
    expect(await found('search=%00')).toEqual([0, 1, 2, 3]);
    expect(await found('search=%CC%81%20doe')).toEqual([0]);
  });

  test('order, pages and the pagination object', async () => {
    const order = async (query: string): Promise<number[]> =>
      (await list(query, own.token)).data.map((view) => ids.indexOf(view.id));
    expect(await order('')).toEqual([3, 2, 1, 0]);
    expect(await order('order=asc')).toEqual([0, 1, 2, 3]);
    expect(await order('sortBy=lastName&order=asc')).toEqual([0, 3, 2, 1]);
    expect(await order('sortBy=firstName&order=desc')).toEqual([2, 3, 0, 1]);
    expect(await list('page=2&limit=3', own.token)).toMatchObject({
      data: [{ id: ids[0] }],
      pagination: { page: 2, limit: 3, total: 4, totalPages: 2, hasNext: false, hasPrevious: true },
    });
    expect(await list('page=9&limit=500', own.token)).toEqual({
      data: [],
      pagination: { page: 9, limit: 100, total: 4, totalPages: 1, hasNext: false, hasPrevious: true },
    });
    for (const query of [
      'page=0',
      'limit=0',
      'status=gone',
      'sortBy=age',
      'order=up',
      'page=x',
      'sort=a',
      'page=1&page=2',
    ]) {
      const answer = await api.call('get', `/patients?${query}`, { token: own.token });
      expect([query, refusal(answer)]).toEqual([
        query,
        { status: 400, code: 'BAD_REQUEST', fields: [query.split('=')[0]] },
      ]);
    }
  });

  test('a search that holds for many pages like one that holds for few', async () => {
    const { practice, token } = await api.user('staff', { practice: 'Large Dermatology' });
    const patients = Array.from({ length: 700 }, (_, i): Patient & { id: string } => ({
      resourceType: 'Patient',
      id: `large-${i}`,
      active: i % 50 !== 0,
      name: [
        { given: [i % 2 === 0 ? 'Even' : 'Odd'], family: `Name${String((i * 7919) % 700).padStart(3, '0')}` },
      ],
    }));
    const context = { viewer: { practice }, requestId: 't', author: { id: 't', name: 't', kind: 'system' } };
    await api.house.store.commit(
      patients.map((resource) => ({ kind: 'create', id: resource.id, resource })),
      context,
    );
    const expected = patients
      .filter(({ active, name }) => active && name?.[0]?.given?.[0] === 'Odd')
      .sort((a, b) => (a.name?.[0]?.family ?? '').localeCompare(b.name?.[0]?.family ?? ''))
      .map(({ id }) => `pat_${id}`);
    const shown: string[] = [];
    for (const page of [1, 2, 3, 4]) {
      const { data, pagination } = await list(
        `search=odd&status=active&sortBy=lastName&order=asc&limit=100&page=${page}`,
        token,
      );
      expect(pagination['total']).toBe(expected.length);
      shown.push(...data.map(({ id }) => id));
    }
    expect(shown).toEqual(expected);
  });

  test('what an EHR writes is there: patients, and whether they are active', async () => {
    const context = {
      viewer: { practice: own.practice },
      requestId: 't',
      author: { id: 't', name: 't', kind: 'system' },
    };
    const patient: Patient & { id: string } = {
      resourceType: 'Patient',
      id: 'ehr',
      name: [{ given: ['Erik', 'H.'], family: 'Ehr' }],
    };
    await api.house.store.commit([{ kind: 'create', id: 'ehr', resource: patient }], context);
    const shown = await read('pat_ehr', own.token);
    expect(shown).toMatchObject({
      id: 'pat_ehr',
      firstName: 'Erik',
      lastName: 'Ehr',
      status: 'active',
      createdAt: expect.stringMatching(UTC),
    });
    const married = {
      ...patient,
      name: [
        { use: 'old' as const, given: ['Erik'], family: 'Ehr' },
        { use: 'official' as const, given: ['Erik'], family: 'Stone' },
      ],
    };
    await api.house.store.commit([{ kind: 'put', resource: married }], context);
    expect(await read('pat_ehr', own.token)).toMatchObject({ firstName: 'Erik', lastName: 'Stone' });
    await update('pat_ehr', { lastName: 'Stone-Ehr' }, own.token);
    const stored = await api.house.store.read<Patient>(context.viewer, 'Patient', 'ehr');
    expect(stored?.deleted === false && stored.resource.name).toEqual([
      married.name[0],
      { ...married.name[1], family: 'Stone-Ehr' },
    ]);
    await api.house.store.commit([{ kind: 'put', resource: { ...patient, active: false } }], context);
    expect(await read('pat_ehr', own.token)).toMatchObject({
      status: 'inactive',
      createdAt: shown['createdAt'],
    });
    // Newest first: it was written last of all.
    const [newest] = (await list('', own.token)).data;
    expect(newest).toMatchObject({ id: 'pat_ehr', createdAt: shown['createdAt'] });
    expect((await list('status=inactive', own.token)).data.map((view) => view.id)).toEqual(['pat_ehr']);
    expect((await list('status=active', own.token)).pagination).toMatchObject({ total: 4 });
    await update('pat_ehr', { status: 'pending' }, own.token);
    expect((await list('status=pending', own.token)).data.map((view) => view.id)).toEqual(['pat_ehr']);
    expect((await list('status=inactive', own.token)).data).toEqual([]);
  });
});
