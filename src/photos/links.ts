import { ProblemError } from '../fhir';
import { sameSecret, type Sealing } from '../identity';

/** How long a link works, in seconds (decisions, "Photos"). */
const LIFETIME_S = 15 * 60;
const PURPOSE = 'photo-link';

export interface PhotoLinks {
  /** Absolute address of a file (`photo_1.jpg`), good without a token for 15 minutes. */
  sign(file: string, at: Date): string;
  /** @throws ProblemError forbidden for a link that has expired or was altered. */
  require(file: string, query: URLSearchParams, at: Date): void;
}

/** Links that carry when they expire (Unix seconds) and a MAC of the whole; any process of the deployment verifies them. */
export function createPhotoLinks(sealing: Sealing, publicUrl: string): PhotoLinks {
  const mac = (file: string, expires: string): string => sealing.mac(`${file}|${expires}`, PURPOSE);
  return {
    sign(file, at) {
      const expires = String(Math.floor(at.getTime() / 1000) + LIFETIME_S);
      return `${publicUrl}/v1/photos/${file}?${new URLSearchParams({ expires, signature: mac(file, expires) }).toString()}`;
    },
    require(file, query, at) {
      const expires = query.get('expires') ?? '';
      const isOurs = sameSecret(query.get('signature') ?? '', mac(file, expires));
      if (!isOurs) throw new ProblemError('forbidden', 'The link is not valid');
      if (Number(expires) * 1000 < at.getTime()) throw new ProblemError('forbidden', 'The link has expired');
    },
  };
}
