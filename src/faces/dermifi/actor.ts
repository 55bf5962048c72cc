import type { Exchange } from '../../http';
import type { Actor } from '../../provenance';

/** The user that a request comes from, for Provenance. */
export function actorOf({ principal }: Exchange): Actor {
  const { id, name, practitioner, practice } = principal;
  return {
    id,
    name,
    ...(practitioner !== undefined && { practitioner }),
    ...(practice !== undefined && { practice }),
  };
}

/** Method, path and query as asked, for the audit entry of lists and searches. */
export function queryOf(x: Exchange): string {
  return `${x.req.method} ${x.req.originalUrl}`;
}
