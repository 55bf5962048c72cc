import fc from 'fast-check';
import { patientMapping } from '../../src/chart';
import { JANE } from './patient-support';
import { type Api, openApi } from './support';

let api: Api;

beforeAll(async () => {
  api = await openApi();
}, 60_000);
afterAll(() => api.close());

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((value) => /\S/.test(value) && !/\p{Cc}/u.test(value));
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 3 });
const patient = fc.record({
  firstName: text,
  lastName: text,
  email: maybe(fc.emailAddress()),
  phone: maybe(fc.constantFrom('+1 (555) 987-6543', '555.123.4567', '5551234567')),
  dateOfBirth: fc
    .date({ min: new Date('1900-01-01'), max: new Date('2020-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10)),
  gender: maybe(fc.constantFrom('male', 'female', 'other', 'unknown')),
  address: maybe(fc.record({ street: text, city: maybe(text), state: maybe(text), zipCode: maybe(text) })),
  emergencyContact: maybe(fc.record({ name: text, relationship: maybe(text), phone: fc.constant(null) })),
  insurance: maybe(
    fc.record({
      provider: text,
      memberId: maybe(text),
      groupNumber: maybe(text),
      copay: maybe(fc.integer({ min: 0, max: 10_000_000 }).map((cents) => cents / 100)),
    }),
  ),
  allergies: fc.array(text, { maxLength: 4 }),
  medications: fc.array(text, { maxLength: 4 }),
  conditions: fc.array(text, { maxLength: 4 }),
});

test('every field of a patient comes back from FHIR as it went in, also when it is written over another', () => {
  const context = { at: new Date() };
  fc.assert(
    fc.property(patient, patient, (values, others) => {
      const { bound, issues } = patientMapping.write(values);
      expect(issues).toEqual([]);
      expect(patientMapping.read(bound, 'detail', context)).toMatchObject(values);
      const over = patientMapping.write(others, bound);
      expect(patientMapping.read(over.bound, 'detail', context)).toMatchObject(others);
    }),
    { numRuns: 300 },
  );
});

/** `RANDOM_BODIES=10000` for the long run. */
const RUNS = Number(process.env['RANDOM_BODIES'] ?? 30);
const PATIENCE_MS = 60_000 + RUNS * 400;

test(
  'random bodies are 201 or 4xx, never 5xx',
  async () => {
    const next = api.tokens('staff', { practice: 'Random Dermatology' });
    const broken = fc.tuple(fc.constantFrom(...Object.keys(JANE), '__proto__', 'id'), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(patient, fc.option(broken), async (values, fault) => {
        const body: Record<string, unknown> = { ...values, consentToTreat: true, hipaaConsent: true };
        if (fault !== null)
          Object.defineProperty(body, fault[0], { value: fault[1], enumerable: true, configurable: true });
        const { status } = await api.call('post', '/patients', {
          token: await next(),
          raw: JSON.stringify(body),
        });
        expect([201, 409, 422]).toContain(status);
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE_MS,
);
