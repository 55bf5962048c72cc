/** Search cases of Microsoft's FHIR server and of fhir-candle, on the store. */
import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSearch, registerSearchParameter, unregisterSearchParameter } from '../../src/search';
import { EVERYTHING, type SearchPage } from '../../src/store';
import { as, type TestStore, testStore } from '../store/support';

interface Case {
  id: string;
  url: string;
  expectedIds?: string[];
  expectedTotal?: number;
  expectedEntries?: number;
}

const FOLDER = join(__dirname, '../fixtures/search-cases');

const fixtures = (name: string): (Resource & { id: string })[] =>
  JSON.parse(readFileSync(join(FOLDER, `${name}.fixtures.json`), 'utf8')) as (Resource & { id: string })[];

const cases = (name: string): Case[] =>
  readFileSync(join(FOLDER, `${name}.cases.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Case);

async function load(name: string): Promise<TestStore> {
  const opened = await testStore();
  const resources = fixtures(name);
  for (const resource of resources)
    if (resource.resourceType === 'SearchParameter') registerSearchParameter(resource);
  for (const resource of resources) await opened.store.commit([{ kind: 'put', resource }], as());
  return opened;
}

function unload(name: string): void {
  for (const { resourceType, id } of fixtures(name))
    if (resourceType === 'SearchParameter') unregisterSearchParameter(id);
}

function run({ store }: TestStore, url: string): Promise<SearchPage> {
  const [path = '', query = ''] = url.split(/\?(.*)/s);
  const [type = '', id, inner] = path.split('/');
  const compartment = id === undefined ? undefined : { type: type as ResourceType, id };
  const request = parseSearch((inner ?? type) as ResourceType, `${query}&_count=50`.replace(/^&/, ''), {
    ...(compartment === undefined ? {} : { compartment }),
  });
  return store.search(EVERYTHING, request);
}

describe.each(['search-values', 'search-features'])('%s', (name) => {
  let opened: TestStore;
  beforeAll(async () => {
    opened = await load(name);
  });
  afterAll(async () => {
    unload(name);
    await opened.close();
  });

  test.each(cases(name))('$id $url', async ({ url, expectedIds, expectedTotal, expectedEntries }) => {
    const page = await run(opened, url);
    if (expectedIds !== undefined)
      expect(page.matches.map(({ id }) => id).sort()).toEqual([...expectedIds].sort());
    if (expectedTotal !== undefined) expect(page.total).toBe(expectedTotal);
    if (expectedEntries !== undefined)
      expect(page.matches.length + page.included.length).toBe(expectedEntries);
  });
});
