import type { Bundle, CodeSystem, OperationOutcome, Parameters, ValueSet } from '@medplum/fhirtypes';
import request from 'supertest';
import { testHouse, type TestHouse } from '../support/house';

/** Operations. https://hl7.org/fhir/R4/operations.html */
let test: TestHouse;
const base = '/fhir/R4';
const json = 'application/fhir+json';

beforeAll(async () => {
  test = await testHouse({ FHIR_AUTH: 'off' });
});
afterAll(() => test.close());

const get = (path: string) => request(test.app).get(`${base}/${path}`);
const post = (path: string, body: object) =>
  request(test.app).post(`${base}/${path}`).set('Content-Type', json).send(JSON.stringify(body));
const put = (path: string, body: object) =>
  request(test.app).put(`${base}/${path}`).set('Content-Type', json).send(JSON.stringify(body));

describe('$meta', () => {
  it('reads, adds and takes away tags', async () => {
    await put('Patient/m', { resourceType: 'Patient', id: 'm' });
    const tag = { system: 'urn:t', code: 'vip' };
    const meta = { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: { tag: [tag] } }] };
    const added = await post('Patient/m/$meta-add', meta);
    expect((added.body as Parameters).parameter?.[0]?.valueMeta?.tag).toEqual([tag]);
    expect(((await get('Patient?_tag=urn:t|vip')).body as Bundle).total).toBe(1);
    expect((await get('Patient/m')).body).toMatchObject({ meta: { versionId: '2', tag: [tag] } });
    const gone = await post('Patient/m/$meta-delete', meta);
    expect((gone.body as Parameters).parameter?.[0]?.valueMeta).not.toHaveProperty('tag');
    expect((await get('Patient/m/$meta-add')).status).toBe(405);
  });
});

describe('$validate', () => {
  it('tells all issues without storing anything', async () => {
    const bad = await post('Patient/$validate', { resourceType: 'Patient', gender: 'x', birthDate: 'y' });
    expect(bad.status).toBe(200);
    expect((bad.body as OperationOutcome).issue.map(({ expression }) => expression?.[0]).sort()).toEqual([
      'Patient.birthDate',
      'Patient.gender',
    ]);
    const good = await post('Patient/$validate', { resourceType: 'Patient' });
    expect((good.body as OperationOutcome).issue).toEqual([
      expect.objectContaining({ severity: 'information' }),
    ]);
    const profile = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient';
    const strict = await post(`Patient/$validate?profile=${encodeURIComponent(profile)}`, {
      resourceType: 'Patient',
    });
    expect((strict.body as OperationOutcome).issue.some(({ severity }) => severity === 'error')).toBe(true);
  });
});

describe('$everything', () => {
  it('brings the patient, the compartment and what it refers to, page by page, and nothing of others', async () => {
    await post('', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        ...['e1', 'e2'].map((id) => ({
          resource: { resourceType: 'Patient', id },
          request: { method: 'PUT', url: `Patient/${id}` },
        })),
        {
          resource: { resourceType: 'Practitioner', id: 'doc' },
          request: { method: 'PUT', url: 'Practitioner/doc' },
        },
        ...[0, 1, 2, 3].map((i) => ({
          resource: {
            resourceType: 'Observation',
            id: `eo${i}`,
            status: 'final',
            code: { text: 'x' },
            subject: { reference: i < 3 ? 'Patient/e1' : 'Patient/e2' },
            performer: [{ reference: 'Practitioner/doc' }],
            effectiveDateTime: `202${i}-01-01`,
          },
          request: { method: 'PUT', url: `Observation/eo${i}` },
        })),
      ],
    });
    const seen = new Set<string>();
    let path: string | undefined = 'Patient/e1/$everything?_count=2';
    for (let pages = 0; path !== undefined && pages < 10; pages += 1) {
      const page = (await get(path)).body as Bundle;
      for (const { fullUrl } of page.entry ?? []) seen.add(fullUrl?.split('/').slice(-2).join('/') ?? '');
      const next: string | undefined = page.link?.find(({ relation }) => relation === 'next')?.url;
      path = next === undefined ? undefined : next.slice(next.indexOf(`${base}/`) + base.length + 1);
    }
    expect([...seen].sort()).toEqual([
      'Observation/eo0',
      'Observation/eo1',
      'Observation/eo2',
      'Patient/e1',
      'Practitioner/doc',
    ]);
    const recent = (await get('Patient/e1/$everything?start=2022-01-01&_type=Observation')).body as Bundle;
    expect(recent.entry?.map(({ resource }) => resource?.id)).toEqual(['eo2']);
  });
});

