import { MedplumClient } from '@medplum/core';
import type { Patient } from '@medplum/fhirtypes';
import { execFile } from 'node:child_process';
import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import smart from 'fhirclient';
import { testHouse, type TestHouse } from '../support/house';

/** Clients that EHRs and their integrators use, against a listening server with authentication. */
const run = promisify(execFile);
let test: TestHouse;
let server: Server;
let url: string;
let secret: { clientId: string; clientSecret: string };

/** A port that is free at this moment: links of the server name it before it listens. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  test = await testHouse({ PORT: String(port), PUBLIC_URL: url });
  server = createServer(test.app);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { clientId, clientSecret = '' } = await test.house.identity.clients.create({
    name: 'EHR',
    scope: 'system/*.*',
  });
  secret = { clientId, clientSecret };
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await test.close();
});

async function token(): Promise<string> {
  const answer = await fetch(`${url}/oauth2/token`, {
    method: 'POST',
    headers: {
      Authorization: `Basic ${Buffer.from(`${secret.clientId}:${secret.clientSecret}`).toString('base64')}`,
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'system/*.*' }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

describe('fhir-kit-client', () => {
  it('discovers, creates, reads, updates, patches, searches, pages, follows history, and deletes', async () => {
    const script = join(__dirname, 'fhir-kit-client.mjs');
    const { stdout } = await run(process.execPath, [script, `${url}/fhir/R4`, await token()]);
    expect(JSON.parse(stdout)).toEqual({
      fhirVersion: '4.0.1',
      reads: [{ family: 'Kit' }],
      updated: '2',
      patched: false,
      vread: '1',
      found: 4,
      goesBack: true,
      posted: true,
      history: 3,
      transaction: '201',
      afterwards: 410,
    });
  });
});

describe('MedplumClient', () => {
  it('signs in with its secret, creates, reads, searches, patches, runs a batch and deletes', async () => {
    const client = new MedplumClient({
      baseUrl: url,
      fhirUrlPath: 'fhir/R4',
      clientId: secret.clientId,
      fetch,
      cacheTime: 0,
    });
    client.setAccessToken(await token());
    const created = await client.createResource<Patient>({
      resourceType: 'Patient',
      name: [{ family: 'Plum' }],
    });
    expect(await client.readResource('Patient', created.id)).toMatchObject({ name: [{ family: 'Plum' }] });
    const updated = await client.updateResource<Patient>({ ...created, gender: 'female' });
    expect(updated.meta?.versionId).toBe('2');
    const patched = await client.patchResource('Patient', created.id, [
      { op: 'add', path: '/active', value: true },
    ]);
    expect(patched).toMatchObject({ active: true });
    expect(await client.searchResources('Patient', 'family=plum')).toHaveLength(1);
    expect(
      await client.createResourceIfNoneExist<Patient>({ resourceType: 'Patient' }, 'family=plum'),
    ).toMatchObject({ id: created.id });
    expect((await client.readHistory('Patient', created.id)).entry).toHaveLength(3);
    const batch = await client.executeBatch({
      resourceType: 'Bundle',
      type: 'batch',
      entry: [{ request: { method: 'GET', url: `Patient/${created.id}` } }],
    });
    expect(batch.entry?.[0]?.response?.status).toBe('200');
    expect((await client.readPatientEverything(created.id)).entry).toHaveLength(1);
    await client.deleteResource('Patient', created.id);
    await expect(client.readResource('Patient', created.id)).rejects.toThrow();
  });
});

describe('fhirclient', () => {
  it('creates, reads, updates, patches, follows pages and references, and deletes', async () => {
    // As a SMART application holds it for the length of one of its own requests.
    const request = new IncomingMessage(new Socket());
    const client = smart(request, new ServerResponse(request)).client({
      serverUrl: `${url}/fhir/R4`,
      tokenResponse: { access_token: await token() },
    });
    const patient = await client.create({ resourceType: 'Patient', name: [{ family: 'Smart' }] });
    const subject = { reference: `Patient/${patient.id}` };
    for (const code of ['one', 'two', 'three']) {
      await client.create({ resourceType: 'Observation', status: 'final', code: { text: code }, subject });
    }
    expect(await client.request(`Patient/${patient.id}`)).toMatchObject({ name: [{ family: 'Smart' }] });
    const listed: unknown = await client.request(`Observation?subject=Patient/${patient.id}&_count=2`, {
      pageLimit: 0,
      flat: true,
      resolveReferences: 'subject',
    });
    expect(listed).toHaveLength(3);
    expect(listed).toContainEqual(
      expect.objectContaining({ subject: expect.objectContaining({ id: patient.id }) }),
    );
    expect(await client.update({ ...patient, gender: 'female' })).toMatchObject({ meta: { versionId: '2' } });
    const path = `Patient/${patient.id}`;
    expect(await client.patch(path, [{ op: 'add', path: '/active', value: true }])).toMatchObject({
      active: true,
    });
    await client.delete(path);
    await expect(client.request(path)).rejects.toThrow(/410|Gone/);
  });
});
