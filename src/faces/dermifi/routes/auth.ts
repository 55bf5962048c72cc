import { exactly, object, oneOf, orNull, type Schema } from '../../../contract';
import { ProblemError } from '../../../fhir';
import type { Exchange, Reply } from '../../../http';
import { type Login, ROLES } from '../../../identity';
import { accessTokenOf } from '../bearer';
import type { DermifiEndpoint } from '../endpoint';
import { bodyReader, queryReader } from '../requests';
import { EMAIL } from '../schemas';
import type { DermifiServices } from '../services';

interface Credentials {
  email: string;
  password: string;
  mfaCode?: string | null;
}

const secret = (maxLength: number, description: string): Schema => ({
  type: 'string',
  minLength: 1,
  maxLength,
  'x-expected': `a text of at most ${maxLength} characters`,
  description,
});

const LOGIN_REQUEST = object(
  {
    email: { ...EMAIL, example: 'provider@dermifi.com' },
    password: secret(256, 'The password of the user.'),
    mfaCode: orNull(secret(16, 'Six digits of the authenticator application, for users that have one.')),
  },
  ['email', 'password'],
);

const REFRESH_REQUEST = object(
  { refreshToken: secret(1024, 'The refresh token of the login, or its successor.') },
  ['refreshToken'],
);

const renewal = {
  accessToken: { type: 'string' },
  refreshToken: { type: 'string' },
  tokenType: { const: 'Bearer' },
  expiresIn: { type: 'integer', description: 'Seconds.' },
};

const LOGIN = exactly({
  ...renewal,
  user: exactly({
    id: { type: 'string' },
    email: { type: 'string' },
    role: oneOf(ROLES),
    permissions: { type: 'array', items: oneOf(['read', 'write', 'prescribe']) },
  }),
});

const noQuery = queryReader({});
const readCredentials = bodyReader<Credentials>(LOGIN_REQUEST);
const readRefresh = bodyReader<{ refreshToken: string }>(REFRESH_REQUEST);

/** Dermifi, "Authentication API". */
export function authEndpoints({ identity: { sessions } }: DermifiServices): DermifiEndpoint[] {
  return [
    {
      tag: 'Authentication',
      method: 'post',
      path: '/auth/login',
      summary: 'Authenticate user and obtain access token.',
      interaction: 'login',
      action: 'E',
      body: { name: 'LoginRequest', schema: LOGIN_REQUEST },
      status: 200,
      answer: { name: 'Login', schema: LOGIN },
      async handle(x) {
        noQuery(x);
        const { email, password, mfaCode } = readCredentials(x);
        const code = mfaCode === undefined || mfaCode === null ? {} : { mfaCode };
        const login = await refusedBy(x, email, () =>
          sessions.login({ email, password, ...code, address: x.address }),
        );
        x.principal = login.principal;
        return { status: 200, body: { ...renewed(login), user: login.user } };
      },
    },
    {
      tag: 'Authentication',
      method: 'post',
      path: '/auth/refresh',
      summary: 'Refresh access token.',
      interaction: 'login',
      action: 'E',
      body: { name: 'RefreshRequest', schema: REFRESH_REQUEST },
      status: 200,
      answer: { name: 'Renewal', schema: exactly(renewal) },
      async handle(x) {
        noQuery(x);
        const answer = await sessions.refresh(readRefresh(x).refreshToken);
        x.principal = answer.principal;
        return { status: 200, body: renewed(answer) };
      },
    },
    {
      tag: 'Authentication',
      method: 'post',
      path: '/auth/logout',
      summary: 'Revoke current access token, with all others of the same login.',
      interaction: 'logout',
      action: 'E',
      right: 'signed-in',
      status: 204,
      async handle(x): Promise<Reply> {
        noQuery(x);
        await sessions.logout(accessTokenOf(x));
        return { status: 204 };
      },
    },
  ];
}

function renewed({ accessToken, refreshToken, expiresIn }: Omit<Login, 'user'>): Record<string, unknown> {
  return { accessToken, refreshToken, tokenType: 'Bearer', expiresIn };
}

/** A login that fails leaves the e-mail that was tried in its audit entry; what succeeds is known by its principal. */
async function refusedBy<T>(x: Exchange, email: string, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof ProblemError) x.audit.details = [{ type: 'email', value: email }];
    throw error;
  }
}