describe('terminology', () => {
  it('looks up, compares and validates codes of a CodeSystem that a client stored', async () => {
    const url = 'urn:test:triage';
    const stored = await post('CodeSystem', {
      resourceType: 'CodeSystem',
      url,
      name: 'Triage',
      status: 'active',
      content: 'complete',
      concept: [{ code: 'urgent', display: 'Urgent', concept: [{ code: 'now', display: 'At once' }] }],
    });
    expect(stored.status).toBe(201);
    const found = (await get(`CodeSystem/$lookup?system=${url}&code=now`)).body as Parameters;
    expect(found.parameter).toContainEqual({ name: 'display', valueString: 'At once' });
    const pair = 'codeA=urgent&codeB=now';
    for (const path of [
      `CodeSystem/$subsumes?system=${url}&${pair}`,
      `CodeSystem/${(stored.body as CodeSystem).id}/$subsumes?${pair}`,
    ]) {
      const compared = (await get(path)).body as Parameters;
      expect(compared.parameter).toEqual([{ name: 'outcome', valueCode: 'subsumes' }]);
    }
    const checked = (await get(`CodeSystem/$validate-code?url=${url}&code=later`)).body as Parameters;
    expect(checked.parameter).toContainEqual({ name: 'result', valueBoolean: false });
  });

  it('looks up, validates, expands, translates and subsumes over what is shipped', async () => {
    const gender = 'http://hl7.org/fhir/administrative-gender';
    const found = (await get(`CodeSystem/$lookup?system=${gender}&code=female`)).body as Parameters;
    expect(found.parameter).toContainEqual({ name: 'display', valueString: 'Female' });
    expect((await get(`CodeSystem/$lookup?system=${gender}&code=nonsense`)).status).toBe(404);
    const valid = (
      await get(
        `ValueSet/$validate-code?url=http://hl7.org/fhir/ValueSet/administrative-gender&system=${gender}&code=male`,
      )
    ).body as Parameters;
    expect(valid.parameter).toContainEqual({ name: 'result', valueBoolean: true });
    const expanded = (
      await get('ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender&filter=fem')
    ).body as ValueSet;
    expect(expanded.expansion?.contains?.map(({ code }) => code)).toEqual(['female']);
    expect(
      (await get('ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender&nonsense=1'))
        .status,
    ).toBe(400);
  });

  it('expands a value set that a client stored', async () => {
    await put('ValueSet/own', {
      resourceType: 'ValueSet',
      id: 'own',
      url: 'urn:own',
      status: 'active',
      compose: {
        include: [{ system: 'http://hl7.org/fhir/administrative-gender', concept: [{ code: 'other' }] }],
      },
    });
    for (const path of ['ValueSet/own/$expand', 'ValueSet/$expand?url=urn:own']) {
      expect(((await get(path)).body as ValueSet).expansion?.contains?.map(({ code }) => code)).toEqual([
        'other',
      ]);
    }
  });
});

describe('Encounter/$everything', () => {
  it('brings the encounter, what belongs to it, and its patient', async () => {
    await put('Patient/ep', { resourceType: 'Patient', id: 'ep' });
    const subject = { reference: 'Patient/ep' };
    const encounter = {
      resourceType: 'Encounter',
      id: 'en',
      status: 'finished',
      class: { code: 'AMB' },
      subject,
    };
    expect((await put('Encounter/en', encounter)).status).toBe(201);
    const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject };
    await put('Observation/in', { ...observation, id: 'in', encounter: { reference: 'Encounter/en' } });
    await put('Observation/out', { ...observation, id: 'out' });
    const found = (await get('Encounter/en/$everything')).body as Bundle;
    expect(found.entry?.map(({ resource }) => resource?.id).sort()).toEqual(['en', 'ep', 'in']);
    const wrong = await get('Encounter/en/$everything?_since=yesterday');
    expect([wrong.status, wrong.text.includes('_since')]).toEqual([400, true]);
    expect((await get('Encounter/nobody/$everything')).status).toBe(404);
  });
});
