/** Order and pages: every row once, forward and back, while others write. */
import type { Resource } from '@medplum/fhirtypes';
import { parseSearch } from '../../src/search';
import { EVERYTHING, type SearchPage } from '../../src/store';
import { as, type TestStore, testStore } from '../store/support';

let opened: TestStore;

const put = (resource: object): Promise<unknown> =>
  opened.store.commit([{ kind: 'put', resource: resource as Resource & { id: string } }], as());

const find = (url: string): Promise<SearchPage> =>
  opened.store.search(EVERYTHING, parseSearch('Basic', url.replace(/^Basic\?/, '')));

const ids = async (url: string): Promise<string[]> => (await find(url)).matches.map(({ id }) => id);

beforeAll(async () => {
  opened = await testStore();
});
afterAll(() => opened.close());

describe('pages', () => {
  const walk = async (query: string): Promise<{ forward: string[]; back: string[] }> => {
    const forward: string[] = [];
    let page = await find(`Basic?${query}`);
    const pages = [page];
    for (forward.push(...page.matches.map(({ id }) => id)); page.next !== undefined; pages.push(page)) {
      page = await find(`Basic?${query}&_cursor=${page.next}`);
      forward.push(...page.matches.map(({ id }) => id));
    }
    const back = page.matches.map(({ id }) => id);
    while (page.previous !== undefined) {
      page = await find(`Basic?${query}&_cursor=${page.previous}`);
      back.unshift(...page.matches.map(({ id }) => id));
    }
    return { forward, back };
  };

  beforeAll(async () => {
    for (let i = 0; i < 25; i++) {
      const codes = [[`c${i % 4}`], [`c${i % 4}`, `c${(i + 2) % 5}`], []][i % 3] ?? [];
      await put({
        resourceType: 'Basic',
        id: `b${String(i).padStart(2, '0')}`,
        code: { coding: codes.map((code) => ({ code })) },
        ...(i % 5 === 0 ? {} : { created: `2024-0${1 + (i % 7)}-01` }),
      });
    }
  });

  test.each([
    '_sort=code',
    '_sort=-code',
    '_sort=created,-code',
    '_sort=-created',
    '_sort=-_lastUpdated',
    '_sort=-_id',
    '',
  ])('forward and back, every row once: %s', async (sort) => {
    const whole = (await find(`Basic?${sort}`.concat('&_count=100'))).matches.map(({ id }) => id);
    const { forward, back } = await walk(`${sort}&_count=4`);
    expect(whole).toHaveLength(25);
    expect(forward).toEqual(whole);
    expect(back).toEqual(whole);
  });

  test('several values: ascending by the lowest, descending by the highest, without one first and last', async () => {
    const sorted = async (sort: string): Promise<string[]> =>
      (await find(`Basic?_sort=${sort}&_count=50`)).matches.map(({ id }) => id);
    const codesOf = (id: string): string[] => {
      const i = Number(id.slice(1));
      return [[`c${i % 4}`], [`c${i % 4}`, `c${(i + 2) % 5}`], []][i % 3] ?? [];
    };
    const all = Array.from({ length: 25 }, (_, i) => `b${String(i).padStart(2, '0')}`);
    const low = (id: string): string => [...codesOf(id)].sort()[0] ?? '';
    const high = (id: string): string => [...codesOf(id)].sort().at(-1) ?? '';
    const by = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
    expect(await sorted('code')).toEqual([...all].sort((a, b) => by(low(a), low(b)) || by(a, b)));
    expect(await sorted('-code')).toEqual([...all].sort((a, b) => by(high(b), high(a)) || by(b, a)));
  });

  test('rows written or deleted meanwhile move nothing', async () => {
    const first = await find('Basic?_sort=created&_count=10');
    const seen = first.matches.map(({ id }) => id);
    const victim = seen[3] ?? '';
    await opened.store.commit([{ kind: 'delete', type: 'Basic', id: victim }], as());
    await put({ resourceType: 'Basic', id: 'a-new-one', code: { text: 'x' } });
    const second = await find(`Basic?_sort=created&_count=10&_cursor=${first.next}`);
    expect(second.matches.map(({ id }) => id).filter((id) => seen.includes(id))).toEqual([]);
    expect(second.matches).toHaveLength(10);
    expect(await ids('Basic?_count=100')).not.toContain(victim);
  });

  test('totals: of a whole page, and when asked for', async () => {
    expect((await find('Basic?_count=5')).total).toBeUndefined();
    expect((await find('Basic?_count=5&_total=accurate')).total).toBe(25);
    expect(await find('Basic?_summary=count')).toMatchObject({ total: 25, matches: [] });
    expect(await find('Basic?_count=0')).toMatchObject({ total: 25, matches: [] });
    expect((await find('Basic?_count=100')).total).toBe(25);
  });

  test('a cursor of another search is refused', async () => {
    const { next } = await find('Basic?_sort=created&_count=2');
    await expect(find(`Basic?_count=2&_cursor=${next}`)).rejects.toMatchObject({ status: 400 });
    await expect(find('Basic?_cursor=garbage')).rejects.toMatchObject({ status: 400 });
  });
});
