import type { Attachment, Media, Practitioner } from '@medplum/fhirtypes';
import { createHash, randomUUID } from 'node:crypto';
import { readPatient, type Writing } from '../chart';
import { conceptText, providerName } from '../clinicians';
import { ProblemError, referencedId } from '../fhir';
import type { Sealing } from '../identity';
import { mapped, requireSound } from '../mapping';
import { actorReference, provenanceOf, userIn } from '../provenance';
import { parseSearch } from '../search';
import { type Change, EVERYTHING, type Store, type Viewer } from '../store';
import { createTurns } from '../turns';
import { bytesInRecord, bytesOf, isHere } from './content';
import { EXTENSIONS } from './formats';
import { createPhotoLinks } from './links';
import { photoMapping, THUMBNAIL } from './mapping';
import { preparePhoto } from './prepare';

/** Parts of an upload besides the file, checked. Dermifi, "Upload patient photos". */
export interface NewPhoto extends Readonly<Record<string, unknown>> {
  type?: string | null;
  bodyPart?: string | null;
}

/** A photo in the vendor's fields. */
export type PhotoView = Record<string, unknown>;

export interface PhotoFilter {
  type?: string;
  bodyPart?: string;
  limit: number;
}

/** A file behind a link. */
export interface PhotoFile {
  bytes: Buffer;
  contentType: string;
  /** What it is in the record: `Media/1`. */
  resource: string;
  patient: string | undefined;
}

export interface Photos {
  /**
   * @param file reads the upload; it is called when the photo's turn has come, so that few are in memory at once
   * @throws ProblemError not-found for the patient; invalid when the file is no image that is taken.
   */
  add(patientId: string, file: () => Promise<Buffer>, input: NewPhoto, writing: Writing): Promise<PhotoView>;
  /** Newest first. @throws ProblemError not-found for the patient */
  list(
    viewer: Viewer,
    patientId: string,
    filter: PhotoFilter,
    at: Date,
  ): Promise<{ photos: PhotoView[]; total: number; resources: string[] }>;
  /** The file behind a signed link. @throws ProblemError forbidden (expired, altered) or not-found */
  open(file: string, query: URLSearchParams, at: Date): Promise<PhotoFile>;
}

const MOST = 1000;

/**
 * Photos worked on at once: one takes some five times its size (the file, without metadata, its text in the record), a
 * HEIC one its pixels too.
 */
const AT_ONCE = 2;

/** Photos of patients, in the record as Media and Binary. */
export function createPhotos({
  store,
  sealing,
  publicUrl,
}: {
  store: Store;
  sealing: Sealing;
  publicUrl: string;
}): Photos {
  const links = createPhotoLinks(sealing, publicUrl);
  const inTurn = createTurns({ atOnce: AT_ONCE });

  const requirePatient = async (viewer: Viewer, id: string): Promise<void> => {
    if ((await readPatient(store, viewer, id)) === undefined)
      throw new ProblemError('not-found', 'Patient not found');
  };
  const addresses = (media: Media, at: Date): { url: string | null; thumbnailUrl: string | null } => {
    const id = media.id ?? '';
    const extension = EXTENSIONS[media.content.contentType ?? ''] ?? 'jpg';
    const url = isHere(media) ? links.sign(`photo_${id}.${extension}`, at) : (media.content.url ?? null);
    return { url, thumbnailUrl: thumbnailOf(media) === undefined ? null : links.sign(`thumb_${id}.jpg`, at) };
  };

  return {
    async add(patientId, file, input, writing) {
      await requirePatient(writing.viewer, patientId);
      const stored = await inTurn(async () => {
        const { media, changes } = await drafted(patientId, await file(), input, writing);
        requireSound(photoMapping, { media });
        const [committed] = await store.commit(changes, writing.contextOf(patientId));
        return (committed?.resource ?? media) as Media;
      });
      return photoMapping.read({ media: stored }, 'created', {
        ...addresses(stored, writing.at),
        uploadedBy: writing.by.id,
      });
    },

    async list(viewer, patientId, { type, bodyPart, limit }, at) {
      await requirePatient(viewer, patientId);
      const query = new URLSearchParams({ subject: `Patient/${patientId}`, _count: String(MOST) });
      const page = await store.search(viewer, parseSearch('Media', query.toString()));
      const matches = page.matches.map((match) => match.resource as Media).filter(isPhoto);
      const wanted = matches.filter(
        (media) =>
          (type === undefined || conceptText(media.type) === type) &&
          (bodyPart === undefined || conceptText(media.bodySite) === bodyPart),
      );
      wanted.sort(
        (a, b) =>
          Date.parse(uploadedAt(b)) - Date.parse(uploadedAt(a)) || (b.id ?? '').localeCompare(a.id ?? ''),
      );
      const shown = wanted.slice(0, limit);
      const photos = await Promise.all(
        shown.map(async (media) => {
          const uploadedBy = await uploader(store, viewer, media);
          return photoMapping.read({ media }, 'list', { ...addresses(media, at), uploadedBy });
        }),
      );
      return { photos, total: wanted.length, resources: shown.map(({ id }) => `Media/${id ?? ''}`) };
    },

    async open(file, query, at) {
      links.require(file, query, at);
      const [, kind, id = ''] = /^(photo|thumb)_([A-Za-z0-9\-.]{1,64})\.\w+$/.exec(file) ?? [];
      const version = await store.read<Media>(EVERYTHING, 'Media', id);
      const media = version === undefined || version.deleted ? undefined : version.resource;
      const attachment = media && (kind === 'thumb' ? thumbnailOf(media) : media.content);
      const bytes = attachment && (await bytesOf(store, EVERYTHING, attachment));
      if (media === undefined || bytes === undefined) throw new ProblemError('not-found', 'Photo not found');
      return {
        bytes,
        contentType: attachment?.contentType ?? 'application/octet-stream',
        resource: `Media/${id}`,
        patient: referencedId(media.subject, 'Patient'),
      };
    },
  };
}

