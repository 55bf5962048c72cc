import { checkMapping, compileMapping, parseTable } from '../../src/mapping';

/** A table with every form of row: slices, extensions, groups, lists of values, of objects, of joined resources. */
const TABLE = `
map: test/patient
resources:
  patient: { type: Patient, const: { active: true } }
  allergies: { type: AllergyIntolerance, many: true }
  items: { many: true, each: { rx: { type: MedicationRequest, const: { intent: order } }, task: { type: Task } } }
slices:
  phone: { system: phone }
  mrn: { type: { coding: [{ code: MR }] } }
  spouse: { relationship: [{ coding: [{ code: C }] }] }
fields:
  id:            patient.id | prefix(pat_)
  number:        patient.identifier(mrn).value
  phone:         patient.telecom(phone).value
  nickname:      patient.name[?].given[0] ?? patient.name[?].text
  languages[]:   patient.communication[*].language.text
  address.street: patient.address[0].line[0]
  address.city:   patient.address[0].city
  contact.name:   patient.contact(spouse).name.text
  risk:          patient.ext(risk-level).valueCodeableConcept.coding(risk).code | map(risk-level)
  allergies[]:   allergies[*].code.text
  links[]:
    at: patient.link[*]
    fields:
      other: other.reference | reference(Patient pat_)
      kind:  type
  items[]:
    at: items[*]
    fields:
      medication: rx.medicationCodeableConcept.text
      state:      task.status
  initials:      "= initials"
views:
  all: [id, number, phone, nickname, languages, address, contact, risk, allergies, links, items, initials]
  short: [id, address.city, items.medication]
`.replace(
  'spouse: {',
  'risk: { system: http://terminology.hl7.org/CodeSystem/risk-probability }\n  spouse: {',
);

const mapping = compileMapping(parseTable(TABLE), {
  derive: { initials: (_value, _bound, context) => (context as { initials?: string } | undefined)?.initials },
});

const VALUES = {
  id: 'pat_1',
  number: 'P-2024-0124',
  phone: '+1 555',
  nickname: 'Jo',
  languages: ['en', 'es'],
  address: { street: '1 Main St', city: 'Yuma' },
  contact: { name: 'Sam' },
  risk: 'medium',
  allergies: ['penicillin', 'sulfa'],
  links: [{ other: 'pat_2', kind: 'seealso' }],
  items: [
    { medication: 'A', state: 'requested' },
    { medication: 'B', state: null },
  ],
};

test('writes every form of row where FHIR has it, and reads it back', () => {
  const { bound, issues } = mapping.write(VALUES);
  expect(issues).toEqual([]);
  expect(bound).toEqual({
    patient: {
      resourceType: 'Patient',
      active: true,
      id: '1',
      identifier: [{ type: { coding: [{ code: 'MR' }] }, value: 'P-2024-0124' }],
      telecom: [{ system: 'phone', value: '+1 555' }],
      name: [{ given: ['Jo'] }],
      communication: [{ language: { text: 'en' } }, { language: { text: 'es' } }],
      address: [{ line: ['1 Main St'], city: 'Yuma' }],
      contact: [{ relationship: [{ coding: [{ code: 'C' }] }], name: { text: 'Sam' } }],
      extension: [
        {
          url: 'https://crosswalk.example/fhir/StructureDefinition/risk-level',
          valueCodeableConcept: {
            coding: [{ system: 'http://terminology.hl7.org/CodeSystem/risk-probability', code: 'moderate' }],
          },
        },
      ],
      link: [{ other: { reference: 'Patient/2' }, type: 'seealso' }],
    },
    allergies: [
      { resourceType: 'AllergyIntolerance', code: { text: 'penicillin' } },
      { resourceType: 'AllergyIntolerance', code: { text: 'sulfa' } },
    ],
    items: [
      {
        rx: { resourceType: 'MedicationRequest', intent: 'order', medicationCodeableConcept: { text: 'A' } },
        task: { resourceType: 'Task', status: 'requested' },
      },
      {
        rx: { resourceType: 'MedicationRequest', intent: 'order', medicationCodeableConcept: { text: 'B' } },
      },
    ],
  });
  expect(mapping.read(bound, 'all', { initials: 'JD' })).toEqual({ ...VALUES, initials: 'JD' });
  expect(JSON.stringify(mapping.read(bound, 'short'))).toBe(
    '{"id":"pat_1","address":{"city":"Yuma"},"items":[{"medication":"A"},{"medication":"B"}]}',
  );
});

