import type { Bundle, Parameters, Resource } from '@medplum/fhirtypes';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import request from 'supertest';
import {
  parseFhirJson,
  parseFhirXml,
  stringifyFhirJson,
  stringifyFhirXml,
  validateResource,
} from '../../src/fhir';
import { testHouse, type TestHouse } from '../support/house';
import { base, json } from './clients';

/** The examples of R4 and of FHIRPath Patch, through the front door. */
let test: TestHouse;
const xml = 'application/fhir+xml';
const fixtures = join(__dirname, '../fixtures');
/** Parameters and OperationOutcome are values of requests and answers, never stored (decisions, "Types"). */
const examples = readdirSync(join(fixtures, 'r4-examples')).filter((name) =>
  /^(?!Parameters-|OperationOutcome-).*\.json$/.test(name),
);
/** R4's Subscription has ended long ago; a server can only switch it off. */
const ENDED = '"end": "2021-01-01T00:00:00Z"';

beforeAll(async () => {
  test = await testHouse({ FHIR_AUTH: 'off' });
});
afterAll(() => test.close());

/** Without what the server itself says of a version, and without its own marks (where an order is listed). */
function asSent(resource: Resource): string {
  const { versionId: _version, lastUpdated: _updated, tag: tags, ...others } = resource.meta ?? {};
  const tag = (tags ?? []).filter(({ system }) => system?.startsWith('https://crosswalk.example/') !== true);
  const meta = { ...others, ...(tag.length > 0 && { tag }) };
  const { meta: _meta, ...rest } = resource;
  // Whether a Subscription is delivered is the server's to say.
  const own = resource.resourceType === 'Subscription' ? { status: 'requested', error: undefined } : {};
  return stringifyFhirJson({ ...rest, ...own, ...(Object.keys(meta).length > 0 && { meta }) } as Resource);
}

/** Keys in one order: the place of meta and of extensions of primitives is nobody's concern. */
function sorted(text: string): unknown {
  const order = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(order)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([key, each]) => [key, order(each)]),
          )
        : value;
  // Numbers as they were written.
  return order(JSON.parse(text.replace(/([:[,]\s*)(-?\d[\d.eE+-]*)(?=\s*[,}\]])/g, '$1"#$2"')));
}

const resources = examples.map((name) =>
  parseFhirJson(
    readFileSync(join(fixtures, 'r4-examples', name), 'utf8').replace(ENDED, ENDED.replace('2021', '2121')),
  ),
);

/** Puts resources in batches, in one of the two formats; what each answered. */
async function putAll(all: readonly Resource[], type: string): Promise<string[]> {
  const told: string[] = [];
  for (let at = 0; at < all.length; at += 50) {
    const entry = all.slice(at, at + 50).map((resource) => ({
      resource,
      request: { method: 'PUT' as const, url: `${resource.resourceType}/${resource.id}` },
    }));
    const bundle: Bundle = { resourceType: 'Bundle', type: 'batch', entry };
    const text = type === xml ? stringifyFhirXml(bundle) : stringifyFhirJson(bundle);
    const answer = await request(test.app)
      .post(base)
      .set('Content-Type', type)
      .set('Prefer', 'return=minimal')
      .send(text);
    for (const { response } of (answer.body as Bundle).entry ?? [])
      told.push(
        `${response?.status} ${response?.status.startsWith('2') ? '' : JSON.stringify(response?.outcome)}`,
      );
  }
  return told;
}

describe('every example of R4', () => {
  it('goes in as JSON', async () => {
    const told = await putAll(resources, json);
    expect(examples.filter((_, i) => told[i] !== '201 ').map((name, i) => [name, told[i]])).toEqual([]);
  }, 120_000);

  it.each(resources.map((each) => [`${each.resourceType}/${each.id}`, each] as const))(
    '%s comes back unchanged, as JSON and as XML',
    async (path, resource) => {
      const read = await request(test.app).get(`${base}/${path}`).set('Accept', json).buffer(true);
      expect(sorted(asSent(parseFhirJson(read.text)))).toEqual(sorted(asSent(resource)));
      const asXml = await request(test.app).get(`${base}/${path}`).set('Accept', xml).buffer(true);
      expect(sorted(asSent(parseFhirXml(asXml.text)))).toEqual(
        sorted(asSent(parseFhirXml(stringifyFhirXml(resource)))),
      );
    },
  );

  it('goes in as XML', async () => {
    const changeable = resources.filter(({ resourceType }) => resourceType !== 'AuditEvent'); // written once
    const told = await putAll(changeable, xml);
    expect(
      changeable.filter((_, i) => told[i] !== '200 ').map(({ resourceType, id }) => `${resourceType}/${id}`),
    ).toEqual([]);
  }, 120_000);
});

interface PatchCase {
  name: string;
  input: Resource;
  patch: Parameters;
  output: Resource | null;
}

const cases = readFileSync(join(fixtures, 'fhir-patch/fhirpath-patch.cases.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as PatchCase);

/** The cases come from XML; line ends inside of narratives differ. */
const squeezed = (resource: Resource): unknown =>
  JSON.parse(JSON.stringify(resource).replace(/(?:\\[rn]|\s)+/g, ' '));

describe('every case of FHIRPath Patch', () => {
  it.each(cases.map((one, i) => [one.name, i, one] as const))(
    '%s',
    async (_name, i, { input, patch, output }) => {
      const id = `patch-${i}`;
      const path = `${base}/${input.resourceType}/${id}`;
      const put = await request(test.app)
        .put(path)
        .set('Content-Type', json)
        .send(JSON.stringify({ ...input, id }));
      expect([put.status, put.status === 201 ? '' : put.text]).toEqual([201, '']);
      const patched = await request(test.app)
        .patch(path)
        .set('Content-Type', json)
        .send(JSON.stringify(patch));
      const read = (await request(test.app).get(path)).body as Resource;
      // The cases are about patching alone; what they make must be valid here as well.
      const isValid =
        output !== null && validateResource(output).every(({ severity }) => severity !== 'error');
      if (!isValid) {
        expect(patched.status).toBe(422);
        expect(read.meta?.versionId).toBe('1');
        return;
      }
      expect([patched.status, patched.status === 200 ? '' : patched.text]).toEqual([200, '']);
      const { meta: _meta, ...rest } = read;
      const { meta: _no, ...wanted } = output;
      expect(squeezed(rest as Resource)).toEqual(squeezed({ ...wanted, id } as Resource));
    },
  );
});
