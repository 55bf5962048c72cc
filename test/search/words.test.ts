/** Words of narratives and of whole resources: what is asked, and what leads to it. */
import type { Patient } from '@medplum/fhirtypes';
import { extractIndex, indexContent, indexVersion, matchesInMemory, parseSearch } from '../../src/search';
import { EVERYTHING, reindex, type Viewer } from '../../src/store';
import { explain } from '../../src/store/search';
import { as, type TestStore, testStore } from '../store/support';

const narrative = (text: string): Patient['text'] => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml">${text}</div>`,
});

describe('what is asked', () => {
  const resource: Patient = {
    resourceType: 'Patient',
    text: narrative('Bone <b>métastases</b>, liver clear in OR&nbsp;(Oregon)'),
    name: [{ family: 'Smythe' }],
    contact: [{ name: { text: 'Zoë' } }],
  };
  test.each([
    ['_text', 'bone', true],
    ['_text', 'bon METASTASES', true],
    ['_text', 'one', false],
    ['_text', 'bone kidney', false],
    ['_text', 'kidney,bone', true],
    ['_text', 'kidney , lung', false],
    ['_text', '(kidney OR liver) and metastases', true],
    ['_text', '(kidney OR lung) and metastases', false],
    ['_text', 'kidney or lung metastases', false],
    ['_text', 'lung metastases or liver', true],
    ['_text', 'bone NOT kidney', true],
    ['_text', 'bone not (lung or liver)', false],
    ['_text', 'or', true],
    ['_text', 'not', false],
    ['_text', '"clear in"', true],
    ['_text', 'c i', true],
    ['_text', 'smythe', false],
    ['_text', 'div', false],
    ['_content', 'smythe zoe liver', true],
    ['_content', 'smythe jones', false],
  ])('%s=%s', (name, value, expected) => {
    expect(matchesInMemory(parseSearch('Patient', [[name, value]]), resource)).toBe(expected);
  });

  test.each(['()', '(bone', 'bone)', '-', 'a,', ',a', `${'('.repeat(40)}a${')'.repeat(40)}`])(
    'but not %s',
    (value) => {
      expect(() => parseSearch('Patient', [['_text', value]])).toThrow(
        expect.objectContaining({ status: 400, message: expect.stringContaining('_text') }),
      );
    },
  );
});

describe.each([false, true])('found in the store (content indexed: %s)', (isIndexed) => {
  let opened: TestStore;
  const long = `${Array.from({ length: 400 }, (_, i) => `filler${i}`).join(' ')} needle`;
  const endless = `${'x'.repeat(40)}tail`;
  const people: Patient[] = [
    { resourceType: 'Patient', id: 'a', text: narrative('Likes canoeing'), name: [{ family: 'Smythe' }] },
    { resourceType: 'Patient', id: 'b', text: narrative(long) },
    { resourceType: 'Patient', id: 'c', text: narrative(endless), name: [{ text: 'Canoe Jones' }] },
    {
      resourceType: 'Patient',
      id: 'd',
      contained: [{ resourceType: 'Organization', id: 'o', name: 'Canoe club' }],
    },
  ];
  beforeAll(async () => {
    indexContent(isIndexed);
    opened = await testStore();
    for (const resource of people)
      await opened.store.commit([{ kind: 'put', resource: resource as never }], as('org-a'));
  });
  afterAll(async () => {
    indexContent(false);
    await opened.close();
  });

  const ids = async (query: string, viewer: Viewer = { practice: 'org-a' }): Promise<string[]> =>
    (await opened.store.search(viewer, parseSearch('Patient', query))).matches.map(({ id }) => id);

  test.each([
    ['_text=canoe', ['a']],
    ['_text=c l', ['a']],
    ['_text=c canoe', ['a']],
    ['_text=canoe,needle', ['a', 'b']],
    ['_text=needle filler7', ['b']],
    [`_text=${endless}`, ['c']],
    [`_text=${endless}s`, []],
    ['_text=not canoe', ['b', 'c', 'd']],
    ['_content=canoe', ['a', 'c', 'd']],
    ['_content=canoe smythe', ['a']],
    ['_content=needle', ['b']],
    ['_content=canoe not (smythe or club)', ['c']],
    ['_content=canoe&_text=canoe&family=smy', ['a']],
    ['_contained=true&name=Canoe&_content=club', ['d']],
  ])('%s', async (query, expected) => {
    const type = query.startsWith('_contained') ? 'Organization' : 'Patient';
    const { matches } = await opened.store.search(EVERYTHING, parseSearch(type, query));
    expect(matches.map(({ id }) => id).sort()).toEqual(expected);
    if (type === 'Patient') {
      expect((await ids(query)).sort()).toEqual(expected);
      expect(await ids(query, { practice: 'org-b' })).toEqual([]);
      expect(await opened.store.count(EVERYTHING, parseSearch('Patient', query))).toBe(expected.length);
    }
  });

  test.each(['_text=canoe', '_text=canoe bro,needle', ...(isIndexed ? ['_content=canoe'] : [])])(
    '%s walks entries of words',
    async (query) => {
      const scope = { connection: opened.connection };
      for (const viewer of [EVERYTHING, { practice: 'org-a' }]) {
        const [plan] = await explain(scope, viewer, parseSearch('Patient', query));
        expect(plan?.stages).toContain('IXSCAN');
        expect(plan?.stages).not.toContain('COLLSCAN');
        const bounds = JSON.stringify(plan?.plan).match(/"index":\["\[\\"[^\]]*/g) ?? [];
        expect(bounds.length).toBeGreaterThan(0);
        expect(bounds.filter((bound) => !/(?:_text|_content):/.test(bound))).toEqual([]);
      }
    },
  );
});

test('entries are bounded in number and in length, and turning them on asks for a reindex', async () => {
  const words = Array.from({ length: 5_000 }, (_, i) => `${i}${'y'.repeat(60)}`).join(' ');
  const { words: entries } = extractIndex({ resourceType: 'Patient', text: narrative(words) });
  expect(entries).toHaveLength(101);
  expect(Math.max(...entries.map(({ length }) => length))).toBeLessThan(50);

  const opened = await testStore();
  try {
    const resource: Patient = { resourceType: 'Patient', id: 'a', name: [{ text: 'Canoe' }] };
    await opened.store.commit([{ kind: 'put', resource: resource as never }], as());
    const before = indexVersion('Patient');
    indexContent(true);
    expect(indexVersion('Patient')).not.toBe(before);
    expect(indexVersion('AuditEvent')).toBe(indexVersion('AuditEvent').replace('+', ''));
    await reindex({ connection: opened.connection, type: 'Patient' });
    const found = await opened.store.search(EVERYTHING, parseSearch('Patient', '_content=canoe'));
    expect(found.matches.map(({ id }) => id)).toEqual(['a']);
  } finally {
    indexContent(false);
    await opened.close();
  }
});
