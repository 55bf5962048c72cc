/** Queries that are understood, and what is said of those that are not. */
import type { SearchParameter } from '@medplum/fhirtypes';
import { ProblemError } from '../../src/fhir';
import {
  describeParameters,
  extractIndex,
  indexEntries,
  indexVersion,
  matchesInMemory,
  parseSearch,
  registerSearchParameter,
  registryVersion,
  selfLink,
  unregisterSearchParameter,
} from '../../src/search';

function refusal(work: () => unknown): ProblemError {
  try {
    work();
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

describe('refusals', () => {
  test('everything wrong is named at once, and no value is repeated', () => {
    const query =
      'nmae=x&birthdate=secret-date&gender:exact=male&_sort=nothing&_count=-1&_include=Patient:name&organization.nmae=y&_has:Observation:nothing:code=z&_summary=maybe&active:missing=perhaps';
    const error = refusal(() => parseSearch('Patient', query));
    expect(error.status).toBe(400);
    expect(error.issues.map(({ location }) => location?.[0])).toEqual([
      'http.nmae',
      'http.birthdate',
      'http.gender:exact',
      'http._sort',
      'http._count',
      'http._include',
      'http.organization.nmae',
      'http._has:Observation:nothing:code',
      'http._summary',
      'http.active:missing',
    ]);
    expect(JSON.stringify(error.issues)).not.toContain('secret-date');
  });

  test.each([
    ['Patient', 'name='],
    ['Patient', 'name=a,'],
    ['Patient', 'name:missing=true,false'],
    ['Patient', '_id:text=x'],
    ['Patient', 'general-practitioner:Nothing=1'],
    ['Patient', 'birthdate=2024-13'],
    ['Patient', 'birthdate=2023-02-29'],
    ['Observation', 'value-quantity=heavy'],
    ['Observation', 'value-quantity=5|a|b|c'],
    ['Observation', 'code-value-quantity=8302-2'],
    ['Observation', 'focus.name=x'],
    ['Observation', 'code.text=x'],
    ['Observation', 'code:below=http://loinc.org|8302-2'],
    ['Observation', '_sort=code-value-quantity'],
    ['Observation', '_count=5&_count=6'],
    ['Observation', '_include=Observation'],
    ['Observation', '_include:sometimes=Observation:subject'],
    ['Observation', '_include=Patient:organization'],
    ['Observation', '_include=Observation:subject:Organization'],
    ['Patient', '_revinclude=Patient:organization'],
    ['Patient', '_revinclude=Observation:subject:Group'],
    ['Patient', '_elements=nothing'],
    ['Patient', '_elements=name.family'],
    ['Patient', '_elements=birthDate,Observation.nothing'],
    ['Patient', '_elements='],
    ['Patient', '=x'],
    ['Observation', '_list=$current-problems'],
    ['Observation', '_query=mine'],
    ['Observation', '_filter=code eq'],
    ['Observation', '_filter=(code eq x'],
    ['Observation', '_filter=code eq x nonsense'],
    ['Observation', '_filter=code around x'],
    ['Observation', '_filter=nothing eq x'],
    ['Observation', '_filter=code eq "x'],
    ['Observation', `${'has-member.'.repeat(13)}code=x`],
    ['Location', 'near=91|0'],
    ['Location', 'near=33|-112|5|kg'],
  ] as const)('%s?%s', (type, query) => {
    expect(refusal(() => parseSearch(type, query)).status).toBe(400);
  });

  test.each([
    ['Observation', '_include=Observation:subject&_include:iterate=Patient:organization'],
    ['Observation', '_include=Observation:subject:Patient'],
    ['Observation', '_include=*&_include=Observation:*&_revinclude=*'],
    ['Patient', '_revinclude=Observation:subject:Patient&_revinclude=Provenance:target'],
    ['Patient', '_include=Patient:organization&_revinclude:iterate=Patient:organization'],
    ['Observation', '_elements=value,valueQuantity,effective,id,meta,text,Patient.name,resourceType'],
    [undefined, '_type=Patient,Observation&_elements=birthDate,code&_include=Observation:subject'],
  ] as const)('but not %s?%s', (type, query) => {
    expect(parseSearch(type, query).query.length).toBeGreaterThan(0);
  });

  test('a page is at most a thousand, and the self link says so', () => {
    for (const count of ['1001', '99999999999999999999'])
      expect(selfLink(parseSearch('Patient', `_count=${count}`))).toBe('_count=1000');
    expect(selfLink(parseSearch('Patient', '_count=7'))).toBe('_count=7');
  });

  test('lenient handling leaves out what it does not know, in the self link too, and says so', () => {
    const request = parseSearch('Patient', 'nmae=x&family=a&birthdate=never&_count=5', { lenient: true });
    expect(request.dropped.map(({ parameter }) => parameter)).toEqual(['nmae', 'birthdate']);
    expect(selfLink(request)).toBe('family=a&_count=5');
    expect(parseSearch('Patient', selfLink(request))).toEqual({ ...request, dropped: [] });
  });
});

describe('values', () => {
  const observation = {
    resourceType: 'Observation' as const,
    status: 'final' as const,
    code: { coding: [{ system: 'urn:a|b', code: 'x,y' }], text: 'Wei$ght' },
    subject: { reference: 'https://here.example/fhir/R4/Patient/1/_history/3' },
    performer: [{ reference: 'Practitioner/7', identifier: { system: 'urn:npi', value: '99' } }],
    effectiveDateTime: '2024-03-10T10:00:00-05:00',
    valueQuantity: { value: 0.5, unit: 'Tablets' },
  };
  const holds = (query: string): boolean =>
    matchesInMemory(
      parseSearch('Observation', query, { baseUrl: 'https://here.example/fhir/R4' }),
      observation,
    );

  test.each([
    ['code=urn:a\\|b|x\\,y', true],
    ['code=x,y', false],
    ['code:text=wei\\$', true],
    ['subject=Patient/1', true],
    ['subject=1', true],
    ['subject:Patient=1', true],
    ['subject:Group=1', false],
    ['subject=https://here.example/fhir/R4/Patient/1', true],
    ['subject=https://elsewhere.example/fhir/R4/Patient/1', false],
    ['performer:identifier=urn:npi|99', true],
    ['performer:identifier=99', true],
    ['performer=Practitioner/7/_history/2', true],
    ['status=FINAL', true],
    ['status=http://hl7.org/fhir/observation-status|final', true],
    ['status=http://elsewhere.example|final', false],
    ['value-quantity=0.5||tablets', true],
    ['value-quantity=5e-1', true],
    ['date=2024-03-10T15:00Z', true],
    ['date=2024-03-10T10:00:00-05:00', true],
    ['date=2024-03-10T10:00:00 01:00', false],
    ['_filter=code pr true and value-quantity lt 1', true],
    ['_filter=not (status in http://hl7.org/fhir/ValueSet/none) and status ne final', false],
    ['_text=nothing', false],
  ])('%s', (query, expected) => {
    // `in` looks beyond the resource: such a request never matches in memory.
    expect(holds(query)).toBe(expected);
  });

  test('text longer than an entry is compared whole', () => {
    const long = `${'lorem ipsum '.repeat(40)}Ende`;
    const resource = { resourceType: 'Patient' as const, address: [{ city: long }] };
    const found = (query: [string, string]): boolean =>
      matchesInMemory(parseSearch('Patient', [query]), resource);
    expect(found(['address-city', long])).toBe(true);
    expect(found(['address-city', `${long}!`])).toBe(false);
    expect(found(['address-city:exact', long])).toBe(true);
    expect(found(['address-city:exact', long.toLowerCase()])).toBe(false);
    expect(found(['address-city:contains', 'ende'])).toBe(true);
    expect(Math.max(...extractIndex(resource).index.map(({ length }) => length))).toBeLessThan(150);
  });

  test('the practice stands before its own entries, and common types have none', () => {
    const extracted = extractIndex({ resourceType: 'Patient', active: true });
    const { index } = indexEntries(extracted, ['', 'org-a', 'org-b'], 'Patient');
    expect(index.filter((entry) => entry.endsWith('active:=true'))).toHaveLength(3);
    expect(index.filter((entry) => entry.endsWith('*'))).toHaveLength(3);
    expect(
      indexEntries(extracted, ['*', 'org-a'], 'Organization').index.some((entry) => entry.startsWith('@')),
    ).toBe(false);
  });
});

describe('posted parameters', () => {
  const posted = (rest: Partial<SearchParameter> = {}): SearchParameter => ({
    resourceType: 'SearchParameter',
    id: 'marital',
    url: 'urn:test:marital',
    name: 'marital',
    status: 'draft',
    description: 'Marital status',
    code: 'marital',
    base: ['Patient'],
    type: 'token',
    expression: 'Patient.maritalStatus',
    ...rest,
  });

  test('are searched by, described, and counted as a change of the index', () => {
    const before = { version: registryVersion(), index: indexVersion('Patient') };
    expect(registerSearchParameter(posted())).toEqual(['Patient']);
    const patient = { resourceType: 'Patient' as const, maritalStatus: { coding: [{ code: 'M' }] } };
    expect(matchesInMemory(parseSearch('Patient', 'marital=M'), patient)).toBe(true);
    expect(describeParameters('Patient').map(({ name }) => name)).toContain('marital');
    expect(registryVersion()).toBeGreaterThan(before.version);
    expect(indexVersion('Patient')).not.toBe(before.index);
    unregisterSearchParameter('marital');
    expect(indexVersion('Patient')).toBe(before.index);
    expect(refusal(() => parseSearch('Patient', 'marital=M')).status).toBe(400);
  });

  test.each<[string, Partial<SearchParameter>]>([
    ['an expression that is no FHIRPath', { expression: 'Patient.name.where(' }],
    ['an expression that leads nowhere', { expression: 'Patient.shoeSize' }],
    ['a code that is taken', { code: 'name' }],
    ['a code that no query could hold', { code: 'a.b' }],
    ['a base that is no resource type', { base: ['Nothing' as never] }],
  ])('are refused with %s', (_, rest) => {
    expect(refusal(() => registerSearchParameter(posted(rest))).status).toBe(422);
    expect(describeParameters('Patient').map(({ name }) => name)).not.toContain('marital');
  });
});
