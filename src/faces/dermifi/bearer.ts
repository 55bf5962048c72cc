import { ProblemError } from '../../fhir';
import { bearerOf, type Exchange } from '../../http';

/** The access token in `Authorization: Bearer ...`. Dermifi, "Authentication". @throws ProblemError unauthorized */
export function accessTokenOf(x: Exchange): string {
  const token = bearerOf(x);
  if (token !== undefined) return token;
  throw new ProblemError('unauthorized', 'Send an access token: Authorization: Bearer <token>');
}
