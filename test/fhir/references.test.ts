import type { Bundle, Patient, Reference } from '@medplum/fhirtypes';
import { parseReference, rewriteReferences, visitReferences } from '../../src/fhir';

const BASE = ['https://here.example/fhir/R4'];

describe('references', () => {
  test.each([
    ['Patient/1', { kind: 'local', type: 'Patient', id: '1' }],
    ['Patient/1/_history/2', { kind: 'local', type: 'Patient', id: '1', version: '2' }],
    ['https://here.example/fhir/R4/Patient/1', { kind: 'local', type: 'Patient', id: '1' }],
    [
      'https://there.example/Patient/1',
      { kind: 'absolute', url: 'https://there.example/Patient/1', type: 'Patient', id: '1' },
    ],
    ['http://acme.org/images/1.png', { kind: 'absolute', url: 'http://acme.org/images/1.png' }],
    ['#p', { kind: 'contained', id: 'p' }],
    ['#', { kind: 'contained', id: '' }],
    [
      'urn:uuid:0d2cb3a4-9b1a-4b53-8a14-a4f2ba8b27a7',
      { kind: 'urn', urn: 'urn:uuid:0d2cb3a4-9b1a-4b53-8a14-a4f2ba8b27a7' },
    ],
    ['Patient?identifier=a|b', { kind: 'conditional', type: 'Patient', query: 'identifier=a|b' }],
    ['Nothing/1', { kind: 'invalid' }],
    ['Patient/under_score', { kind: 'invalid' }],
  ])('%s', (text, parsed) => {
    expect(parseReference(text, BASE)).toEqual(parsed);
  });

  const patient: Patient = {
    resourceType: 'Patient',
    text: {
      status: 'generated',
      div: '<div xmlns="http://www.w3.org/1999/xhtml"><a href="urn:uuid:a">urn:uuid:a</a><img src=\'urn:uuid:b\'/></div>',
    },
    identifier: [{ system: 'urn:ietf:rfc:3986', value: 'urn:uuid:a', assigner: { reference: 'urn:uuid:a' } }],
    extension: [
      { url: 'http://x.example/1', valueUri: 'urn:uuid:a' },
      { url: 'http://x.example/2', valueReference: { reference: 'urn:uuid:b' } },
      { url: 'http://x.example/3', valueString: 'urn:uuid:a' },
    ],
    photo: [{ url: 'urn:uuid:b', title: 'urn:uuid:b' }],
    contained: [
      {
        resourceType: 'Observation',
        id: 'o',
        status: 'final',
        code: {},
        subject: { reference: 'urn:uuid:a' },
      },
    ],
  };
  const withPrimitiveExtension = {
    ...patient,
    birthDate: '2000-01-01',
    _birthDate: { extension: [{ url: 'http://x.example/4', valueReference: { reference: 'urn:uuid:a' } }] },
  };

  test('are rewritten wherever an address may stand, and only there', () => {
    const rewritten = structuredClone(withPrimitiveExtension);
    rewriteReferences(
      rewritten as Patient,
      new Map([
        ['urn:uuid:a', 'Patient/a'],
        ['urn:uuid:b', 'Binary/b'],
      ]),
    );
    expect(rewritten).toEqual({
      ...withPrimitiveExtension,
      text: {
        status: 'generated',
        div: '<div xmlns="http://www.w3.org/1999/xhtml"><a href="Patient/a">urn:uuid:a</a><img src="Binary/b"/></div>',
      },
      identifier: [
        { system: 'urn:ietf:rfc:3986', value: 'urn:uuid:a', assigner: { reference: 'Patient/a' } },
      ],
      extension: [
        { url: 'http://x.example/1', valueUri: 'Patient/a' },
        { url: 'http://x.example/2', valueReference: { reference: 'Binary/b' } },
        { url: 'http://x.example/3', valueString: 'urn:uuid:a' },
      ],
      photo: [{ url: 'Binary/b', title: 'urn:uuid:b' }],
      contained: [
        {
          resourceType: 'Observation',
          id: 'o',
          status: 'final',
          code: {},
          subject: { reference: 'Patient/a' },
        },
      ],
      _birthDate: { extension: [{ url: 'http://x.example/4', valueReference: { reference: 'Patient/a' } }] },
    });
  });

  test('are visited with their paths', () => {
    const found: [string | undefined, string][] = [];
    const bundle: Bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ resource: withPrimitiveExtension as Patient }],
    };
    visitReferences(bundle, (reference: Reference, path) => found.push([reference.reference, path]));
    expect(found).toEqual([
      ['urn:uuid:a', 'Bundle.entry[0].resource.identifier[0].assigner'],
      ['urn:uuid:b', 'Bundle.entry[0].resource.extension[1].valueReference'],
      ['urn:uuid:a', 'Bundle.entry[0].resource.contained[0].subject'],
      ['urn:uuid:a', 'Bundle.entry[0].resource.birthDate.extension[0].valueReference'],
    ]);
  });
});
