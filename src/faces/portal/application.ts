import type { Application, Request, RequestHandler, Response } from 'express';
import helmet, { type HelmetOptions } from 'helmet';
import { randomBytes } from 'node:crypto';
import expressStaticGzip from 'express-static-gzip';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AREAS } from './areas';

/** Where `npm run build` leaves the application. */
const BUILT = join(__dirname, '..', '..', '..', 'dist', 'web');
/** Stands in index.html where each answer puts a nonce of its own. */
const NONCE = '__CSP_NONCE__';
const PATHS = AREAS.flatMap((area) => [`/${area}`, `/${area}/{*rest}`]);

/**
 * The dashboard's files: hashed assets that never change, compressed at build, and its page for `/` and the paths of
 * its areas. Where it was not built (tests of the APIs), these answer 503.
 */
export function mountApplication(app: Application, publicUrl: string, headers: HelmetOptions): void {
  const index = join(BUILT, 'index.html');
  const page = existsSync(index) ? readFileSync(index, 'utf8') : undefined;
  if (page !== undefined) {
    app.use(
      '/assets',
      expressStaticGzip(join(BUILT, 'assets'), {
        enableBrotli: true,
        orderPreference: ['br', 'gz'],
        index: false,
        serveStatic: {
          etag: false,
          lastModified: false,
          immutable: true,
          maxAge: '365d',
          setHeaders: nosniff,
        },
      }),
    );
  }
  app.get(['/', ...PATHS], securityHeaders(publicUrl, headers), (_req, res) => {
    if (page === undefined)
      return void res.status(503).type('text').send('The dashboard is not built: npm run build');
    const { nonce } = res.locals as { nonce: string };
    res.set('Cache-Control', 'no-store').type('html').send(page.replaceAll(NONCE, nonce));
  });
}

function nosniff(res: { setHeader(name: string, value: string): unknown }): void {
  res.setHeader('X-Content-Type-Options', 'nosniff');
}

/** No inline script at all; inline style elements only with the nonce of this answer (the component library's). */
function securityHeaders(publicUrl: string, headers: HelmetOptions): RequestHandler {
  const secure = helmet({
    ...headers,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", (_req, res) => `'nonce-${(res as Response).locals['nonce'] as string}'`],
        // Photo links carry the public address of the server, under whatever name the page was opened.
        imgSrc: ["'self'", new URL(publicUrl).origin, 'data:', 'blob:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        ...(publicUrl.startsWith('https:') && { upgradeInsecureRequests: [] }),
      },
    },
    referrerPolicy: { policy: 'same-origin' },
  });
  return (req: Request, res: Response, next) => {
    res.locals['nonce'] = randomBytes(16).toString('base64');
    secure(req, res, next);
  };
}
