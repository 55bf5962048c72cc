import type { Exchange } from './exchange';

/** The token in `Authorization: Bearer ...`; undefined when there is none in this form. RFC 6750, 2.1 */
export function bearerOf(x: Exchange): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(x.req.headers.authorization ?? '')?.[1];
}
