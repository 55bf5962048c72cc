import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Extension, Patient, Resource } from '@medplum/fhirtypes';
import { Parser, type ReadEntry } from 'tar';
import { CANONICAL_BASE, ownDefinitions, parseFhirJson, validateResource } from '../../src/fhir';

const PACKAGES = join(__dirname, '../../fhir-profiles/packages');

/** Example resources of a package we ship. */
function examplesOf(archive: string, isExample: (path: string) => boolean): [string, Resource][] {
  const found: [string, Resource][] = [];
  const parser = new Parser({ sync: true } as ConstructorParameters<typeof Parser>[0]);
  parser.on('entry', (entry: ReadEntry) => {
    const chunks: Buffer[] = [];
    entry.on('data', (chunk: Buffer) => chunks.push(chunk));
    entry.on('end', () => {
      if (entry.path.endsWith('.json') && isExample(entry.path))
        found.push([entry.path, parseFhirJson(Buffer.concat(chunks).toString('utf8'))]);
    });
  });
  parser.write(gunzipSync(readFileSync(join(PACKAGES, archive))));
  parser.end();
  return found;
}

const PATIENT: Patient = {
  resourceType: 'Patient',
  identifier: [{ system: 'http://x.example/mrn', value: '1' }],
  name: [{ family: 'F' }],
  gender: 'female',
};

const withExtensions = (extension: object[]): Patient => ({
  ...PATIENT,
  extension: extension as Extension[],
});

const errorsOf = (issues: ReturnType<typeof validateResource>): string[] =>
  issues
    .filter(({ severity }) => severity === 'error')
    .map(({ code, expression }) => `${code} ${expression?.[0]}`);

describe('profiles', () => {
  const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition';
  const race = (...extension: object[]): object => ({ url: `${US_CORE}/us-core-race`, extension });
  const omb = (code: string): object => ({
    url: 'ombCategory',
    valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code },
  });
  const text = { url: 'text', valueString: 'x' };

  const problems = (resource: Resource, profile: string): string[] =>
    errorsOf(validateResource(resource, { profiles: [`${US_CORE}/${profile}`] })).map((line) =>
      line.split(' ').slice(0, 2).join(' '),
    );

  test('a profile is claimed at the version that is here, or at one that is not known', () => {
    const claimed = (version: string): string[] =>
      validateResource({
        resourceType: 'Patient',
        meta: { profile: [`${US_CORE}/us-core-patient|${version}`] },
      }).map(({ severity, code }) => `${severity} ${code}`);
    expect(new Set(claimed('6.1.0'))).toEqual(new Set(['error required']));
    expect(claimed('3.1.1')).toEqual(['warning not-found']);
  });

  test('US Core Patient: required elements, extension slices and their bindings', () => {
    expect(problems(PATIENT, 'us-core-patient')).toEqual([]);
    expect(problems({ resourceType: 'Patient' }, 'us-core-patient').sort()).toEqual([
      'required Patient.gender',
      'required Patient.identifier',
      'required Patient.name',
    ]);
    expect(problems(withExtensions([race(omb('2106-3'), text)]), 'us-core-patient')).toEqual([]);
    expect(problems(withExtensions([race(omb('2106-3'))]), 'us-core-patient')).toEqual([
      'required Patient.extension[0].extension',
    ]);
    expect(problems(withExtensions([race(omb('nonsense'), text)]), 'us-core-patient')).toEqual([
      'code-invalid Patient.extension[0].extension[0].value',
    ]);
    expect(problems(withExtensions([race(text), race(text)]), 'us-core-patient')).toEqual([
      'structure Patient.extension',
    ]);
  });

  test('US Core Blood Pressure: slices by pattern, fixed values, types', () => {
    const component = (code: string, unit = 'mm[Hg]'): object => ({
      code: { coding: [{ system: 'http://loinc.org', code }] },
      valueQuantity: { value: 120, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: unit },
    });
    const pressure = (component_: object[], more: object = {}): Resource =>
      ({
        resourceType: 'Observation',
        status: 'final',
        category: [
          {
            coding: [
              { system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' },
            ],
          },
        ],
        code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }] },
        subject: { reference: 'Patient/a' },
        effectiveDateTime: '2020-01-01',
        component: component_,
        ...more,
      }) as Resource;
    expect(problems(pressure([component('8480-6'), component('8462-4')]), 'us-core-blood-pressure')).toEqual(
      [],
    );
    expect(problems(pressure([component('8480-6')]), 'us-core-blood-pressure')).toEqual([
      // The list has fewer than its two, and the diastolic slice has none.
      'required Observation.component',
      'required Observation.component',
    ]);
    expect(
      problems(pressure([component('8480-6', 'kPa'), component('8462-4')]), 'us-core-blood-pressure'),
    ).toEqual(['value Observation.component[0].value.code']);
    expect(
      problems(
        pressure([component('8480-6'), component('8462-4')], { category: [{ text: 'x' }] }),
        'us-core-blood-pressure',
      ),
    ).toEqual(['required Observation.category']);
    expect(
      problems(
        pressure([component('8480-6'), component('8462-4')], { subject: { reference: 'Group/a' } }),
        'us-core-blood-pressure',
      ),
    ).toEqual(['value Observation.subject']);
  });

  test('R4’s own sample profiles advise when claimed by themselves', () => {
    const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' } } as Resource;
    const issues = validateResource(observation, {
      profiles: ['http://hl7.org/fhir/StructureDefinition/vitalsigns'],
    });
    expect(issues).toContainEqual(
      expect.objectContaining({
        severity: 'warning',
        code: 'required',
        expression: ['Observation.category'],
      }),
    );
    expect(errorsOf(issues)).toEqual([]);
  });

  test('a profile of another type does not fit', () => {
    expect(problems(PATIENT, 'us-core-practitioner')).toEqual(['structure Patient.meta.profile']);
  });
});

