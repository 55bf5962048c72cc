import cors from 'cors';
import type { RequestHandler } from 'express';

/** What scripts of other origins may read of an answer besides its body. */
const EXPOSED = [
  ...[
    'ETag',
    'Last-Modified',
    'Location',
    'Content-Location',
    'X-Request-Id',
    'Retry-After',
    'WWW-Authenticate',
  ],
  ...[
    'RateLimit',
    'RateLimit-Policy',
    'RateLimit-Limit',
    'RateLimit-Remaining',
    'RateLimit-Reset',
    'X-RateLimit-Limit',
    'X-RateLimit-Remaining',
    'X-RateLimit-Reset',
  ],
];
/** How long a browser may remember what it may send, in seconds. */
const REMEMBERED_S = 600;

/**
 * Lets pages of these origins (`*`: all) call the APIs with a token. Never with cookies: the dashboard's session is for
 * its own pages. https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function crossOrigin(origins: readonly string[]): RequestHandler {
  return cors({
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: EXPOSED,
    credentials: false,
    maxAge: REMEMBERED_S,
  });
}
