import { COUNTIES, readProviders, writeProviders } from '../../src/directory';
import { seedDirectory } from '../../src/demo/directory';
import { serverContext } from '../../src/house';
import { EVERYTHING } from '../../src/store';
import { parseSearch } from '../../src/search';
import { type Api, openApi } from './support';

let api: Api;
let key: string;

beforeAll(async () => {
  api = await openApi();
  ({ key } = await api.practice('Camelback Family Medicine'));
  await seedDirectory(api.house);
}, 60_000);
afterAll(() => api.close());

interface ProviderView {
  id: string;
  practice: string;
  county: string;
  accepting_clients: boolean;
  [slots: string]: unknown;
}
const list = async (query = '') => {
  const { status, body } = await api.call('get', `/providers?${query}`, { key });
  expect(status).toBe(200);
  return body as { data: ProviderView[]; count: number; limit: number; offset: number };
};

test('lists the documented provider as documented', async () => {
  const { status, text } = await api.call(
    'get',
    '/providers?county=Maricopa&facility_type=IOP&has_availability=true',
    { key },
  );
  const { id } = (JSON.parse(text) as { data: { id: string }[] }).data[0] ?? { id: '' };
  const provider = {
    id,
    practice: 'Desert Sky IOP',
    county: 'Maricopa',
    facility_type: 'IOP',
    available_iop_slots: 3,
    insurance_accepted: ['AHCCCS', 'Banner'],
    accepting_clients: true,
  };
  expect([status, text]).toEqual([200, JSON.stringify({ data: [provider], count: 1, limit: 20, offset: 0 })]);
});

test('matches the documented request as documented', async () => {
  const body = { level_of_care: 'IOP', insurance: 'AHCCCS', diagnosis: 'F10.20', risk_level: 'medium' };
  const { status, body: answer } = await api.call('post', '/match', { key, body });
  const { matches } = answer as { matches: Record<string, unknown>[] };
  expect([status, matches.length]).toEqual([200, 5]);
  const { id } = (await list('county=Maricopa&facility_type=IOP&has_availability=true')).data[0] ?? {
    id: '',
  };
  expect(JSON.stringify(matches[0])).toBe(
    JSON.stringify({
      provider_id: id,
      practice: 'Desert Sky IOP',
      score: 99,
      reasons: [
        'Facility type (IOP) matches IOP',
        'Accepts AHCCCS',
        '3 IOP slots available',
        'Specialty: Substance Use, Co-Occurring Disorders, Alcohol Use',
        'Rated 4.6 of 5',
      ],
      available_iop_slots: 3,
      county: 'Maricopa',
      facility_type: 'IOP',
    }),
  );
});

test('pages and filters; closed providers are not listed; every county of Arizona has one', async () => {
  const all = await list('limit=100');
  expect(all.count).toBe(all.data.length);
  expect(all.data.every(({ accepting_clients }) => accepting_clients)).toBe(true);
  expect(new Set(all.data.map(({ county }) => county))).toEqual(new Set(COUNTIES));
  expect(COUNTIES).toHaveLength(15);
  const pages = [await list('limit=6'), await list('limit=6&offset=6'), await list('limit=100&offset=12')];
  expect(pages.flatMap(({ data }) => data)).toEqual(all.data);
  expect(pages.map(({ count }) => count)).toEqual([all.count, all.count, all.count]);
  const full = await list('has_availability=false&limit=100');
  const open = await list('has_availability=true&limit=100');
  expect(full.data.map(({ practice }) => practice)).toEqual(['Superstition Springs IOP']);
  expect(full.count + open.count).toBe(all.count);
});

test.each([
  ['get', '/providers?county=Orange', /county must be one of Apache/],
  ['get', '/providers?facility_type=Hotel', /facility_type must be one of OP/],
  ['get', '/providers?has_availability=1', /has_availability must be true or false/],
  ['get', '/providers?insurance=AHCCCS', /unknown query parameter: insurance/],
  ['get', '/providers?limit=0', /limit/],
  ['post', '/match?x=1', /unknown query parameter: x/],
] as const)('%s %s is 422', async (method, path, message) => {
  const { status, body } = await api.call(method, path, {
    key,
    body: method === 'post' ? { level_of_care: 'IOP' } : undefined,
  });
  expect({ status, body: body as object }).toEqual({
    status: 422,
    body: { error: expect.stringMatching(message) as string },
  });
});

test.each([
  [{}, /^level_of_care is required$/],
  [{ level_of_care: 'IOP', referral_fee: 100 }, /^unknown field: referral_fee$/],
  [
    { level_of_care: 1, diagnosis: 'x', risk_level: 'x' },
    /level_of_care must.*diagnosis must.*risk_level must/,
  ],
])('a match of %j is 422', async (body, message) => {
  const answer = await api.call('post', '/match', { key, body });
  expect({ status: answer.status, body: answer.body as object }).toEqual({
    status: 422,
    body: { error: expect.stringMatching(message) as string },
  });
});

describe('CSV', () => {
  const HEADER =
    'practice,facility_type,county,insurance_accepted,specialties,accepting_clients,rating,available_php_slots';

  test('imports, and imported again updates', async () => {
    const row = (slots: number) =>
      `${HEADER}\n"Yucca, Inc.",php,yuma county,AHCCCS; Cigna,Trauma and PTSD,yes,3.5,${slots}\n`;
    for (const slots of [4, 1])
      await writeProviders(api.house.store, readProviders(row(slots)), serverContext());
    const { data } = await list('county=Yuma&facility_type=PHP');
    expect(data).toEqual([
      {
        id: data[0]?.id,
        practice: 'Yucca, Inc.',
        county: 'Yuma',
        facility_type: 'PHP',
        available_php_slots: 1,
        insurance_accepted: ['AHCCCS', 'Cigna'],
        accepting_clients: true,
      },
    ]);
    const found = await api.house.store.search(
      EVERYTHING,
      parseSearch('HealthcareService', 'specialty=trauma&name=Yucca'),
    );
    expect(found.matches).toHaveLength(1);
  });

  test.each([
    ['practice,facility_type\nA,IOP', 'column county is missing'],
    [`${HEADER},colour\n`, 'unknown column "colour"'],
    [
      `${HEADER}\nA,Hotel,Orange,,,maybe,9,-1\n,IOP,Yuma,,,,,\n`,
      /line 2: county.*line 2: facility_type.*accepting_clients.*rating.*available_php_slots.*line 3: practice is missing/,
    ],
    [`${HEADER}\nA,IOP\n`, 'not CSV'],
  ])('a file that cannot be used is refused whole: %j', (text, message) => {
    expect(() => readProviders(text)).toThrow(message);
  });
});
