import type { Media, Practitioner, PractitionerRole } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { providerMapping } from '../../src/clinicians';
import { validateResource } from '../../src/fhir';
import { checkMapping } from '../../src/mapping';
import { fileSize, photoMapping } from '../../src/photos';

/** Visible text as the API takes it. */
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((value) => /\S/.test(value) && !/\p{Cc}/u.test(value));
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 3 });
const year = fc.integer({ min: 1900, max: 2200 });
const training = maybe(fc.record({ institution: text, specialty: maybe(text), completionYear: maybe(year) }));

/** Every field of the document's bodies and of its answers that is not worked out. */
const provider = fc.record({
  firstName: text,
  lastName: text,
  title: maybe(fc.oneof(text, fc.constantFrom('MD', 'MD, PhD', 'DO,FAAD', 'MD, , PhD', ', '))),
  specialty: maybe(text),
  subspecialty: maybe(text),
  npiNumber: fc.stringMatching(/^[0-9]{10}$/),
  licenseNumber: text,
  licenseState: fc.stringMatching(/^[A-Z]{2}$/),
  licenseExpiry: maybe(fc.constantFrom('2025-12-31', '2031-02-28')),
  deaNumber: maybe(fc.stringMatching(/^[A-Za-z]{2}[0-9]{7}$/)),
  email: maybe(fc.emailAddress()),
  phone: maybe(fc.constantFrom('+1 (555) 333-4444', '555.123.4567')),
  languages: fc.array(text, { maxLength: 4 }),
  acceptingNewPatients: fc.boolean(),
  education: fc.array(fc.record({ degree: text, institution: maybe(text), year: maybe(year) }), {
    maxLength: 3,
  }),
  residency: training,
  fellowship: training,
  certifications: fc.array(text, { maxLength: 4 }),
  rating: maybe(fc.integer({ min: 0, max: 50 }).map((tenths) => tenths / 10)),
  reviewCount: maybe(fc.nat(100_000)),
  yearsOfExperience: maybe(fc.nat(70)),
});

const errorsIn = (resource: Parameters<typeof validateResource>[0]): (string | undefined)[] =>
  validateResource(resource)
    .filter(({ severity }) => severity === 'error')
    .map(({ diagnostics }) => diagnostics);

test('every field of a provider comes back from FHIR as it went in, also when it is written over another', () => {
  fc.assert(
    fc.property(provider, provider, (values, others) => {
      const { bound, issues } = providerMapping.write(values);
      expect(issues).toEqual([]);
      expect(providerMapping.read(bound, 'all')).toMatchObject(values);
      const { practitioner, role } = bound as { practitioner: Practitioner; role: PractitionerRole };
      expect([...errorsIn(practitioner), ...errorsIn(role)]).toEqual([]);
      const over = providerMapping.write(others, bound);
      expect(providerMapping.read(over.bound, 'all')).toMatchObject(others);
    }),
    { numRuns: 200 },
  );
});

const photo = fc.record({
  type: maybe(text),
  bodyPart: maybe(text),
  description: maybe(text),
  takenAt: maybe(fc.constantFrom('2024-01-20T11:00:00Z', '1999-12-31T23:59:59Z')),
  uploadedAt: fc.constant('2024-01-20T11:05:00Z'),
  metadata: maybe(fc.record({ dermoscopy: fc.boolean(), magnification: maybe(text), lighting: maybe(text) })),
});

test('every field of a photo comes back from FHIR as it went in; its size and dimensions are measured', () => {
  fc.assert(
    fc.property(photo, fc.nat(26_000_000), fc.integer({ min: 1, max: 9999 }), (values, size, width) => {
      const { bound, issues } = photoMapping.write(values);
      expect(issues).toEqual([]);
      const written = (bound as { media: Media }).media;
      const media: Media = { ...written, width, height: width + 1, content: { ...written.content, size } };
      const shown = photoMapping.read({ media }, 'created', {
        url: null,
        thumbnailUrl: null,
        uploadedBy: 'usr_1',
      });
      const measured = { fileSize: fileSize(size), dimensions: `${width}x${width + 1}` };
      const unknown = { dermoscopy: null, magnification: null, lighting: null };
      const metadata = { ...unknown, ...values.metadata, ...measured };
      expect(shown).toMatchObject({ ...values, metadata });
      expect(errorsIn({ ...media, subject: { reference: 'Patient/1' } })).toEqual([]);
    }),
    { numRuns: 200 },
  );
  expect(photoMapping.write({ metadata: { fileSize: '1MB' } }).issues).toHaveLength(1);
});

test('every path of the tables exists in R4', () => {
  expect([checkMapping(providerMapping), checkMapping(photoMapping)]).toEqual([[], []]);
});