test('what is missing reads as null, lists as empty', () => {
  expect(mapping.read({ patient: { resourceType: 'Patient' } }, 'all')).toEqual({
    id: null,
    number: null,
    phone: null,
    nickname: null,
    languages: [],
    address: null,
    contact: null,
    risk: null,
    allergies: [],
    links: [],
    items: [],
    initials: null,
  });
});

test('an update leaves absent fields alone, clears nulls, replaces nested objects whole and keeps what is not its own', () => {
  const { bound } = mapping.write(VALUES);
  const patient = bound['patient'] as { telecom: object[] };
  const existing = {
    ...bound,
    patient: { ...patient, telecom: [{ system: 'email', value: 'x@y' }, ...patient.telecom] },
  };
  const before = structuredClone(existing);
  const { bound: after } = mapping.write(
    { phone: null, contact: null, address: { city: 'Tucson' }, languages: [] },
    existing,
  );
  expect(existing).toEqual(before);
  expect(after['patient']).toEqual({
    ...before.patient,
    telecom: [{ system: 'email', value: 'x@y' }],
    address: [{ city: 'Tucson' }],
    contact: undefined,
    communication: undefined,
  });
  expect(after['allergies']).toEqual(bound['allergies']);
});

test('all problems at once, by vendor field, without values', () => {
  const { issues } = mapping.write({
    id: 'secret',
    risk: 'secret',
    languages: 'secret',
    address: 3,
    links: [{ other: 'secret' }],
  });
  expect(issues).toEqual([
    { field: 'id', expected: 'an id that begins with pat_' },
    { field: 'languages', expected: 'a list' },
    { field: 'address', expected: 'an object' },
    { field: 'risk', expected: 'one of low, medium, high' },
    { field: 'links[0].other', expected: 'an id that begins with pat_' },
  ]);
});

test('names the vendor field of a FHIR expression', () => {
  expect(mapping.fieldAt('patient', 'Patient.address[0].city')).toBe('address.city');
  expect(mapping.fieldAt('patient', 'Patient.communication[1].language')).toBe('languages');
  expect(mapping.fieldAt('patient', 'Patient.photo[0]')).toBeUndefined();
});

test('the check against R4 finds paths that do not exist', () => {
  expect(checkMapping(mapping)).toEqual([]);
  const wrong = compileMapping(
    parseTable(`
map: test/wrong
resources: { patient: { type: Patient }, items: { many: true, each: { task: { type: Task } } } }
fields:
  a: patient.birthdate
  b: patient.name.family
  c: patient.gender[0]
  d: patient.deceased
  e[]: { at: 'patient.contact[*]', fields: { f: name.famly } }
  g[]: { at: 'items[*]', fields: { h: task.stat, i: rx.status } }
  j: practitioner.id
`),
  );
  expect(checkMapping(wrong)).toEqual([
    'a: there is no Patient "birthdate"',
    'b: "name" is a list',
    'c: "gender" is not a list',
    'd: there is no Patient "deceased"',
    'e.f: there is no HumanName "famly"',
    'g.h: there is no Task "stat"',
    'g.i: there is no resource "rx"',
    'j: there is no resource "practitioner"',
  ]);
});

test.each([
  ['fields: { a: patient.id }', /resources/],
  ['map: x\nresources: {}\nfields: { a: p.id | nothing }', /no codec "nothing"/],
  ['map: x\nresources: {}\nfields: { a: "= nobody" }', /no function "nobody"/],
  ['map: x\nresources: {}\nfields: { a: p.name(nick).text }', /no slice "nick"/],
  ['map: x\nresources: {}\nfields: { a: p.id | map(nowhere) }', /ConceptMap/],
  ['map: x\nresources: {}\nfields: { a: "p.name[7].text" }', /not a step/],
  ['map: x\nresources: {}\nfields: { a: p.id }\nviews: { v: [b] }', /shows "b"/],
])('a table that cannot be meant is refused at start: %s', (text, message) => {
  expect(() => compileMapping(parseTable(text))).toThrow(message);
});
