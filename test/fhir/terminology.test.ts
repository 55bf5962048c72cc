import type { Parameters } from '@medplum/fhirtypes';
import {
  expand,
  lookup,
  membersOfValueSet,
  relatedCodes,
  subsumes,
  translate,
  validateCodeInSystem,
  validateCodeInValueSet,
} from '../../src/fhir';

const GENDER = 'http://hl7.org/fhir/ValueSet/administrative-gender';
const CLINICAL = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
const V3_ACT_CLASS = 'http://terminology.hl7.org/CodeSystem/v3-ActClass';

const valueOf = ({ parameter }: Parameters, name: string): unknown => {
  const found = parameter?.find((one) => one.name === name);
  return Object.entries(found ?? {}).find(([key]) => key.startsWith('value'))?.[1];
};

describe('terminology', () => {
  test('validates codes against value sets', () => {
    expect(valueOf(validateCodeInValueSet({ url: GENDER, code: 'male' }), 'result')).toBe(true);
    expect(
      valueOf(
        validateCodeInValueSet({
          url: `${GENDER}|4.0.1`,
          system: 'http://hl7.org/fhir/administrative-gender',
          code: 'male',
          display: 'Male',
        }),
        'display',
      ),
    ).toBe('Male');
    expect(valueOf(validateCodeInValueSet({ url: GENDER, code: 'man' }), 'result')).toBe(false);
    expect(valueOf(validateCodeInValueSet({ url: GENDER, system: 'urn:x', code: 'male' }), 'result')).toBe(
      false,
    );
    expect(valueOf(validateCodeInValueSet({ url: GENDER, code: 'male', display: 'Woman' }), 'result')).toBe(
      false,
    );
    const codeableConcept = {
      coding: [
        { system: 'urn:x', code: 'y' },
        { system: 'http://hl7.org/fhir/administrative-gender', code: 'other' },
      ],
    };
    expect(valueOf(validateCodeInValueSet({ url: GENDER, codeableConcept }), 'result')).toBe(true);
    expect(() => validateCodeInValueSet({ url: 'http://nowhere.example/vs', code: 'x' })).toThrow(
      expect.objectContaining({ status: 404 }),
    );
    expect(() => validateCodeInValueSet({ url: GENDER })).toThrow(expect.objectContaining({ status: 400 }));
  });

  test('validates codes against code systems and looks them up', () => {
    expect(valueOf(validateCodeInSystem({ url: CLINICAL, code: 'active' }), 'result')).toBe(true);
    expect(valueOf(validateCodeInSystem({ url: CLINICAL, code: 'asleep' }), 'result')).toBe(false);
    const found = lookup({ system: CLINICAL, code: 'recurrence' });
    expect(valueOf(found, 'display')).toBe('Recurrence');
    expect(found.parameter).toContainEqual({
      name: 'property',
      part: [
        { name: 'code', valueCode: 'parent' },
        { name: 'value', valueCode: 'active' },
      ],
    });
    expect(() => lookup({ system: CLINICAL, code: 'asleep' })).toThrow(
      expect.objectContaining({ status: 404 }),
    );
    expect(() => lookup({ system: 'http://loinc.org', code: '1-8' })).toThrow(
      expect.objectContaining({ status: 404 }),
    );
  });

  test('knows what lies below and above', () => {
    expect(
      valueOf(
        subsumes({ system: CLINICAL, code: 'active' }, { system: CLINICAL, code: 'recurrence' }),
        'outcome',
      ),
    ).toBe('subsumes');
    expect(
      valueOf(
        subsumes({ system: CLINICAL, code: 'recurrence' }, { system: CLINICAL, code: 'active' }),
        'outcome',
      ),
    ).toBe('subsumed-by');
    expect(
      valueOf(
        subsumes({ system: CLINICAL, code: 'active' }, { system: CLINICAL, code: 'active' }),
        'outcome',
      ),
    ).toBe('equivalent');
    expect(
      valueOf(
        subsumes({ system: CLINICAL, code: 'active' }, { system: CLINICAL, code: 'inactive' }),
        'outcome',
      ),
    ).toBe('not-subsumed');
    expect(relatedCodes(CLINICAL, 'active', 'below')).toEqual(['active', 'recurrence', 'relapse']);
    expect(relatedCodes(CLINICAL, 'relapse', 'above')).toEqual(['active', 'relapse']);
  });

  test('expands by page and by words, whole systems, filters and exclusions', () => {
    expect(expand({ url: GENDER }).expansion).toMatchObject({
      total: 4,
      contains: expect.arrayContaining([
        { system: 'http://hl7.org/fhir/administrative-gender', code: 'unknown', display: 'Unknown' },
      ]),
    });
    expect(expand({ url: GENDER, filter: 'fem' }).expansion?.contains?.map(({ code }) => code)).toEqual([
      'female',
    ]);
    const page = expand({ url: GENDER, offset: 1, count: 2 }).expansion;
    expect([page?.total, page?.contains?.map(({ code }) => code)]).toEqual([4, ['female', 'other']]);
    const encounter = expand({
      valueSet: {
        resourceType: 'ValueSet',
        status: 'active',
        compose: {
          include: [{ system: V3_ACT_CLASS, filter: [{ property: 'concept', op: 'is-a', value: 'ENC' }] }],
          exclude: [{ system: V3_ACT_CLASS, concept: [{ code: 'PCPR' }] }],
        },
      },
    });
    expect(encounter.expansion?.contains?.map(({ code }) => code)).toContain('ENC');
    expect(encounter.expansion?.contains?.map(({ code }) => code)).not.toContain('PCPR');
    expect(() => expand({ url: 'http://hl7.org/fhir/ValueSet/condition-code' })).toThrow(
      expect.objectContaining({ status: 422 }),
    );
  });

  test('membership for search', () => {
    expect(membersOfValueSet('http://hl7.org/fhir/us/core/ValueSet/omb-race-category')).toContainEqual(
      expect.objectContaining({ system: 'urn:oid:2.16.840.1.113883.6.238', code: '2106-3' }),
    );
    expect(membersOfValueSet(GENDER)).toHaveLength(4);
  });

  test('translates both ways through the maps of R4', () => {
    const url = 'http://hl7.org/fhir/ConceptMap/cm-administrative-gender-v3';
    const there = translate({ url, system: 'http://hl7.org/fhir/administrative-gender', code: 'male' });
    expect(valueOf(there, 'result')).toBe(true);
    expect(there.parameter?.[1]?.part).toContainEqual({
      name: 'concept',
      valueCoding: { system: 'http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender', code: 'M' },
    });
    const back = translate({
      url,
      system: 'http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender',
      code: 'M',
      reverse: true,
    });
    expect(back.parameter?.[1]?.part).toContainEqual({
      name: 'concept',
      valueCoding: expect.objectContaining({ code: 'male' }),
    });
    expect(valueOf(translate({ url, system: 'urn:x', code: 'y' }), 'result')).toBe(false);
    expect(() => translate({ url: 'http://nowhere.example/cm', code: 'x' })).toThrow(
      expect.objectContaining({ status: 404 }),
    );
  });
});
