import type { Exchange } from './exchange';

/** The token in `Authorization: Bearer ...`; undefined when there is none in this form. RFC 6750, 2.1 */
export function bearerOf(x: Exchange): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(x.req.headers.authorization ?? '')?.[1];
}

/** The headers of an answer by its status: a 401 says how to authenticate. RFC 9110, 11.6.1 */
export function challengeOf(status: number): Record<string, string> {
  return status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {};
}
