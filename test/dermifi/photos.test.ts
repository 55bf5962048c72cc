import type { Binary, Media } from '@medplum/fhirtypes';
import exifr from 'exifr';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import request, { type Response } from 'supertest';
import { fileSize, photoMapping } from '../../src/photos';
import { checkMapping } from '../../src/mapping';
import { type Api, expectGolden, openApi, refusal, type Signed, UTC } from './support';

let api: Api;
let staff: Signed;
let pat: string;

const METADATA = { dermoscopy: true, magnification: '10x', lighting: 'polarized' };
const PARTS = {
  type: 'lesion',
  bodyPart: 'left_forearm',
  description: 'Pigmented lesion, 8mm diameter',
  takenAt: '2024-01-20T11:00:00Z',
  metadata: JSON.stringify(METADATA),
};

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: { r: 200, g: 120, b: 90 } } });

/** A JPEG as a phone takes it: with place, device, and turned. */
const phonePhoto = (orientation: number): Promise<Buffer> =>
  picture(600, 400)
    .jpeg()
    .withExif({
      IFD0: { Make: 'SecretPhone', Copyright: 'owner' },
      IFD3: {
        GPSLatitudeRef: 'N',
        GPSLatitude: '37/1 46/1 30/1',
        GPSLongitudeRef: 'W',
        GPSLongitude: '122/1 25/1 10/1',
      },
    })
    .withMetadata({ orientation })
    .toBuffer();

const upload = async (
  file: Buffer | undefined,
  parts: Record<string, string> = PARTS,
  token = staff.token,
): Promise<Response> => {
  const sending = request(api.app).post(`/v1/patients/${pat}/photos`).set('Authorization', `Bearer ${token}`);
  for (const [name, value] of Object.entries(parts)) void sending.field(name, value);
  if (file !== undefined)
    void sending.attach('photo', file, { filename: 'photo.bin', contentType: 'application/octet-stream' });
  const answer = await sending;
  api.expectDescribed('post', `/patients/${pat}/photos`, answer);
  return answer;
};
const fetchLink = async (url: string): Promise<Response> => {
  const { pathname, search } = new URL(url);
  return request(api.app)
    .get(pathname + search)
    .buffer(true)
    .parse((res, done) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () => done(null, Buffer.concat(chunks)));
    });
};

beforeAll(async () => {
  api = await openApi();
  staff = await api.user('staff');
  const body = {
    firstName: 'John',
    lastName: 'Doe',
    dateOfBirth: '1985-06-15',
    consentToTreat: true,
    hipaaConsent: true,
  };
  pat = ((await api.call('post', '/patients', { token: staff.token, body })).body as { id: string }).id;
}, 60_000);
afterAll(() => api.close());

test('a photo is uploaded, listed and served as documented, without where it was taken', async () => {
  const file = await phonePhoto(6);
  expect(await exifr.gps(file)).toBeDefined();
  const answer = await upload(file);
  expect(answer.status).toBe(201);
  const photo = answer.body as { id: string; url: string; thumbnailUrl: string };
  const { metadata, ...told } = PARTS;
  expect(photo).toEqual({
    ...told,
    id: expect.stringMatching(/^photo_/),
    patientId: pat,
    url: expect.stringMatching(/^http.*\/v1\/photos\/photo_.*\.jpg\?expires=\d+&signature=/),
    thumbnailUrl: expect.stringMatching(/^http.*\/v1\/photos\/thumb_.*\.jpg\?expires=\d+&signature=/),
    uploadedAt: expect.stringMatching(UTC),
    uploadedBy: staff.id,
    metadata: { ...METADATA, fileSize: expect.stringMatching(/^[\d.]+(B|KB|MB)$/), dimensions: '400x600' },
  });
  expect(metadata).toBeDefined();

  const served = await fetchLink(photo.url);
  expect([served.status, served.headers['content-type']]).toEqual([200, 'image/jpeg']);
  const bytes = served.body as Buffer;
  expect(await exifr.parse(bytes, { translateValues: false })).toEqual({ Orientation: 6 });
  expect(bytes.includes('SecretPhone')).toBe(false);
  const pixels = (image: Buffer): Promise<Buffer> => sharp(image).autoOrient().raw().toBuffer();
  expect((await pixels(bytes)).equals(await pixels(file))).toBe(true);
  const thumbnail = await sharp((await fetchLink(photo.thumbnailUrl)).body as Buffer).metadata();
  expect([thumbnail.format, thumbnail.width, thumbnail.height]).toEqual(['jpeg', 213, 320]);

  const list = await api.call('get', `/patients/${pat}/photos?type=lesion&bodyPart=left_forearm&limit=10`, {
    token: staff.token,
  });
  expect(list.body).toEqual({
    photos: [
      {
        ...told,
        id: photo.id,
        url: expect.stringContaining(photo.id),
        thumbnailUrl: expect.stringContaining('thumb_'),
        uploadedAt: (answer.body as { uploadedAt: string }).uploadedAt,
        uploadedBy: { id: staff.id, name: 'Sam Rivera' },
      },
    ],
    total: 1,
  });
  const media = (await api.stored<Media>('Media', photo.id.slice(6))).resource;
  const thumb = media.extension?.find(({ valueAttachment }) => valueAttachment !== undefined);
  expect(media.content.size).toBe(bytes.length);
  // Sizes and hashes are the library's; ids are named.
  const measured = ['size', 'hash'];
  const golden = JSON.parse(
    JSON.stringify(media, (key, value: unknown) => (measured.includes(key) ? undefined : value)),
  ) as object;
  expectGolden('photo', golden, {
    [photo.id.slice('photo_'.length)]: 'photo',
    [pat.slice('pat_'.length)]: 'patient',
    [staff.id]: 'user',
    [media.content.url?.slice('Binary/'.length) ?? '-']: 'image',
    [thumb?.valueAttachment?.url?.slice('Binary/'.length) ?? '-']: 'thumbnail',
  });
  const binary = (await api.stored<Binary>('Binary', media.content.url?.replace('Binary/', '') ?? ''))
    .resource;
  expect(Buffer.from(binary.data ?? '', 'base64').equals(bytes)).toBe(true);
  expect(checkMapping(photoMapping)).toEqual([]);
});

