import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationOutcomeIssue, Patient, Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { cloneResource, parseFhirJson, propertiesOf, requireValid, validateResource } from '../../src/fhir';

const EXAMPLES = join(__dirname, '../fixtures/r4-examples');

const errorsOf = (issues: OperationOutcomeIssue[]): string[] =>
  issues
    .filter(({ severity }) => severity === 'error')
    .map(({ code, expression, diagnostics }) => `${code} ${expression?.[0]} ${diagnostics}`);

const examples = readdirSync(EXAMPLES)
  .filter((file) => file.endsWith('.json'))
  .map((file) => [file, parseFhirJson(readFileSync(join(EXAMPLES, file), 'utf8'))] as const);

const PATIENT: Patient = {
  resourceType: 'Patient',
  id: 'a',
  identifier: [{ system: 'http://x.example/mrn', value: '1' }],
  active: true,
  name: [{ family: 'F', given: ['A', 'B'] }],
  gender: 'female',
  birthDate: '1970-01-01',
  contact: [{ name: { family: 'G' } }],
  generalPractitioner: [{ reference: 'Practitioner/p' }],
  link: [{ other: { reference: 'Patient/b' }, type: 'seealso' }],
};

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the point is to do what the types forbid
type Loose = Record<string, any>;

/** The patient with one thing wrong. */
function spoiled(change: (patient: Loose) => unknown): Resource {
  const copy = cloneResource(PATIENT);
  change(copy);
  return copy;
}

