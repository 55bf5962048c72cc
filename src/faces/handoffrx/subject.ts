import type { Exchange } from '../../http';

/** The referral that the path names. */
export function subjectOf({ req }: Exchange): string | undefined {
  const id = /^\/referrals\/([A-Za-z0-9\-.]{1,64})$/.exec(req.path)?.[1];
  return id === undefined ? undefined : `ServiceRequest/${id}`;
}
