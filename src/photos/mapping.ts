import type { Media } from '@medplum/fhirtypes';
import { chartCodecs } from '../chart';
import { CANONICAL_BASE } from '../fhir';
import { type CodecMaker, type Derive, loadMapping, type Mapping, REFUSED } from '../mapping';

/** What derived fields need besides the Media. */
export interface PhotoContext {
  url: string | null;
  thumbnailUrl: string | null;
  /** A user id, or id and name in lists. */
  uploadedBy: string | { id: string; name: string } | null;
}

const EXTENSION = `${CANONICAL_BASE}/StructureDefinition/`;
export const THUMBNAIL = `${EXTENSION}thumbnail`;
export const FURTHER_PART = `${EXTENSION}further-part`;

const shown = (name: keyof PhotoContext): Derive => {
  return (_value, _bound, context) => (context as PhotoContext)[name] ?? undefined;
};

const derive: Readonly<Record<string, Derive>> = {
  url: shown('url'),
  thumbnailUrl: shown('thumbnailUrl'),
  uploadedBy: shown('uploadedBy'),
  dimensions: (_value, bound) => {
    const { width, height } = (bound as { media?: Media }).media ?? {};
    return width === undefined || height === undefined ? undefined : `${width}x${height}`;
  },
};

const UNITS = ['B', 'KB', 'MB'] as const;

/** `2.5MB`: in the largest unit that leaves at least one, to one decimal. */
export function fileSize(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${Math.round(size * 10) / 10}${UNITS[unit] ?? ''}`;
}

const codecs: Readonly<Record<string, CodecMaker>> = {
  ...chartCodecs,
  'file-size': () => ({
    expected: 'nothing: the server measures it',
    toFhir: () => REFUSED,
    toVendor: (value) => (typeof value === 'number' ? fileSize(value) : undefined),
  }),
};

/** `mappings/dermifi/photo.yaml`, compiled. */
export const photoMapping: Mapping = loadMapping('dermifi/photo', { derive, codecs });