test('newest first, filtered, limited; the total counts all matches', async () => {
  const png = await picture(20, 10)
    .png()
    .withExif({ IFD0: { Make: 'SecretPhone' } })
    .toBuffer();
  const webp = await picture(30, 10)
    .webp()
    .withExif({ IFD0: { Make: 'SecretPhone' } })
    .toBuffer();
  const ids: string[] = [];
  for (const file of [png, webp]) {
    const { status, body } = await upload(file, { type: 'rash' });
    expect({ status, body: body as object }).toMatchObject({ status: 201 });
    const { id, url } = body as { id: string; url: string };
    ids.unshift(id);
    const { body: bytes } = (await fetchLink(url)) as { body: Buffer };
    expect(bytes.includes('SecretPhone')).toBe(false);
    const { width, format } = await sharp(bytes).metadata();
    expect([width, format]).toEqual(file === png ? [20, 'png'] : [30, 'webp']);
  }
  const list = await api.call('get', `/patients/${pat}/photos?type=rash`, { token: staff.token });
  const { photos, total } = list.body as { photos: { id: string; description: unknown }[]; total: number };
  expect([photos.map(({ id }) => id), total]).toEqual([ids, 2]);
  expect(photos[0]?.description).toBeNull();
  const one = await api.call('get', `/patients/${pat}/photos?type=rash&limit=1`, { token: staff.token });
  expect(one.body).toMatchObject({ photos: [{ id: ids[0] }], total: 2 });
  expect(
    refusal(await api.call('get', `/patients/${pat}/photos?limit=0`, { token: staff.token })).status,
  ).toBe(400);
});

test('HEIC becomes a JPEG that everything shows', async () => {
  const heic = readFileSync(join(__dirname, '../fixtures/photos/sample.heic'));
  const answer = await upload(heic, { type: 'lesion' });
  expect({ status: answer.status, body: answer.body as object }).toMatchObject({ status: 201 });
  const { url } = answer.body as { url: string };
  const { format } = await sharp((await fetchLink(url)).body as Buffer).metadata();
  expect(format).toBe('jpeg');
}, 60_000);

