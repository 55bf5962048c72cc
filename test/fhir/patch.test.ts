import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Observation, Parameters, ParametersParameter, Patient, Resource } from '@medplum/fhirtypes';
import {
  applyFhirPathPatch,
  applyJsonPatch,
  applyMergePatch,
  parseFhirJson,
  parseJson,
  ProblemError,
  stringifyFhirJson,
} from '../../src/fhir';

interface Case {
  name: string;
  input: Resource;
  patch: Parameters;
  output: Resource | null;
}

const CASES = readFileSync(join(__dirname, '../fixtures/fhir-patch/fhirpath-patch.cases.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Case);

const operation = (type: string, ...part: ParametersParameter[]): Parameters => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'operation', part: [{ name: 'type', valueCode: type }, ...part] }],
});
const path = (valueString: string): ParametersParameter => ({ name: 'path', valueString });
const named = (valueString: string): ParametersParameter => ({ name: 'name', valueString });

/** The cases come from XML; line ends inside of narratives differ. */
const squeezed = (resource: Resource): unknown =>
  JSON.parse(JSON.stringify(resource).replace(/(?:\\[rn]|\s)+/g, ' '));

const PATIENT: Patient = {
  resourceType: 'Patient',
  active: true,
  deceasedBoolean: false,
  name: [
    { use: 'official', given: ['A', 'B'], family: 'C' },
    { use: 'usual', given: ['D'] },
  ],
};

describe('FHIRPath Patch', () => {
  test.each(CASES.map((one) => [one.name, one] as const))('%s', (_name, { input, patch, output }) => {
    const before = JSON.stringify(input);
    if (output === null)
      expect(() => applyFhirPathPatch(input, patch)).toThrow(expect.objectContaining({ status: 422 }));
    else expect(squeezed(applyFhirPathPatch(input, patch))).toEqual(squeezed(output));
    expect(JSON.stringify(input)).toBe(before);
  });

  test('a choice is named without its type, and changes its type', () => {
    const added = applyFhirPathPatch(
      { resourceType: 'Patient' },
      operation('add', path('Patient'), named('deceased'), { name: 'value', valueBoolean: true }),
    );
    expect(added).toEqual({ resourceType: 'Patient', deceasedBoolean: true });
    const replaced = applyFhirPathPatch(
      PATIENT,
      operation('replace', path('Patient.deceased'), { name: 'value', valueDateTime: '2020' }),
    );
    expect(replaced).toMatchObject({ deceasedDateTime: '2020' });
    expect(replaced).not.toHaveProperty('deceasedBoolean');
  });

  test('extensions of primitives can be added', () => {
    const extension = { url: 'http://x.example/e', valueString: 'e' };
    const patch = operation('add', path('Patient.active'), named('extension'), {
      name: 'value',
      valueExtension: extension,
    } as ParametersParameter);
    expect(applyFhirPathPatch(PATIENT, patch)).toMatchObject({
      active: true,
      _active: { extension: [extension] },
    });
  });

  test('decimals keep their precision', () => {
    const patch = parseFhirJson(
      '{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Observation.value.value"},{"name":"value","valueDecimal":2.50}]}]}',
    ) as Parameters;
    const observation: Observation = {
      resourceType: 'Observation',
      status: 'final',
      code: {},
      valueQuantity: { value: 1 },
    };
    expect(stringifyFhirJson(applyFhirPathPatch(observation, patch))).toContain('"value":2.50');
  });

  test.each([
    [
      'a path that selects several',
      operation('replace', path('Patient.name.given'), { name: 'value', valueString: 'x' }),
      422,
    ],
    ['a delete that selects several', operation('delete', path('Patient.name')), 422],
    [
      'an element that is there already',
      operation('add', path('Patient'), named('active'), { name: 'value', valueBoolean: false }),
      422,
    ],
    [
      'another type of a choice that is there',
      operation('add', path('Patient'), named('deceased'), { name: 'value', valueDateTime: '2020' }),
      422,
    ],
    [
      'an element that Patient has not',
      operation('add', path('Patient'), named('status'), { name: 'value', valueCode: 'x' }),
      422,
    ],
    [
      'a type the element has not',
      operation('replace', path('Patient.active'), { name: 'value', valueString: 'true' }),
      422,
    ],
    [
      'a complex type the element has not',
      operation('add', path('Patient'), named('name'), { name: 'value', valueAddress: {} }),
      422,
    ],
    [
      'a type the choice has not',
      operation('replace', path('Patient.deceased'), { name: 'value', valueString: 'x' }),
      422,
    ],
    [
      'an index beyond the list',
      operation(
        'insert',
        path('Patient.name'),
        { name: 'index', valueInteger: 3 },
        { name: 'value', valueHumanName: {} },
      ),
      422,
    ],
    [
      'an insert into several lists',
      operation(
        'insert',
        path('Patient.name.given'),
        { name: 'index', valueInteger: 0 },
        { name: 'value', valueString: 'x' },
      ),
      422,
    ],
    [
      'a move beyond the list',
      operation(
        'move',
        path('Patient.name'),
        { name: 'source', valueInteger: 0 },
        { name: 'destination', valueInteger: 2 },
      ),
      422,
    ],
    ['the resource itself', operation('delete', path('Patient')), 422],
    ['a type of operation that there is not', operation('merge', path('Patient')), 400],
    ['no path', operation('delete'), 400],
    ['no value', operation('replace', path('Patient.active')), 400],
    ['a pattern that is none', operation('delete', path("Patient.name.where(family.matches('('))")), 422],
    ['a path that is no FHIRPath', operation('delete', path('Patient..name[')), 400],
    [
      'a parameter that is no operation',
      { resourceType: 'Parameters', parameter: [{ name: 'x' }] } as Parameters,
      400,
    ],
  ])('%s is refused', (_what, patch, status) => {
    expect(() => applyFhirPathPatch(PATIENT, patch)).toThrow(ProblemError);
    expect(() => applyFhirPathPatch(PATIENT, patch)).toThrow(expect.objectContaining({ status }));
  });
});

