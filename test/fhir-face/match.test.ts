import type { Bundle, Parameters } from '@medplum/fhirtypes';
import request from 'supertest';
import { publishDefinitions } from '../../src/publish-definitions';
import { testHouse, type TestHouse } from '../support/house';
import { base, json } from './clients';

/** `$match` of patients and of services, the definitions behind them, and plans. */
let test: TestHouse;

const get = (path: string) => request(test.app).get(`${base}/${path}`);
const send = (method: 'put' | 'post', path: string, body: object) =>
  request(test.app)[method](`${base}/${path}`).set('Content-Type', json).send(JSON.stringify(body));
const canonical = 'https://crosswalk.example/fhir';

beforeAll(async () => {
  test = await testHouse({ FHIR_AUTH: 'off' });
  const person = (id: string, more: object) =>
    send('put', `Patient/${id}`, { resourceType: 'Patient', id, ...more });
  const ada = { name: [{ family: 'Ótero', given: ['Ada'] }], birthDate: '1980-02-03', gender: 'female' };
  await person('same', { ...ada, identifier: [{ system: 'urn:mrn', value: '7' }] });
  await person('likely', ada);
  await person('namesake', { ...ada, birthDate: '1955-01-01' });
  await person('other', { name: [{ family: 'Nguyen', given: ['Bo'] }], birthDate: '1980-02-03' });
});
afterAll(() => test.close());

describe('Patient/$match', () => {
  const wanted = {
    resourceType: 'Patient',
    name: [{ family: 'otero', given: ['ADA'] }],
    birthDate: '1980-02-03',
    gender: 'female',
    identifier: [{ system: 'urn:mrn', value: '7' }],
  };
  const found = (answer: { body: unknown }) =>
    ((answer.body as Bundle).entry ?? []).map(({ resource, search }) => [
      resource?.id,
      search?.extension?.find(({ url }) => url === 'http://hl7.org/fhir/StructureDefinition/match-grade')
        ?.valueCode,
    ]);

  it('ranks by score, says how sure it is, and leaves out who is certainly another', async () => {
    const parameters: Parameters = {
      resourceType: 'Parameters',
      parameter: [{ name: 'resource', resource: wanted as never }],
    };
    const answer = await send('post', 'Patient/$match', parameters);
    expect(answer.body).toMatchObject({ resourceType: 'Bundle', type: 'searchset' });
    expect(found(answer)).toEqual([
      ['same', 'certain'],
      ['likely', 'probable'],
      ['namesake', 'possible'],
    ]);
    const scores = ((answer.body as Bundle).entry ?? []).map(({ search }) => search?.score ?? 0);
    expect(scores.every((score) => score > 0 && score <= 1)).toBe(true);
  });

  it('keeps to certain matches and to a count', async () => {
    const parameter = [{ name: 'resource', resource: wanted }];
    const certain = [...parameter, { name: 'onlyCertainMatches', valueBoolean: true }];
    expect(
      found(await send('post', 'Patient/$match', { resourceType: 'Parameters', parameter: certain })),
    ).toHaveLength(1);
    const two = [...parameter, { name: 'count', valueInteger: 2 }];
    expect(
      found(await send('post', 'Patient/$match', { resourceType: 'Parameters', parameter: two })),
    ).toHaveLength(2);
    expect((await send('post', 'Patient/$match', { resourceType: 'Parameters', parameter: [] })).status).toBe(
      400,
    );
  });
});

describe('HealthcareService/$match', () => {
  it('weighs services as the HandoffRx API does, and says why', async () => {
    await send('put', 'Organization/org', { resourceType: 'Organization', id: 'org', name: 'Desert Hope' });
    const slots = {
      url: `${canonical}/StructureDefinition/available-slots`,
      extension: [
        { url: 'level', valueCode: 'IOP' },
        { url: 'count', valueUnsignedInt: 3 },
      ],
    };
    const service = await send('put', 'HealthcareService/hope', {
      resourceType: 'HealthcareService',
      id: 'hope',
      active: true,
      name: 'Desert Hope IOP',
      providedBy: { reference: 'Organization/org' },
      type: [{ coding: [{ system: `${canonical}/CodeSystem/facility-type`, code: 'IOP' }] }],
      extension: [
        slots,
        { url: `${canonical}/StructureDefinition/insurance-accepted`, valueString: 'AHCCCS' },
        { url: `${canonical}/StructureDefinition/provider-rating`, valueDecimal: 4.5 },
      ],
    });
    expect([service.status, service.status === 201 ? '' : service.text]).toEqual([201, '']);
    const parameter = [
      { name: 'levelOfCare', valueString: 'IOP' },
      { name: 'insurance', valueString: 'ahcccs' },
    ];
    const answer = await send('post', 'HealthcareService/$match', { resourceType: 'Parameters', parameter });
    const [first] = (answer.body as Bundle).entry ?? [];
    expect(first?.resource?.id).toBe('hope');
    expect(first?.search?.score).toBe(0.84);
    expect(first?.search?.extension?.map(({ valueString }) => valueString)).toEqual([
      'Facility type (IOP) matches IOP',
      'Accepts AHCCCS',
      '3 IOP slots available',
      'Rated 4.5 of 5',
    ]);
    expect(
      (await send('post', 'HealthcareService/$match', { resourceType: 'Parameters', parameter: [] })).status,
    ).toBe(422);
  });
});

describe('definitions of ours', () => {
  it('are read and found under their canonical URLs, and published again without new versions', async () => {
    await publishDefinitions(test.house);
    await publishDefinitions(test.house);
    for (const [type, id] of [
      ['StructureDefinition', 'available-slots'],
      ['CodeSystem', 'level-of-care'],
      ['ValueSet', 'level-of-care'],
      ['ConceptMap', 'referral-status'],
      ['SearchParameter', 'patient-find'],
      ['OperationDefinition', 'HealthcareService-match'],
      ['NamingSystem', 'ahcccs-id'],
    ]) {
      const read = await get(`${type}/${id}`);
      expect([type, read.status, read.headers.etag]).toEqual([type, 200, 'W/"1"']);
      if (type === 'NamingSystem') continue;
      const { url } = read.body as { url: string };
      const found = (await get(`${type}?url=${encodeURIComponent(url)}`)).body as Bundle;
      expect(found.entry?.map(({ resource }) => resource?.id)).toEqual([id]);
    }
  });
});

describe('_explain', () => {
  it('tells the plan with the stages of MongoDB, and no collection is scanned', async () => {
    const answer = await get('Patient?family=otero&_explain=true');
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
    const { searches } = answer.body as { searches: { type: string; stages: string[] }[] };
    expect(searches.map(({ type }) => type)).toEqual(['Patient']);
    expect(searches[0]?.stages).toContain('IXSCAN');
    expect(searches[0]?.stages).not.toContain('COLLSCAN');
  });
});
