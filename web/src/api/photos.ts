import { queryOptions } from '@tanstack/react-query';
import { queryString, request, upload } from './client';
import type { Named } from './paged';
import { PATIENTS } from './patients';

export interface Photo {
  id: string;
  url: string | null;
  thumbnailUrl: string | null;
  type: string | null;
  bodyPart: string | null;
  description: string | null;
  takenAt: string | null;
  uploadedAt: string;
  uploadedBy: Named | null;
}

export interface PhotoFilter {
  type: string;
  bodyPart: string;
}

export interface PhotoList {
  photos: Photo[];
  total: number;
}

const MOST_PHOTOS = 100;
/** Links work for 15 minutes; they are renewed before. */
const RENEWAL_MS = 10 * 60_000;

export const photosOf = (patientId: string) => [...PATIENTS, patientId, 'photos'] as const;

export const photosQuery = (patientId: string, filter: PhotoFilter) =>
  queryOptions({
    queryKey: [...photosOf(patientId), filter],
    queryFn: ({ signal }) =>
      request<PhotoList>(
        `/v1/patients/${patientId}/photos${queryString({ ...filter, limit: MOST_PHOTOS })}`,
        {
          signal,
        },
      ),
    refetchInterval: RENEWAL_MS,
    staleTime: RENEWAL_MS,
  });

export interface NewPhoto {
  file: File;
  type: string;
  bodyPart: string;
  description: string;
}

/** @param onProgress share of the file that has left, 0 to 1 */
export function uploadPhoto(
  patientId: string,
  { file, ...parts }: NewPhoto,
  onProgress: (share: number) => void,
): Promise<Photo> {
  const form = new FormData();
  for (const [name, value] of Object.entries(parts)) if (value !== '') form.append(name, value);
  form.append('photo', file);
  return upload(`/v1/patients/${patientId}/photos`, form, onProgress);
}
