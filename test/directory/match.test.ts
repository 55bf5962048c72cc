import fc from 'fast-check';
import {
  COUNTIES,
  type ClinicalFacts,
  type DirectoryView,
  LEVELS_OF_CARE,
  matchProviders,
  type Provider,
  providerOf,
  specialtiesFor,
} from '../../src/directory';
import { providerMapping } from '../../src/directory';

const DOCUMENTED = { level_of_care: 'IOP', insurance: 'AHCCCS', diagnosis: 'F10.20', risk_level: 'medium' };

interface Given {
  id?: string;
  practice?: string;
  county?: string;
  facility_type?: string;
  insurance_accepted?: string[];
  specialties?: string[];
  rating?: number;
  accepting_clients?: boolean;
  slots?: { level: string; count: number }[];
}

function provider(given: Given): Provider {
  const { bound } = providerMapping.write({ id: 'p', practice: 'P', ...given });
  return providerOf(bound as never);
}

function view(providers: Provider[]): DirectoryView {
  return {
    providers,
    byId: (id) => providers.find((one) => one.id === id),
    organizationName: () => undefined,
    organizationNamed: () => undefined,
  };
}

const match = (given: Given[], request: Parameters<typeof matchProviders>[1] = DOCUMENTED) =>
  matchProviders(view(given.map(provider)), request);

describe('points and reasons, each part alone', () => {
  test.each<[string, Given, number, string[]]>([
    ['facility', { facility_type: 'IOP' }, 30, ['Facility type (IOP) matches IOP']],
    ['insurance', { insurance_accepted: ['Banner', 'ahcccs'] }, 25, ['Accepts ahcccs']],
    ['slots', { slots: [{ level: 'IOP', count: 3 }] }, 20, ['3 IOP slots available']],
    ['one slot', { slots: [{ level: 'IOP', count: 1 }] }, 20, ['1 IOP slot available']],
    ['specialty', { specialties: ['substance-use', 'trauma'] }, 15, ['Specialty: Substance Use']],
    ['rating', { rating: 4.6 }, 9, ['Rated 4.6 of 5']],
    ['half a point is rounded up', { rating: 0.25 }, 1, ['Rated 0.25 of 5']],
    ['highest rating', { rating: 5 }, 10, ['Rated 5 of 5']],
  ])('%s', (_name, given, score, reasons) => {
    expect(match([given]).map((one) => [one.score, one.reasons])).toEqual([[score, reasons]]);
  });

  test('all of it, in the documented order', () => {
    const [best] = match([
      {
        facility_type: 'IOP',
        insurance_accepted: ['AHCCCS'],
        slots: [{ level: 'IOP', count: 3 }],
        specialties: ['alcohol-use'],
        rating: 5,
      },
    ]);
    expect(best).toMatchObject({
      score: 100,
      reasons: [
        'Facility type (IOP) matches IOP',
        'Accepts AHCCCS',
        '3 IOP slots available',
        'Specialty: Alcohol Use',
        'Rated 5 of 5',
      ],
    });
  });

  test.each<Given>([
    { facility_type: 'PHP' },
    { insurance_accepted: ['Banner'] },
    { slots: [{ level: 'PHP', count: 3 }] },
    { slots: [{ level: 'IOP', count: 0 }] },
    { specialties: ['eating-disorders'] },
    { rating: 0 },
    { rating: 5, facility_type: 'IOP', accepting_clients: false },
  ])('nothing to say for it, or closed: left out %j', (given) => {
    expect(match([given])).toEqual([]);
  });

  test('without diagnosis and risk no specialty counts; case does not', () => {
    const given = { specialties: ['substance-use'], facility_type: 'IOP', insurance_accepted: ['AHCCCS'] };
    expect(match([given], { level_of_care: 'iop', insurance: ' ahcccs' })).toMatchObject([{ score: 55 }]);
    expect(match([given], { level_of_care: 'iop', diagnosis: null, insurance: null })).toMatchObject([
      { score: 30 },
    ]);
  });
});