describe('JSON Patch', () => {
  const patched = (patch: unknown): Resource => applyJsonPatch(PATIENT, patch);

  test('adds, removes, replaces, moves, copies and tests', () => {
    const before = JSON.stringify(PATIENT);
    expect(
      patched([
        { op: 'test', path: '/active', value: true },
        { op: 'replace', path: '/active', value: false },
        { op: 'add', path: '/name/0/given/-', value: 'E' },
        { op: 'copy', from: '/name/1', path: '/name/-' },
        { op: 'move', from: '/name/0/family', path: '/name/1/family' },
        { op: 'remove', path: '/deceasedBoolean' },
      ]),
    ).toEqual({
      resourceType: 'Patient',
      active: false,
      name: [
        { use: 'official', given: ['A', 'B', 'E'] },
        { use: 'usual', given: ['D'], family: 'C' },
        { use: 'usual', given: ['D'] },
      ],
    });
    expect(JSON.stringify(PATIENT)).toBe(before);
  });

  test('keeps decimals that it adds, moves and leaves alone', () => {
    const observation = parseFhirJson(
      '{"resourceType":"Observation","valueQuantity":{"value":1.10},"referenceRange":[{"low":{"value":2.0}}]}',
    );
    const patch = parseJson(
      '[{"op":"add","path":"/referenceRange/0/high","value":{"value":5.00}},{"op":"add","path":"/referenceRange/0/age","value":{}},{"op":"copy","from":"/referenceRange/0/low/value","path":"/referenceRange/0/age/value"}]',
    );
    expect(stringifyFhirJson(applyJsonPatch(observation, patch))).toBe(
      '{"resourceType":"Observation","valueQuantity":{"value":1.10},"referenceRange":[{"low":{"value":2.0},"high":{"value":5.00},"age":{"value":2.0}}]}',
    );
  });

  test.each([
    ['no list', {}, 400],
    ['an unknown op', [{ op: 'merge', path: '/active' }], 400],
    ['a path without slash', [{ op: 'remove', path: 'active' }], 400],
    ['no value', [{ op: 'add', path: '/active' }], 400],
    ['a test that fails', [{ op: 'test', path: '/active', value: false }], 422],
    ['a path that is not there', [{ op: 'remove', path: '/birthDate' }], 422],
    ['an index beyond the list', [{ op: 'add', path: '/name/7', value: {} }], 422],
    ['an index with a leading zero', [{ op: 'add', path: '/name/01', value: {} }], 422],
    ['a test at such an index', [{ op: 'test', path: '/name/00/use', value: 'official' }], 422],
    ['a copy from such an index', [{ op: 'copy', from: '/name/01', path: '/name/-' }], 422],
    ['a move into itself', [{ op: 'move', from: '/name/0', path: '/name/0/period' }], 400],
    ['another type', [{ op: 'replace', path: '/resourceType', value: 'Person' }], 422],
    ['another id', [{ op: 'add', path: '/id', value: 'b' }], 422],
    ['the whole document', [{ op: 'replace', path: '', value: null }], 422],
    ['a prototype', [{ op: 'add', path: '/__proto__/polluted', value: 1 }], 422],
  ])('%s is refused', (_what, patch, status) => {
    expect(() => patched(patch)).toThrow(expect.objectContaining({ status }));
  });
});

describe('JSON Merge Patch', () => {
  test('merges objects, replaces lists, removes what is null and keeps decimals', () => {
    const observation = parseFhirJson(
      '{"resourceType":"Observation","status":"final","valueQuantity":{"value":1.10,"unit":"g"},"note":[{"text":"a"}]}',
    );
    const patch = parseJson(
      '{"valueQuantity":{"value":2.50,"unit":null},"note":[{"text":"b"}],"issued":"2020-01-01T00:00:00Z"}',
    );
    expect(stringifyFhirJson(applyMergePatch(observation, patch))).toBe(
      '{"resourceType":"Observation","status":"final","valueQuantity":{"value":2.50},"note":[{"text":"b"}],"issued":"2020-01-01T00:00:00Z"}',
    );
    expect(() => applyMergePatch(observation, [])).toThrow(expect.objectContaining({ status: 400 }));
  });
});

test('a merge patch with a key of the prototype is refused, wherever it stands', () => {
  for (const text of ['{"__proto__":{"polluted":1}}', '{"name":{"__proto__":{"polluted":1}}}']) {
    // The plain parser lets such a key through.
    expect(() => applyMergePatch(PATIENT, JSON.parse(text))).toThrow(
      expect.objectContaining({ name: 'ProblemError', status: 400 }),
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  }
});
