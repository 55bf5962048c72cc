/** The operator's import: Synthea's bundles, archives, and what is refused. */
import type { AuditEvent, Bundle, Patient, Resource } from '@medplum/fhirtypes';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { create, extract } from 'tar';
import { gzipSync } from 'node:zlib';
import { importCsv, importRecords } from '../../src/commands/import';
import { testHouse, type TestHouse } from '../support/house';

const ARCHIVE = join(__dirname, '../fixtures/synthea/patients.tar.gz');
const CLI = join(__dirname, '../../dist/cli.js');
/** `EVERY_PATIENT=on` for the long run; else every third, with all their hospitals and practitioners. */
const EVERY_PATIENT = process.env['EVERY_PATIENT'] === 'on';

let it_: TestHouse;
let folder: string;
let archive: string;

beforeAll(async () => {
  it_ = await testHouse({ FHIR_AUTH: 'off' });
  folder = mkdtempSync(join(tmpdir(), 'crosswalk-import-test-'));
  archive = join(folder, 'patients.tar.gz');
});

afterAll(async () => {
  await it_.close();
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function found(query: string): Promise<Bundle> {
  const answer = await request(it_.app).get(`/fhir/R4/${query}`);
  if (answer.status !== 200) throw new Error(`${query}: ${answer.status} ${answer.text}`);
  return answer.body as Bundle;
}

describe('the Synthea archive', () => {
  const originals: Resource[] = [];

  beforeAll(async () => {
    const all = join(folder, 'all');
    mkdirSync(all);
    await extract({ file: ARCHIVE, cwd: all });
    const chosen = readdirSync(all).filter(
      (name, i) => EVERY_PATIENT || i % 3 === 0 || /^(hospital|practitioner)/.test(name),
    );
    await create({ file: archive, cwd: all, gzip: true }, chosen);
    for (const name of chosen) {
      const content = JSON.parse(readFileSync(join(all, name), 'utf8')) as Resource;
      if (content.resourceType !== 'Bundle') originals.push(content);
      else
        for (const { resource } of content.entry ?? []) if (resource !== undefined) originals.push(resource);
    }
  });

  test('goes in whole, with a count by type', async () => {
    const expected: Record<string, number> = {};
    for (const { resourceType } of originals) expected[resourceType] = (expected[resourceType] ?? 0) + 1;
    const { resources, failed } = await importRecords(it_.house, [archive]);
    expect({ resources, failed }).toEqual({ resources: expected, failed: 0 });
    for (const type of ['Observation', 'Claim', 'Patient']) {
      expect((await found(`${type}?_summary=count`)).total).toBe(expected[type]);
    }
  }, 180_000);

  test('is found by what its resources hold, references between the files resolved', async () => {
    const patient = originals.find(({ resourceType }) => resourceType === 'Patient') as Patient;
    const identifier = patient.identifier?.[1];
    const byIdentifier = await found(`Patient?identifier=${identifier?.system}|${identifier?.value}`);
    expect(byIdentifier.entry).toHaveLength(1);
    const stored = byIdentifier.entry?.[0]?.resource as Patient;
    const query = `Patient?_id=${stored.id}&name=${patient.name?.[0]?.family}&birthdate=${patient.birthDate}&_lastUpdated=gt2020`;
    expect((await found(query)).entry).toHaveLength(1);

    const observations = originals.filter(
      (each) => each.resourceType === 'Observation' && each.subject?.reference === `urn:uuid:${patient.id}`,
    );
    expect(observations.length).toBeGreaterThan(0);
    for (const parameter of ['patient', 'subject']) {
      const held = await found(
        `Observation?${parameter}=Patient/${stored.id}&status=final&date=gt1900&_summary=count`,
      );
      expect(held.total).toBe(observations.length);
    }
    const coded = await found(
      `Observation?patient=${stored.id}&code=http://loinc.org|8302-2&_include=Observation:encounter`,
    );
    const encounters = (coded.entry ?? []).filter(({ search }) => search?.mode === 'include');
    expect(encounters.length).toBeGreaterThan(0);
    expect(JSON.stringify(coded)).not.toContain('urn:uuid:');
  });
});

test('an import that is interrupted leaves nothing in the temporary folder', async () => {
  const temporary = mkdtempSync(join(folder, 'tmp-'));
  const env = { PATH: process.env['PATH'] ?? '', DATA_DIR: join(folder, 'interrupted'), TMPDIR: temporary };
  const child = spawn(process.execPath, [CLI, 'import', ARCHIVE], { env, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const unpacked = (): string[] => readdirSync(temporary, { recursive: true, encoding: 'utf8' });
  while (!unpacked().some((name) => name.endsWith('.json')) && child.exitCode === null)
    await new Promise((next) => setTimeout(next, 20));
  child.kill('SIGINT');
  expect([await ended, unpacked().filter((name) => name.includes('crosswalk-import'))]).toEqual([130, []]);
}, 90_000);

test('files that refer to others by condition go in after them, whatever their names', async () => {
  const [organization, patient] = ['z-organization.json', 'a-patient.json'];
  const entry = (resource: object): object => ({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [{ resource, request: { method: 'POST', url: (resource as Resource).resourceType } }],
  });
  const later = write(
    organization,
    JSON.stringify(
      entry({
        resourceType: 'Organization',
        identifier: [{ system: 'urn:later', value: '7' }],
        name: 'Later',
      }),
    ),
  );
  const sooner = write(
    patient,
    JSON.stringify(
      entry({
        resourceType: 'Patient',
        name: [{ family: 'Sooner' }],
        managingOrganization: { reference: 'Organization?identifier=urn:later|7' },
      }),
    ),
  );
  const { failed } = await importRecords(it_.house, [sooner, later]);
  expect(failed).toBe(0);
  const [{ resource } = {}] = (await found('Patient?name=Sooner')).entry ?? [];
  expect((resource as Patient).managingOrganization?.reference).toMatch(/^Organization\/[0-9a-f-]{36}$/);
});

test('a file that holds one wrong resource changes nothing and is named; the others go in', async () => {
  const right = write(
    'right.ndjson.gz',
    gzipSync('{"resourceType":"Patient","name":[{"family":"Rightly"}]}\n'),
  );
  const wrong = write(
    'wrong.ndjson',
    '{"resourceType":"Patient","name":[{"family":"Wrongly"}]}\n{"resourceType":"Patient","gender":"no"}\n',
  );
  const { failed, refused, resources } = await importRecords(it_.house, [right, wrong]);
  expect({ failed, resources }).toEqual({ failed: 1, resources: { Patient: 1 } });
  expect(refused.map(({ file }) => file)).toEqual([wrong]);
  expect((await found('Patient?name=Wrongly&_summary=count')).total).toBe(0);
  expect((await found('Patient?name=Rightly&_summary=count')).total).toBe(1);
});

test('a table goes into the audit row by row, with who imported it', async () => {
  const table = write(
    'pharmacies.csv',
    'id,name,ncpdp_id,street,city,state,zip_code,phone,fax\nrow-1,Desert Pharmacy,7654321,1 Main St,Phoenix,AZ,85001,602-555-0100,\n',
  );
  const { resources } = await importCsv(it_.house, 'pharmacies', [table]);
  expect(resources).toEqual({ Organization: 1 });
  await it_.house.drain();
  const { entry = [] } = await found('AuditEvent?entity=Organization/row-1&action=C');
  expect(entry.map(({ resource }) => (resource as AuditEvent).agent[0]?.name)).toEqual([userInfo().username]);
});

test('a long NDJSON file with a wrong line changes nothing, and the line and its fault are named', async () => {
  const lines = Array.from({ length: 1_100 }, (_, i) =>
    JSON.stringify({ resourceType: 'Patient', id: `long-${i}`, ...(i === 1_050 && { gender: 'no' }) }),
  );
  const long = write('long.ndjson', lines.join('\n\n'));
  const { failed, refused } = await importRecords(it_.house, [long]);
  expect(failed).toBe(1);
  expect(refused[0]?.reason).toMatch(/^Line 2101: .* Line 2101\.gender: The code is not in the value set/);
  expect((await found('Patient?_id=long-0&_summary=count')).total).toBe(0);
});

test('resources of a collection that refer to each other by full URL still do', async () => {
  const [patient, observation] = ['urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a', 'urn:uuid:9a'];
  const collection = write(
    'collection.json',
    JSON.stringify({
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        {
          fullUrl: observation,
          resource: {
            resourceType: 'Observation',
            status: 'final',
            code: { text: 'collected' },
            subject: { reference: patient },
          },
        },
        { fullUrl: patient, resource: { resourceType: 'Patient', name: [{ family: 'Collected' }] } },
      ],
    }),
  );
  expect(await importRecords(it_.house, [collection])).toMatchObject({ failed: 0 });
  expect((await found('Observation?patient.name=Collected')).entry).toHaveLength(1);
});

test('what cannot be read as text, or holds nothing to import, is refused by its name', async () => {
  const latin = write(
    'latin.json',
    Buffer.from('{"resourceType":"Patient","name":[{"family":"M\u00fcller"}]}', 'latin1'),
  );
  const cut = write('cut.json.gz', gzipSync('{"resourceType":"Patient"}').subarray(0, 20));
  const { refused } = await importRecords(it_.house, [latin, cut]);
  expect(refused.map(({ reason }) => reason).sort()).toEqual([
    `The file ${cut} cannot be read (it is not gzip, or cut short).`,
    `The file ${latin} is not UTF-8.`,
  ]);
  const inner = join(folder, 'outer', 'inner');
  mkdirSync(inner, { recursive: true });
  await expect(importRecords(it_.house, [inner])).rejects.toThrow(/inner holds no .json or .ndjson file/);
  const archive_ = write('broken.tar.gz', 'no archive');
  await expect(importRecords(it_.house, [archive_])).rejects.toThrow(/no tar archive/);
  writeFileSync(join(inner, 'deep.json'), '{"resourceType":"Patient","name":[{"family":"Deep"}]}');
  expect(await importRecords(it_.house, [join(folder, 'outer')])).toMatchObject({
    resources: { Patient: 1 },
  });
});
