import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LEVELS_OF_CARE, providerMapping } from '../../src/directory';
import { ownDefinitions, validateResource } from '../../src/fhir';
import { checkMapping } from '../../src/mapping';
import { REFERRAL_STATUSES, referralMapping } from '../../src/referrals';
import type { ReferralContext } from '../../src/referrals/mapping';

const NOWHERE: ReferralContext = {
  organizationName: () => undefined,
  practiceOf: () => undefined,
  firstWritten: () => undefined,
};

/** Visible text as the API takes it. */
const text = fc.string({ minLength: 1, maxLength: 40 }).filter((value) => value.trim() !== '');
const given = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 3 });

const referral = fc.record({
  client_first: text,
  client_last: text,
  client_dob: given(
    fc
      .date({ min: new Date('1900-01-01'), max: new Date('2026-01-01'), noInvalidDate: true })
      .map((d) => d.toISOString().slice(0, 10)),
  ),
  client_ahcccs_id: given(text),
  client_insurance: given(text),
  sent_to_practice: text,
  service_needed: text,
  level_of_care: fc.oneof(text, fc.constantFrom(...LEVELS_OF_CARE, 'iop', 'DETOX', 'residential')),
  diagnosis: given(fc.stringMatching(/^[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?$/)),
  risk_level: given(fc.constantFrom('low', 'medium', 'high')),
  is_urgent: fc.boolean(),
  clinical_justification: text,
  status: fc.constantFrom(...REFERRAL_STATUSES),
});

test('every documented field of a referral comes back from FHIR as it went in', () => {
  fc.assert(
    fc.property(referral, (values) => {
      const { bound, issues } = referralMapping.write(values);
      expect(issues).toEqual([]);
      expect(referralMapping.read(bound, 'detail', NOWHERE)).toMatchObject(values);
    }),
    { numRuns: 500 },
  );
});

const provider = fc.record({
  practice: text,
  county: text.filter((value) => !/county$/i.test(value) && value.trim() === value),
  facility_type: fc.oneof(text, fc.constantFrom(...LEVELS_OF_CARE)),
  specialties: fc.array(fc.oneof(text, fc.constantFrom('trauma', 'opioid-use')), { maxLength: 4 }),
  insurance_accepted: fc.array(text, { maxLength: 4 }),
  rating: given(fc.double({ min: 0, max: 5, noNaN: true })),
  accepting_clients: fc.boolean(),
  slots: fc.array(fc.record({ level: fc.constantFrom(...LEVELS_OF_CARE), count: fc.nat(99) }), {
    maxLength: 4,
  }),
});

test('every documented field of a provider comes back from FHIR as it went in', () => {
  fc.assert(
    fc.property(provider, (values) => {
      const { bound, issues } = providerMapping.write(values);
      expect(issues).toEqual([]);
      expect(providerMapping.read(bound, 'directory')).toMatchObject(values);
    }),
    { numRuns: 300 },
  );
});

test('golden: the provider of the document, as decided', () => {
  const golden = JSON.parse(
    readFileSync(join(__dirname, '../handoffrx/golden/provider.json'), 'utf8'),
  ) as Record<string, unknown>;
  const documented = {
    practice: 'Desert Sky IOP',
    county: 'Maricopa',
    facility_type: 'IOP',
    slots: [{ level: 'IOP', count: 3 }],
    insurance_accepted: ['AHCCCS', 'Banner'],
    accepting_clients: true,
  };
  expect(providerMapping.read(golden, 'directory')).toMatchObject(documented);
  const { bound } = providerMapping.write({ ...documented, specialties: ['substance-use'], rating: 4.6 });
  expect(bound).toEqual(golden);
});

test('every path of the tables exists in R4', () => {
  expect(readdirSync(join(__dirname, '../../mappings/handoffrx')).sort()).toEqual([
    'provider.yaml',
    'referral.yaml',
  ]);
  expect(checkMapping(referralMapping)).toEqual([]);
  expect(checkMapping(providerMapping)).toEqual([]);
});

test('our definitions are valid FHIR', () => {
  const faults = ownDefinitions().flatMap((definition) =>
    validateResource(definition)
      .filter(({ severity }) => severity === 'error')
      .map(({ diagnostics }) => `${definition.resourceType}/${definition.id ?? ''}: ${diagnostics ?? ''}`),
  );
  expect(faults).toEqual([]);
});
