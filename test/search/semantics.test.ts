/** Search against an oracle that knows no index, in memory and on the database. */
import type { Observation, Patient, Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { matchesInMemory, parseSearch } from '../../src/search';
import { EVERYTHING } from '../../src/store';
import { as, type TestStore, testStore } from '../store/support';
import { dateHolds, nameHolds, numberHolds, tokenHolds } from './oracle';

const two = (n: number): string => String(n).padStart(2, '0');

const day = fc.tuple(
  fc.integer({ min: 2019, max: 2022 }),
  fc.integer({ min: 1, max: 12 }),
  fc.integer({ min: 1, max: 28 }),
);
const clock = fc.tuple(
  fc.integer({ min: 0, max: 23 }),
  fc.integer({ min: 0, max: 59 }),
  fc.integer({ min: 0, max: 59 }),
  fc.integer({ min: 0, max: 999 }),
);

/** Dates of every precision, close together so that they meet. */
const date = fc
  .tuple(day, clock, fc.integer({ min: 0, max: 5 }))
  .map(([[y, m, d], [h, min, s, ms], precision]) => {
    const parts = [
      `${y}`,
      `-${two(m)}`,
      `-${two(d)}`,
      `T${two(h)}:${two(min)}`,
      `:${two(s)}`,
      `.${String(ms).padStart(3, '0')}`,
    ];
    const text = parts.slice(0, precision + 1).join('');
    return precision >= 3 ? `${text}Z` : text;
  });
/** A dateTime of a resource has seconds when it has a time. */
const stored = date.filter((text) => !/T\d\d:\d\dZ$/.test(text));
const prefix = fc.constantFrom('', 'eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb');
const number = fc
  .tuple(fc.integer({ min: 0, max: 12 }), fc.constantFrom('', '.0', '.5', '.25', '.00'))
  .map(([n, rest]) => `${n}${rest}`);

const effective = fc.oneof(
  stored.map((effectiveDateTime) => ({ effectiveDateTime })),
  fc
    .tuple(stored, stored)
    .map(([a, b]) => ({ effectivePeriod: a < b ? { start: a, end: b } : { start: b, end: a } })),
  stored.map((start) => ({ effectivePeriod: { start } })),
  stored.map((end) => ({ effectivePeriod: { end } })),
  fc.constant({}),
);
const coding = fc.record(
  { system: fc.constantFrom('urn:a', 'urn:b'), code: fc.constantFrom('x', 'y', 'X', 'x|y') },
  { requiredKeys: ['code'] },
);
const token = fc
  .tuple(fc.constantFrom('', 'urn:a|', 'urn:b|', '|'), fc.constantFrom('x', 'y', 'Y', 'z'))
  .map(([s, c]) => s + c);
const observation: fc.Arbitrary<Observation> = fc
  .tuple(effective, fc.array(coding, { maxLength: 2 }), fc.option(number, { nil: undefined }))
  .map(([when, codings, value]) => ({
    resourceType: 'Observation',
    status: 'final',
    code: { coding: codings },
    ...when,
    ...(value === undefined
      ? {}
      : {
          valueQuantity: {
            value: Number(value),
            unit: 'mg',
            system: 'http://unitsofmeasure.org',
            code: 'mg',
          },
        }),
  }));

const word = fc.constantFrom(
  'Ann',
  'ann',
  'Zoë',
  'ZOE',
  'Müller',
  'muller',
  'O’Neil',
  'An',
  'nn',
  'van der Berg',
  'Łódź',
  'lo',
);
const patient: fc.Arbitrary<Patient> = fc
  .array(fc.record({ family: word, given: fc.array(word, { maxLength: 2 }) }, { requiredKeys: [] }), {
    maxLength: 2,
  })
  .map((name) => ({ resourceType: 'Patient', name }));

const holds = (resource: Resource, query: string): boolean =>
  matchesInMemory(parseSearch(resource.resourceType, query), resource);

const query = (name: string, value: string): string => new URLSearchParams([[name, value]]).toString();

describe('in memory', () => {
  test('dates', () => {
    fc.assert(
      fc.property(observation, prefix, date, (resource, p, text) => {
        expect(holds(resource, query('date', p + text))).toBe(dateHolds(resource, p, text));
      }),
      { numRuns: 3000 },
    );
  });

  test('quantities and their implicit precision, in the unit and in another', () => {
    fc.assert(
      fc.property(observation, prefix, number, (resource, p, text) => {
        const expected = numberHolds(resource.valueQuantity?.value, p, text);
        expect(holds(resource, query('value-quantity', p + text))).toBe(expected);
        expect(holds(resource, query('value-quantity', `${p}${text}||mg`))).toBe(expected);
        expect(holds(resource, query('value-quantity', `${p}${text}|http://unitsofmeasure.org|mg`))).toBe(
          expected,
        );
        expect(holds(resource, query('value-quantity', `${p}${text}||g`))).toBe(false);
      }),
      { numRuns: 1500 },
    );
  });

  test('tokens, :not and :missing', () => {
    fc.assert(
      fc.property(observation, token, token, (resource, a, b) => {
        const expected = tokenHolds(resource.code, a);
        expect(holds(resource, query('code', a))).toBe(expected);
        expect(holds(resource, query('code:not', a))).toBe(!expected);
        expect(holds(resource, query('code', `${a},${b}`))).toBe(expected || tokenHolds(resource.code, b));
        expect(holds(resource, query('code:missing', 'true'))).toBe(
          (resource.code.coding ?? []).length === 0,
        );
      }),
      { numRuns: 1500 },
    );
  });

  test('strings, folded, :exact and :contains', () => {
    fc.assert(
      fc.property(patient, word, fc.constantFrom('', ':exact', ':contains'), (resource, text, modifier) => {
        expect(holds(resource, query(`name${modifier}`, text))).toBe(nameHolds(resource, modifier, text));
      }),
      { numRuns: 1500 },
    );
  });
});

describe('on the database', () => {
  let opened: TestStore;
  let resources: Observation[] = [];
  beforeAll(async () => {
    opened = await testStore();
    resources = fc
      .sample(observation, { numRuns: 150, seed: 7 })
      .map((resource, i) => ({ ...resource, id: `o${i}` }));
    for (let i = 0; i < resources.length; i += 50) {
      const changes = resources.slice(i, i + 50).map((resource) => ({ kind: 'put', resource }) as const);
      await opened.store.commit(changes as never, as());
    }
  });
  afterAll(() => opened.close());

  const anyQuery = fc.oneof(
    fc.tuple(prefix, date).map(([p, text]) => query('date', p + text)),
    fc
      .tuple(prefix, number, fc.constantFrom('', '||mg', '|http://unitsofmeasure.org|ug'))
      .map(([p, n, unit]) => query('value-quantity', p + n + unit)),
    token.map((text) => query('code', text)),
    token.map((text) => query('code:not', text)),
    fc.tuple(token, prefix, number).map(([code, p, n]) => query('code-value-quantity', `${code}$${p}${n}`)),
    fc.constantFrom('date:missing=true', 'value-quantity:missing=false', 'code:missing=true'),
    fc
      .tuple(prefix, date, token)
      .map(([p, text, code]) => query('_filter', `date ${p || 'eq'} ${text} or not (code eq ${code})`)),
  );

  test('the same resources as in memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyQuery, { minLength: 1, maxLength: 3 }), async (queries) => {
        const request = parseSearch('Observation', `${queries.join('&')}&_count=1000`);
        const expected = resources
          .filter((resource) => matchesInMemory(request, resource))
          .map(({ id }) => id);
        const { matches } = await opened.store.search(EVERYTHING, request);
        expect(matches.map(({ id }) => id).sort()).toEqual(expected.sort());
      }),
      { numRuns: 120 },
    );
  });
});
