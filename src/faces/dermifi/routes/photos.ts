import {
  compileBody,
  exactly,
  INSTANT,
  listOf,
  object,
  type QueryParameters,
  type Schema,
  text,
  TIME,
} from '../../../contract';
import { fieldProblem } from '../../../fhir';
import type { Exchange, Reply, Route } from '../../../http';
import { createPhotos, type NewPhoto, type PhotoFilter, type Photos } from '../../../photos';
import { queryOf } from '../actor';
import type { DermifiEndpoint } from '../endpoint';
import { PAGE_QUERY } from '../pages';
import { checked, INVALID, queryReader } from '../requests';
import { KNOWN, NAMED, nullable } from '../schemas';
import type { DermifiServices } from '../services';
import { withUpload } from '../upload';
import { patientId, writingOf } from './patients';

/** Decisions, "Errors": 413 for a photo above 25 MB. */
const LIMITS = { fileBytes: 25 * 1024 * 1024, fieldBytes: 64 * 1024 };

const parts = {
  type: text(100, 'Kind of photo.', 'lesion'),
  bodyPart: text(100, 'Part of the body.', 'left_forearm'),
  description: text(5000, 'What it shows.', 'Pigmented lesion, 8mm diameter'),
  takenAt: TIME,
  metadata: object({
    dermoscopy: { type: 'boolean' },
    magnification: text(50, 'Magnification.', '10x'),
    lighting: text(50, 'Lighting.', 'polarized'),
  }),
};

/** The parts of the form besides the file; `metadata` is one JSON text. */
const PHOTO_PARTS = object(parts);
const UPLOAD: Schema = object(
  { photo: { type: 'string', format: 'binary', description: 'JPEG, PNG, WebP or HEIC.' }, ...parts },
  ['photo'],
);

const address: Schema = { ...KNOWN, description: 'Works for 15 minutes, without a token.' };
const shown = {
  url: address,
  thumbnailUrl: address,
  type: KNOWN,
  bodyPart: KNOWN,
  description: KNOWN,
  takenAt: { ...INSTANT, type: ['string', 'null'] },
  uploadedAt: INSTANT,
};

const PHOTO = exactly({
  id: { type: 'string' },
  patientId: { type: 'string' },
  ...shown,
  uploadedBy: { type: 'string' },
  metadata: exactly({
    dermoscopy: { type: ['boolean', 'null'] },
    magnification: KNOWN,
    lighting: KNOWN,
    fileSize: KNOWN,
    dimensions: KNOWN,
  }),
});
const PHOTO_LIST = exactly({
  photos: listOf(exactly({ id: { type: 'string' }, ...shown, uploadedBy: nullable(NAMED) })),
  total: { type: 'integer', minimum: 0, description: 'Number of all matches.' },
});

const PHOTO_QUERY = {
  type: { description: 'Kind of photo.', kind: 'text' },
  bodyPart: { description: 'Part of the body.', kind: 'text' },
  limit: PAGE_QUERY.limit,
} as const satisfies QueryParameters;

const checkParts = compileBody(PHOTO_PARTS);
const noQuery = queryReader({});
const readFilter = queryReader<PhotoFilter>(PHOTO_QUERY);

/** Dermifi, "Upload patient photos", "Get patient photos". */
export function photoEndpoints(photos: Photos): DermifiEndpoint[] {
  const shared = { tag: 'Patients', path: '/patients/:id/photos' } as const;
  return [
    {
      ...shared,
      method: 'post',
      summary: 'Upload patient photos: one file of at most 25 MB, without its location when kept.',
      interaction: 'create',
      action: 'C',
      right: 'write',
      body: { name: 'PhotoUpload', schema: UPLOAD, type: 'multipart/form-data' },
      status: 201,
      answer: { name: 'Photo', schema: PHOTO },
      route: { body: 'stream' },
      async handle(x) {
        const id = patientId(x);
        noQuery(x);
        const body = await withUpload(x, 'photo', LIMITS, ({ file, fields }) =>
          photos.add(id, file, partsOf(fields), writingOf(x)),
        );
        return { status: 201, body };
      },
    },
    {
      ...shared,
      method: 'get',
      summary: 'Get patient photos, newest first.',
      interaction: 'search',
      action: 'E',
      right: 'read',
      query: PHOTO_QUERY,
      status: 200,
      answer: { name: 'PhotoList', schema: PHOTO_LIST },
      async handle(x) {
        const id = patientId(x);
        const { resources, ...list } = await photos.list(x.principal.viewer, id, readFilter(x), x.at);
        x.audit = { ...x.audit, query: queryOf(x), resources };
        return { status: 200, body: list };
      },
    },
  ];
}

/** The files behind the links of photos: no token, no limit; the link itself is the right (decisions, "Photos"). */
export function photoFileRoute(photos: Photos): Route {
  return {
    method: 'get',
    path: '/photos/:file',
    interaction: 'read',
    action: 'R',
    open: true,
    unlimited: true,
    handle: (x) => serveFile(photos, x),
  };
}

async function serveFile(photos: Photos, x: Exchange): Promise<Reply> {
  const { searchParams } = new URL(x.req.originalUrl, 'http://localhost');
  const file = await photos.open(String(x.req.params['file']), searchParams, x.at);
  x.audit = {
    ...x.audit,
    resources: [file.resource],
    ...(file.patient !== undefined && { patients: [file.patient] }),
  };
  const headers = {
    'Content-Type': file.contentType,
    'Cache-Control': 'private, max-age=60',
    // Pages of the practice's own applications show the photos.
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Content-Disposition': 'inline',
  };
  return { status: 200, headers, body: file.bytes };
}

/** @throws ProblemError invalid (422) naming all parts that do not fit. */
function partsOf(fields: Record<string, string>): NewPhoto {
  const given = Object.entries(fields).filter(([, value]) => value !== '');
  const body = Object.fromEntries(
    given.map(([name, value]) => [name, name === 'metadata' ? jsonIn(value) : value]),
  );
  return checked<NewPhoto>(checkParts, body);
}

function jsonIn(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    throw fieldProblem('invalid', INVALID, [{ field: 'metadata', message: 'Must be a JSON object' }]);
  }
}

/** The photo service of the face. */
export function photosOf({ store, identity, publicUrl }: DermifiServices): Photos {
  return createPhotos({ store, sealing: identity.sealing, publicUrl });
}
