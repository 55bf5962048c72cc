import { ProblemError } from '../../fhir';
import type { Exchange } from '../../http';

/** The access token in `Authorization: Bearer ...`. Dermifi, "Authentication". @throws ProblemError unauthorized */
export function bearerOf(x: Exchange): string {
  const bearer = /^Bearer +(\S+) *$/i.exec(x.req.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  throw new ProblemError('unauthorized', 'Send an access token: Authorization: Bearer <token>', {
    headers: { 'WWW-Authenticate': 'Bearer' },
  });
}