test.each<[string | undefined, string | undefined, string[]]>([
  ['F10.20', undefined, ['substance-use', 'co-occurring', 'alcohol-use']],
  ['F11.20', 'low', ['substance-use', 'co-occurring', 'opioid-use']],
  ['F43.10', undefined, ['trauma']],
  ['F99', undefined, []],
  ['A00', 'medium', []],
  [undefined, 'high', ['crisis-stabilization']],
  ['F32.1', 'high', ['mood-disorders', 'crisis-stabilization']],
])('diagnosis %s and risk %s call for %j', (diagnosis, risk, specialties) => {
  expect([...specialtiesFor(diagnosis, risk)]).toEqual(specialties);
});

test('the top five: by score, then rating, slots at the level, name, id', () => {
  const slots = (count: number) => [
    { level: 'IOP', count },
    { level: 'PHP', count: 90 - count },
  ];
  const given: Given[] = [
    { id: 'a', practice: 'Alder', facility_type: 'IOP' },
    { id: 'b', practice: 'Birch', facility_type: 'IOP', rating: 4.5, slots: slots(1) },
    { id: 'c', practice: 'Cedar', facility_type: 'IOP', rating: 4.6, slots: slots(1) },
    { id: 'd', practice: 'Date', facility_type: 'IOP', rating: 4.6, slots: slots(2) },
    { id: 'e', practice: 'Elm', facility_type: 'IOP', rating: 4.6, slots: slots(1) },
    { id: 'f', practice: 'Elm', facility_type: 'IOP', rating: 4.6, slots: slots(1) },
    { id: 'g', practice: 'Fir', facility_type: 'IOP', rating: 4.5, slots: slots(9) },
  ];
  expect(match(given).map((one) => one.provider.id)).toEqual(['d', 'c', 'e', 'f', 'g']);
});

const texts = fc.array(fc.constantFrom('AHCCCS', 'Banner', 'Cigna'), { maxLength: 3 });
const facts = fc.record({
  facility_type: fc.constantFrom(...LEVELS_OF_CARE),
  insurance_accepted: texts,
  specialties: fc.array(fc.constantFrom('substance-use', 'trauma', 'crisis-stabilization'), { maxLength: 2 }),
  rating: fc.double({ min: 0, max: 5, noNaN: true }),
  slots: fc.array(fc.record({ level: fc.constantFrom(...LEVELS_OF_CARE), count: fc.nat(3) }), {
    maxLength: 3,
  }),
});
const request = fc.record({
  level_of_care: fc.constantFrom(...LEVELS_OF_CARE),
  insurance: fc.option(fc.constantFrom('AHCCCS', 'cigna')),
  diagnosis: fc.option(fc.constantFrom('F10.20', 'F43.10')),
  risk_level: fc.option(fc.constantFrom('low', 'high')),
});

test('nothing but clinical facts moves a score: every other field of a provider may change', () => {
  // The scorer's input type has these keys and no others; another one would not compile.
  const keys: Record<keyof ClinicalFacts, true> = {
    facilityType: true,
    insurance: true,
    slots: true,
    specialties: true,
    rating: true,
  };
  const other = fc.record({
    id: fc.uuid(),
    practice: fc.string(),
    county: fc.constantFrom(...COUNTIES),
  });
  fc.assert(
    fc.property(facts, other, other, request, (clinical, left, right, asked) => {
      const score = (rest: object) =>
        match([{ ...clinical, ...rest }], asked).map((one) => [one.score, one.reasons]);
      expect(score(left)).toEqual(score(right));
      expect(Object.keys(provider({ ...clinical, ...left }).facts).sort()).toEqual(Object.keys(keys).sort());
    }),
    { numRuns: 300 },
  );
});

test('the top five of any directory are those of sorting all of it', () => {
  fc.assert(
    fc.property(fc.array(facts, { maxLength: 30 }), request, (all, asked) => {
      const given = all.map((one, i) => ({
        ...one,
        id: String(i),
        practice: `P${String(i).padStart(2, '0')}`,
      }));
      const level = asked.level_of_care.toLowerCase();
      const expected = given
        .flatMap((one) => match([one], asked))
        .sort((a, b) => {
          const [left, right] = [a.provider.facts, b.provider.facts];
          return (
            b.score - a.score ||
            (right.rating ?? 0) - (left.rating ?? 0) ||
            (right.slots.get(level) ?? 0) - (left.slots.get(level) ?? 0)
          );
        })
        .slice(0, 5);
      expect(match(given, asked).map((one) => one.provider.id)).toEqual(
        expected.map((one) => one.provider.id),
      );
    }),
    { numRuns: 200 },
  );
});