describe('the packages we ship', () => {
  test('every example of US Core is valid, held to the profiles it claims', () => {
    const found = examplesOf(
      'us-core-6.1.0.tgz',
      (path) => path.includes('/example/') && !path.includes('/.'),
    );
    expect(found.length).toBeGreaterThanOrEqual(183);
    for (const [name, resource] of found)
      expect([name, errorsOf(validateResource(resource))]).toEqual([name, []]);
  });

  test('every audit event of BALP and every notification of the Backport is valid', () => {
    const found = [
      ...examplesOf('balp-1.1.5.tar.gz', (path) => path.includes('AuditEvent-')),
      ...examplesOf('subscriptions-backport.tar.gz', (path) => path.includes('Bundle-')),
    ];
    expect(found).toHaveLength(57);
    for (const [name, resource] of found)
      expect([name, errorsOf(validateResource(resource))]).toEqual([name, []]);
  });
});

describe('our own definitions', () => {
  test('each is valid R4, has a canonical of ours, and no two have the same', () => {
    const urls = new Set<string>();
    for (const definition of ownDefinitions()) {
      expect([definition.id, errorsOf(validateResource(definition))]).toEqual([definition.id, []]);
      const { url } = definition as { url?: string };
      if (url === undefined) continue;
      const isBorrowed = definition.id?.startsWith('vsac-') === true;
      if (!isBorrowed && definition.resourceType !== 'NamingSystem') {
        expect(url).toBe(`${CANONICAL_BASE}/${definition.resourceType}/${definition.id}`);
      }
      // What keeps another's canonical says that it is an extract, and where the whole of it is.
      if (isBorrowed) {
        const purpose: unknown = expect.stringMatching(/^An extract.*https:\/\/vsac\.nlm\.nih\.gov\//);
        expect(definition).toMatchObject({ experimental: true, purpose });
      }
      expect(urls).not.toContain(url);
      urls.add(url);
    }
    expect(urls.size).toBeGreaterThan(5);
  });
});