const isPhoto = ({ status }: Media): boolean => status !== 'entered-in-error';
const uploadedAt = ({ issued, meta }: Media): string => issued ?? meta?.lastUpdated ?? '';

function thumbnailOf({ extension }: Media): Attachment | undefined {
  return extension?.find(({ url }) => url === THUMBNAIL)?.valueAttachment;
}

/** Media, Binaries and Provenance of an upload; the Media first. */
async function drafted(
  patientId: string,
  file: Buffer,
  input: NewPhoto,
  { by, at }: Writing,
): Promise<{ media: Media; changes: Change[] }> {
  const photo = await preparePhoto(file);
  const patient = `Patient/${patientId}`;
  const image = bytesInRecord(photo.bytes, photo.contentType, patient);
  const thumbnail = bytesInRecord(photo.thumbnail, 'image/jpeg', patient);
  const values = { ...input, patientId: `pat_${patientId}`, uploadedAt: at.toISOString() };
  const written = mapped(photoMapping, values)['media'] as Media;
  const media: Media & { id: string } = {
    ...written,
    id: randomUUID(),
    operator: actorReference(by),
    width: photo.width,
    height: photo.height,
    content: { ...image.attachment, hash: createHash('sha1').update(photo.bytes).digest('base64') },
    extension: [...(written.extension ?? []), { url: THUMBNAIL, valueAttachment: thumbnail.attachment }],
  };
  const binaries = [...image.binaries, ...thumbnail.binaries];
  const targets = [media, ...binaries].map(({ resourceType, id }) => `${resourceType}/${id}`);
  const changes: Change[] = [media, ...binaries].map((resource) => ({
    kind: 'create',
    resource,
    id: resource.id,
  }));
  return {
    media,
    changes: [
      ...changes,
      { kind: 'create', resource: provenanceOf({ targets, activity: 'CREATE', by, at }) },
    ],
  };
}

/** Who uploaded a photo: by the provider's name where it was one. */
async function uploader(
  store: Store,
  viewer: Viewer,
  { operator }: Media,
): Promise<{ id: string; name: string } | null> {
  if (operator === undefined) return null;
  const practitionerId = referencedId(operator, 'Practitioner');
  const practitioner =
    practitionerId === undefined
      ? undefined
      : await store.read<Practitioner>(viewer, 'Practitioner', practitionerId);
  const isKnown = practitioner !== undefined && !practitioner.deleted;
  const name = isKnown ? providerName(practitioner.resource) : (operator.display ?? 'Unknown');
  const id = userIn(operator) ?? (practitionerId === undefined ? undefined : `prov_${practitionerId}`);
  return id === undefined ? null : { id, name };
}
