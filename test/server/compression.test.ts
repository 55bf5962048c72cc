import express from 'express';
import { request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { ANONYMOUS, type Face, mountFace } from '../../src/http';
import { testHouse, type TestHouse } from '../support/house';

/** Which answers are compressed, as they are on the wire. */
let test: TestHouse;
let server: Server;
let port: number;

interface Raw {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET', body = ''): Promise<Raw> {
  return new Promise((done, fail) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () =>
        done({ status: res.statusCode ?? 0, headers: res.headers, bytes: Buffer.concat(chunks) }),
      );
    });
    asked.on('error', fail).end(body);
  });
}

const gzip = { 'Accept-Encoding': 'gzip' };
const fhir = (path: string) => `/fhir/R4/${path}`;
const json = { 'Content-Type': 'application/fhir+json' };
const put = (path: string, resource: object) => ask(fhir(path), json, 'PUT', JSON.stringify(resource));

beforeAll(async () => {
  test = await testHouse({ FHIR_AUTH: 'off' });
  server = test.app.listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  ({ port } = server.address() as AddressInfo);
});

afterAll(async () => {
  server.close();
  await test.close();
});

describe('the CapabilityStatement', () => {
  const metadata = fhir('metadata');

  it('is compressed as the caller takes it, and the same in every form', async () => {
    const plain = await ask(metadata);
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.headers).toMatchObject({
      vary: 'Accept-Encoding',
      'content-length': String(plain.bytes.length),
    });
    const forms = {
      gzip: [gzip, gunzipSync],
      br: [{ 'Accept-Encoding': 'gzip, deflate, br' }, brotliDecompressSync],
    } as const;
    for (const [encoding, [headers, decode]] of Object.entries(forms)) {
      const { bytes, ...answer } = await ask(metadata, headers);
      expect(answer.headers).toMatchObject({
        'content-encoding': encoding,
        'content-length': String(bytes.length),
        vary: 'Accept-Encoding',
        'content-type': 'application/fhir+json; charset=utf-8',
      });
      expect(decode(bytes).equals(plain.bytes)).toBe(true);
      expect(bytes.length).toBeLessThan(plain.bytes.length / 12);
    }
    for (const refused of ['identity', 'gzip;q=0, br;q=0', 'zstd'])
      expect((await ask(metadata, { 'Accept-Encoding': refused })).bytes.equals(plain.bytes)).toBe(true);
    const xml = await ask(`${metadata}?_format=xml`, gzip);
    expect(xml.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(xml.bytes).toString()).toMatch(/^<(\?xml|CapabilityStatement)/);
    const summary = await ask(`${metadata}?_summary=true`);
    expect(summary.bytes.length).toBeLessThan(plain.bytes.length);
    await expect(ask(metadata, { Accept: 'text/turtle' })).resolves.toMatchObject({ status: 406 });
  });

  it('has the same headers for HEAD, and no body', async () => {
    const { headers } = await ask(metadata, gzip);
    const head = await ask(metadata, gzip, 'HEAD');
    expect(head.bytes).toHaveLength(0);
    for (const name of ['content-encoding', 'content-length', 'content-type', 'vary'])
      expect([name, head.headers[name]]).toEqual([name, headers[name]]);
  });

  it('is made anew when what may be searched by has changed', async () => {
    const named = async () => gunzipSync((await ask(metadata, gzip)).bytes).includes('"shoe-size"');
    expect(await named()).toBe(false);
    await put('SearchParameter/shoe-size', {
      resourceType: 'SearchParameter',
      id: 'shoe-size',
      url: 'http://example.org/shoe-size',
      name: 'ShoeSize',
      status: 'active',
      description: 'Size of the shoes.',
      code: 'shoe-size',
      base: ['Patient'],
      type: 'string',
      expression: "Patient.extension('http://example.org/shoe-size').value",
    });
    expect(await named()).toBe(true);
  });
});

describe('other answers', () => {
  const large = { resourceType: 'Basic', id: 'large', code: { text: 'Lorem ipsum dolor. '.repeat(4_000) } };
  const small = { resourceType: 'Basic', id: 'small', code: { text: 'Lorem ipsum.' } };

  beforeAll(async () => {
    for (const each of [large, small]) expect((await put(`Basic/${each.id}`, each)).status).toBe(201);
  });

  it('are compressed when they are large, and only where the caller takes it', async () => {
    const plain = await ask(fhir('Basic/large'));
    expect(plain.headers).toMatchObject({
      vary: 'Accept-Encoding',
      'content-length': String(plain.bytes.length),
    });
    const packed = await ask(fhir('Basic/large'), gzip);
    expect(packed.headers).toMatchObject({ vary: 'Accept-Encoding', 'content-encoding': 'gzip' });
    expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true);
    expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 10);
    const page = await ask(fhir('Basic?_count=10'), { 'Accept-Encoding': 'br' });
    expect(JSON.parse(brotliDecompressSync(page.bytes).toString())).toMatchObject({ total: 2 });
    const little = await ask(fhir('Basic/small'), gzip);
    expect(little.headers).not.toHaveProperty('content-encoding');
    expect(JSON.parse(little.bytes.toString())).toMatchObject(small);
  });

  it('keep their ETags, conditional reads and HEAD', async () => {
    const plain = await ask(fhir('Basic/large'));
    const packed = await ask(fhir('Basic/large'), gzip);
    expect([plain.headers.etag, packed.headers.etag]).toEqual(['W/"1"', 'W/"1"']);
    const unchanged = await ask(fhir('Basic/large'), { ...gzip, 'If-None-Match': 'W/"1"' });
    expect([unchanged.status, unchanged.bytes.length]).toEqual([304, 0]);
    expect(unchanged.headers).not.toHaveProperty('content-encoding');
    const head = await ask(fhir('Basic/large'), gzip, 'HEAD');
    expect([head.status, head.bytes.length, head.headers.etag]).toEqual([200, 0, 'W/"1"']);
    expect(head.headers).toMatchObject({
      vary: 'Accept-Encoding',
      'content-length': plain.headers['content-length'],
    });
  });

  it('are never compressed when they hold a secret', async () => {
    const app = express();
    const face: Face = {
      name: 'portal',
      bodyLimit: 1,
      authenticate: () => Promise.resolve(ANONYMOUS),
      renderError: ({ status }) => ({ status }),
    };
    const about = { method: 'get', interaction: 'operation', action: 'R', unaudited: true } as const;
    const body = { text: 'x'.repeat(100_000) };
    const secret = { status: 200, headers: { 'Cache-Control': 'no-store' }, body };
    const context = { trail: test.house.audit.trail, observe: () => undefined };
    const routes = [
      { ...about, path: '/secret', handle: () => Promise.resolve(secret) },
      { ...about, path: '/open', handle: () => Promise.resolve({ status: 200, body }) },
    ];
    mountFace(app, { at: '/', face, routes }, context);
    const other = app.listen(0, '127.0.0.1');
    await new Promise((done) => other.once('listening', done));
    const kept = port;
    ({ port } = other.address() as AddressInfo);
    const answers = [await ask('/secret', gzip), await ask('/open', gzip)];
    port = kept;
    other.close();
    expect(answers.map(({ headers }) => headers['content-encoding'])).toEqual([undefined, 'gzip']);
  });

  it('are compressed for the API reference', async () => {
    const script = await ask('/docs/assets/swagger-ui-bundle.js', gzip);
    expect(script.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(script.headers.etag).toMatch(/^W\//);
    const document = await ask('/api/v1/openapi.json', gzip);
    expect(JSON.parse(gunzipSync(document.bytes).toString())).toHaveProperty('openapi');
  });
});