describe('validation', () => {
  test('every official example of R4 is valid', () => {
    for (const [name, resource] of examples)
      expect([name, errorsOf(validateResource(resource))]).toEqual([name, []]);
  });

  test.each<[string, Resource, string, string]>([
    [
      'a missing required element',
      spoiled((p) => delete p['link'][0].type),
      'required',
      'Patient.link[0].type',
    ],
    ['a wrong JSON type', spoiled((p) => (p['active'] = 'true')), 'structure', 'Patient.active'],
    ['a value where a list belongs', spoiled((p) => (p['name'] = p['name'][0])), 'structure', 'Patient.name'],
    [
      'a list where a value belongs',
      spoiled((p) => (p['gender'] = ['female'])),
      'structure',
      'Patient.gender',
    ],
    ['an empty list', spoiled((p) => (p['name'] = [])), 'structure', 'Patient.name'],
    ['an empty object', spoiled((p) => (p['name'][0] = {})), 'invariant', 'Patient.name[0]'],
    ['an empty string', spoiled((p) => (p['name'][0].given[1] = '')), 'value', 'Patient.name[0].given[1]'],
    [
      'null in a list without counterpart',
      spoiled((p) => (p['name'][0].given[1] = null)),
      'structure',
      'Patient.name[0].given[1]',
    ],
    ['an unknown element', spoiled((p) => (p['name'][0].famly = 'F')), 'structure', 'Patient.name[0].famly'],
    [
      'a wrong code of a required binding',
      spoiled((p) => (p['gender'] = 'femal')),
      'code-invalid',
      'Patient.gender',
    ],
    [
      'a date that does not exist',
      spoiled((p) => (p['birthDate'] = '1970-02-30')),
      'value',
      'Patient.birthDate',
    ],
    ['a date of another form', spoiled((p) => (p['birthDate'] = '1.1.1970')), 'value', 'Patient.birthDate'],
    [
      'a dateTime without zone',
      spoiled((p) => (p['deceasedDateTime'] = '2020-01-01T10:00:00')),
      'value',
      'Patient.deceased',
    ],
    ['an id that is too long', spoiled((p) => (p['id'] = 'x'.repeat(65))), 'value', 'Patient.id'],
    [
      'two of a choice',
      spoiled((p) => Object.assign(p, { deceasedBoolean: true, deceasedDateTime: '2020' })),
      'structure',
      'Patient.deceased',
    ],
    [
      'a type that a choice has not',
      spoiled((p) => (p['deceasedString'] = 'x')),
      'structure',
      'Patient.deceasedString',
    ],
    [
      'a reference to a wrong type',
      spoiled((p) => (p['link'][0].other.reference = 'Observation/1')),
      'value',
      'Patient.link[0].other',
    ],
    [
      'a reference that is none',
      spoiled((p) => (p['link'][0].other.reference = 'b')),
      'value',
      'Patient.link[0].other.reference',
    ],
    [
      'a broken invariant',
      spoiled((p) => (p['contact'][0] = { gender: 'male' })),
      'invariant',
      'Patient.contact[0]',
    ],
    [
      'a period that runs backwards',
      spoiled((p) => (p['name'][0].period = { start: '2020', end: '2019' })),
      'invariant',
      'Patient.name[0].period',
    ],
    [
      'a contained resource that nobody refers to',
      spoiled((p) => (p['contained'] = [{ resourceType: 'Organization', id: 'o', name: 'O' }])),
      'invariant',
      'Patient',
    ],
    [
      'a reference to what is not contained',
      spoiled((p) => (p['managingOrganization'] = { reference: '#o' })),
      'invariant',
      'Patient.managingOrganization',
    ],
    [
      'a problem in a contained resource',
      spoiled((p) =>
        Object.assign(p, {
          contained: [{ resourceType: 'Organization', id: 'o', name: 'O', nam: 'O' }],
          managingOrganization: { reference: '#o' },
        }),
      ),
      'structure',
      'Patient.contained[0].nam',
    ],
    [
      'an extension with value and extensions',
      spoiled(
        (p) =>
          (p['extension'] = [
            { url: 'http://x.example/e', valueCode: 'x', extension: [{ url: 'y', valueCode: 'z' }] },
          ]),
      ),
      'invariant',
      'Patient.extension[0]',
    ],
    [
      'an extension without url',
      spoiled((p) => (p['extension'] = [{ valueCode: 'x' }])),
      'required',
      'Patient.extension[0].url',
    ],
    [
      'a known extension with a wrong type',
      spoiled(
        (p) =>
          (p['extension'] = [
            { url: 'http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName', valueInteger: 1 },
          ]),
      ),
      'structure',
      'Patient.extension[0].value',
    ],
    [
      'a problem in the extension of a primitive',
      spoiled((p) => (p['_birthDate'] = { extension: [{ url: 'http://x.example/e', valueDate: 'x' }] })),
      'value',
      'Patient.birthDate.extension[0].value',
    ],
    [
      'a script in the narrative',
      spoiled(
        (p) =>
          (p['text'] = {
            status: 'generated',
            div: '<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>',
          }),
      ),
      'value',
      'Patient.text.div',
    ],
    [
      'markup that is not closed',
      spoiled(
        (p) =>
          (p['text'] = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>x</div>' }),
      ),
      'value',
      'Patient.text.div',
    ],
    [
      'a problem in an entry',
      {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [
          {
            fullUrl: 'urn:uuid:0d2cb3a4-9b1a-4b53-8a14-a4f2ba8b27a7',
            resource: spoiled((p) => (p['gender'] = 'x')),
          },
        ],
      } as Resource,
      'code-invalid',
      'Bundle.entry[0].resource.gender',
    ],
  ])('%s is found and named', (_what, resource, code, expression) => {
    const errors = validateResource(resource).filter(({ severity }) => severity === 'error');
    expect(errors.map((issue) => [issue.code, issue.expression])).toEqual([[code, [expression]]]);
  });

  test('all problems are told at once, and no value is repeated', () => {
    const secret = 'Geheimnis';
    const issues = validateResource(
      spoiled((p) =>
        Object.assign(p, {
          gender: secret,
          birthDate: secret,
          active: secret,
          [secret.toLowerCase()]: secret,
          id: `${secret}!`,
        }),
      ),
    );
    expect(issues.length).toBe(5);
    for (const { diagnostics } of issues) expect(diagnostics).not.toMatch(/geheimnis/i);
  });

  test('an element taken away from any example is missed exactly where it was required', () => {
    for (const [name, resource] of examples) {
      const required = [...propertiesOf(resource.resourceType)].filter(
        ([key, { element }]) => element.min > 0 && key in resource,
      );
      for (const [key, { element }] of required) {
        const copy = cloneResource(resource) as unknown as Record<string, unknown>;
        Reflect.deleteProperty(copy, key);
        const missing = validateResource(copy as unknown as Resource).filter(
          ({ code }) => code === 'required',
        );
        expect([name, missing.map(({ expression }) => expression?.[0])]).toEqual([
          name,
          [`${resource.resourceType}.${element.name.replace('[x]', '')}`],
        ]);
      }
    }
  });

  test('an unknown element put anywhere into any example is refused', () => {
    const spoil = (value: unknown, path: string, found: string[]): void => {
      if (Array.isArray(value)) value.forEach((item, i) => spoil(item, `${path}[${i}]`, found));
      else if (typeof value === 'object' && value !== null) {
        (value as Record<string, unknown>)['nonsense'] = 1;
        found.push(path);
        for (const key of Object.keys(value))
          spoil((value as Record<string, unknown>)[key], `${path}.${key}`, found);
      }
    };
    for (const [name, resource] of examples.filter((_example, i) => i % 7 === 0)) {
      const copy = cloneResource(resource);
      const places: string[] = [];
      spoil(copy, resource.resourceType, places);
      const unknown = validateResource(copy, { structureOnly: true }).filter(
        ({ expression }) => expression?.[0]?.endsWith('.nonsense') === true,
      );
      expect([name, unknown.length]).toEqual([name, places.length]);
    }
  });

  test('whatever JSON stands where something else belongs, validation answers and does not fail', () => {
    const anything = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(null, '', '#', [], {}, [null], [[]], 1e30, -0.5, 'Patient/1'),
    );
    const places = (value: unknown): [object, string][] =>
      typeof value === 'object' && value !== null
        ? Object.keys(value).flatMap((key) => [
            [value, key] as [object, string],
            ...places((value as Loose)[key]),
          ])
        : [];
    fc.assert(
      fc.property(fc.nat(), fc.nat(), anything, (example, place, value) => {
        const copy = cloneResource(examples[example % examples.length]?.[1] ?? PATIENT);
        const all = places(copy).filter(([, key]) => key !== 'resourceType');
        const [holder, key] = all[place % all.length] ?? [copy, 'id'];
        (holder as Loose)[key] = value;
        expect(Array.isArray(validateResource(copy))).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  test('a hole among the parts of an extension that a profile slices is a finding, not a failure', () => {
    const url = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-race';
    const holed = spoiled((p) => Object.assign(p, { extension: [{ url, extension: [null] }] }));
    expect(validateResource(holed).map(({ severity }) => severity)).toContain('error');
  });

  test('modes, unknown types and unknown profiles', () => {
    const wrong = spoiled((p) => Object.assign(p, { gender: 'x', unknown: 1 }));
    expect(
      validateResource(wrong, { mode: 'warn' })
        .map(({ severity, code }) => `${severity} ${code}`)
        .sort(),
    ).toEqual(['error structure', 'warning code-invalid']);
    expect(() => requireValid(wrong)).toThrow(
      expect.objectContaining({
        status: 422,
        issues: expect.arrayContaining([expect.objectContaining({ code: 'code-invalid' })]),
      }),
    );
    expect(() => requireValid({ resourceType: 'Project' } as unknown as Resource)).toThrow(
      expect.objectContaining({ status: 400 }),
    );
    const claiming = spoiled((p) => (p['meta'] = { profile: ['http://nowhere.example/p'] }));
    expect(requireValid(claiming)).toEqual([
      expect.objectContaining({
        severity: 'warning',
        code: 'not-found',
        expression: ['Patient.meta.profile'],
      }),
    ]);
  });
});
