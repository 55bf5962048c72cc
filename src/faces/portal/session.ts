import { parse, serialize } from 'cookie';
import { ProblemError } from '../../fhir';
import type { Exchange } from '../../http';
import { type Identity, type PortalSession, type Principal, sameSecret } from '../../identity';

/** Carries the session's CSRF token with everything that changes something. */
const CSRF_HEADER = 'x-csrf-token';
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Reads the dashboard's cookie, for its own API and for every face that its pages ask. */
export interface SessionCookie {
  /** The session's secret that the request carries. */
  secretOf(x: Exchange): string | undefined;
  /** The session of a request; undefined when it carries none. @throws ProblemError unauthorized when it has ended */
  sessionOf(x: Exchange): Promise<PortalSession | undefined>;
  /**
   * The user behind a request, for faces beside their own credentials: undefined without a cookie, or when the
   * request carries an Authorization header. Counts the request for the user.
   * @throws ProblemError unauthorized (ended), forbidden (another site, no CSRF token) or rate-limited
   */
  userOf(x: Exchange): Promise<Principal | undefined>;
  /** @throws ProblemError forbidden when another site's page sent this. */
  refuseForeign(x: Exchange): void;
  /** `Set-Cookie` with the secret, or one that takes it away. */
  header(secret: string | undefined): string;
}

/** Sign-ins of the dashboard, held in a cookie. @param publicUrl decides whether the cookie demands TLS, and which origin may write */
export function createSessionCookie(
  { portalSessions, limits }: Pick<Identity, 'portalSessions' | 'limits'>,
  publicUrl: string,
): SessionCookie {
  const secure = publicUrl.startsWith('https:');
  // https://developer.mozilla.org/docs/Web/HTTP/Headers/Set-Cookie: the prefix holds over TLS only.
  const name = secure ? '__Host-crosswalk' : 'crosswalk';
  const ownOrigin = new URL(publicUrl).origin;

  const secretOf = (x: Exchange): string | undefined => {
    const secret = parse(x.req.headers.cookie ?? '')[name];
    return secret === '' ? undefined : secret;
  };
  const sessionOf = async (x: Exchange): Promise<PortalSession | undefined> => {
    const secret = secretOf(x);
    return secret === undefined ? undefined : portalSessions.authenticate(secret);
  };
  const refuseForeign = (x: Exchange): void => {
    const { origin, host, 'sec-fetch-site': site } = x.req.headers;
    const sameSite = site === undefined || site === 'same-origin' || site === 'none';
    const sameOrigin = origin === undefined || origin === ownOrigin || hostOf(origin) === host;
    if (!sameSite || !sameOrigin)
      throw new ProblemError('forbidden', 'This came from a page of another site.');
  };
  const count = async (x: Exchange): Promise<void> => {
    const { headers, refused } = await limits.dashboard(x.principal.id);
    Object.assign(x.headers, headers);
    if (refused !== undefined) throw refused;
  };

  return {
    secretOf,
    sessionOf,
    refuseForeign,
    async userOf(x) {
      if (x.req.headers.authorization !== undefined) return undefined;
      const session = await sessionOf(x);
      if (session === undefined) return undefined;
      // From here on a refusal is the user's, also in the audit trail.
      x.principal = session.principal;
      refuseForeign(x);
      requireToken(x, session);
      await count(x);
      return session.principal;
    },
    header(secret) {
      const gone = secret === undefined && { maxAge: 0 };
      return serialize(name, secret ?? '', {
        path: '/',
        httpOnly: true,
        sameSite: 'strict',
        secure,
        ...gone,
      });
    },
  };
}

function requireToken(x: Exchange, { csrfToken }: PortalSession): void {
  if (READING.has(x.req.method)) return;
  const given = x.req.headers[CSRF_HEADER];
  if (typeof given === 'string' && sameSecret(given, csrfToken)) return;
  throw new ProblemError('forbidden', 'The X-CSRF-Token header of this session is missing or wrong.');
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
