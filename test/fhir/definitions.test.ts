import {
  canonicalResource,
  compartment,
  propertiesOf,
  resourceTypes,
  searchParametersOf,
  typeDefinition,
} from '../../src/fhir';

describe('definitions of R4 4.0.1', () => {
  test('the resource types are HL7’s, nobody else’s', () => {
    expect(resourceTypes()).toHaveLength(146);
    expect(resourceTypes()).toEqual(expect.arrayContaining(['Patient', 'Parameters', 'VerificationResult']));
    expect(resourceTypes()).not.toContain('SubscriptionStatus');
    expect(resourceTypes()).not.toContain('Project');
  });

  test('elements know their types, choices and backbones', () => {
    expect(typeDefinition('Patient.contact')?.kind).toBe('backbone');
    expect(propertiesOf('Observation').get('valueQuantity')).toMatchObject({
      type: 'Quantity',
      isList: false,
    });
    expect(propertiesOf('HumanName').get('given')).toMatchObject({ type: 'string', isList: true });
    expect(propertiesOf('Questionnaire.item').get('item')).toMatchObject({ type: 'Questionnaire.item' });
    expect(propertiesOf('Patient').get('nmae')).toBeUndefined();
  });

  test('search parameters of R4, of US Core and of the Backport are there', () => {
    const patient = searchParametersOf('Patient');
    expect(patient.get('birthdate')?.url).toBe('http://hl7.org/fhir/SearchParameter/individual-birthdate');
    expect(patient.get('_lastUpdated')?.type).toBe('date');
    expect(patient.get('race')?.url).toBe('http://hl7.org/fhir/us/core/SearchParameter/us-core-race');
    expect(searchParametersOf('Subscription').get('topic')).toBeDefined();
  });

  test('compartments', () => {
    expect(compartment('Patient')['Observation']).toEqual(['subject', 'performer']);
    expect(compartment('Encounter')['Encounter']).toEqual(['{def}']);
  });

  test('canonicals resolve with and without a version', () => {
    expect(
      canonicalResource('http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1', 'ValueSet')?.name,
    ).toBe('AdministrativeGender');
    expect(
      canonicalResource(
        'http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient',
        'StructureDefinition',
      )?.type,
    ).toBe('Patient');
    expect(canonicalResource('http://nowhere.example/x', 'ValueSet')).toBeUndefined();
  });
});