test('what is no image, too large, missing or unknown is refused', async () => {
  const jpeg = await picture(50, 50).jpeg().toBuffer();
  const refused = async (file: Buffer | undefined, parts: Record<string, string> = PARTS) =>
    refusal(await upload(file, parts));
  const invalid = (...fields: string[]): object => ({ status: 422, code: 'VALIDATION_ERROR', fields });
  expect(await refused(Buffer.from('not an image'))).toEqual(invalid('photo'));
  expect(await refused(Buffer.concat([jpeg.subarray(0, 200), Buffer.from('broken')]))).toEqual(
    invalid('photo'),
  );
  expect(await refused(await picture(10, 10).gif().toBuffer())).toEqual(invalid('photo'));
  expect(await refused(undefined)).toEqual(invalid('photo'));
  expect(await refused(jpeg, { metadata: '{' })).toEqual(invalid('metadata'));
  expect(await refused(jpeg, { metadata: '{"camera":"x"}', takenAt: 'noon', album: 'a' })).toMatchObject({
    status: 422,
    fields: expect.arrayContaining(['metadata.camera', 'takenAt', 'album']),
  });
  const padded = (bytes: number): Buffer => Buffer.concat([jpeg, Buffer.alloc(bytes - jpeg.length)]);
  expect((await upload(padded(25 * 1024 * 1024), PARTS)).status).toBe(201);
  expect(await refused(padded(25 * 1024 * 1024 + 1))).toMatchObject({ status: 413 });
  const json = await api.call('post', `/patients/${pat}/photos`, { token: staff.token, body: {} });
  expect(refusal(json)).toEqual({ status: 400, code: 'BAD_REQUEST', fields: [] });
  const reader = await api.user('read-only');
  expect((await upload(jpeg, PARTS, reader.token)).status).toBe(403);
  const stranger = await api.user('staff', { practice: 'Elsewhere Dermatology' });
  expect((await upload(jpeg, PARTS, stranger.token)).status).toBe(404);
}, 60_000);

test('an upload that breaks off leaves nothing, and the next ones are served', async () => {
  const before = (await api.find<Media>('Media', `subject=Patient/${pat.slice('pat_'.length)}`)).length;
  const server = api.app.listen(0);
  const { port } = server.address() as AddressInfo;
  const head = '--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n';
  const broken = httpRequest({
    port,
    method: 'POST',
    path: `/v1/patients/${pat}/photos`,
    headers: {
      Authorization: `Bearer ${staff.token}`,
      'Content-Type': 'multipart/form-data; boundary=x',
      'Content-Length': '100000',
    },
  });
  const ended = new Promise((resolve) => broken.once('error', resolve).once('close', resolve));
  await new Promise((resolve) => broken.write(head + 'x'.repeat(1000), resolve));
  broken.destroy();
  await ended;
  await new Promise((resolve) => server.close(resolve));
  const jpeg = await picture(40, 40).jpeg().toBuffer();
  const answers = await Promise.all(Array.from({ length: 6 }, () => upload(jpeg)));
  expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(201));
  const after = await api.find<Media>('Media', `subject=Patient/${pat.slice('pat_'.length)}`);
  expect(after).toHaveLength(before + 6);
});

test('a photo of many megabytes is kept in parts and comes back whole', async () => {
  const noise = sharp({
    create: {
      width: 2600,
      height: 2400,
      channels: 3,
      background: '#000',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  });
  const file = await noise.png({ compressionLevel: 0 }).toBuffer();
  expect(file.length).toBeGreaterThan(15 * 1024 * 1024);
  expect(file.length).toBeLessThan(25 * 1024 * 1024);
  const { status, body } = await upload(file, { type: 'large' });
  expect(status).toBe(201);
  expect(((await fetchLink((body as { url: string }).url)).body as Buffer).equals(file)).toBe(true);
}, 60_000);

test('links that are altered or have expired are 403', async () => {
  const { body } = await upload(await picture(10, 10).png().toBuffer());
  const url = new URL((body as { url: string }).url);
  const altered = async (change: (address: URL) => void): Promise<number> => {
    const address = new URL(url);
    change(address);
    return (await fetchLink(address.toString())).status;
  };
  expect(await altered(() => undefined)).toBe(200);
  expect(await altered(({ searchParams }) => searchParams.set('expires', '9999999999'))).toBe(403);
  expect(await altered(({ searchParams }) => searchParams.delete('signature'))).toBe(403);
  expect(await altered((address) => (address.pathname = address.pathname.replace('photo_', 'thumb_')))).toBe(
    403,
  );
  const now = Date.now;
  try {
    jest.useFakeTimers({
      now: now() + 15 * 60_000 + 2_000,
      doNotFake: [
        'setTimeout',
        'setInterval',
        'setImmediate',
        'nextTick',
        'queueMicrotask',
        'performance',
        'hrtime',
      ],
    });
    expect(await altered(() => undefined)).toBe(403);
  } finally {
    jest.useRealTimers();
  }
});

test('sizes are shown in the unit that suits them', () => {
  expect([512, 2048, 2.5 * 1024 * 1024, 0].map(fileSize)).toEqual(['512B', '2KB', '2.5MB', '0B']);
});
