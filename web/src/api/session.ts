import { type QueryClient, queryOptions } from '@tanstack/react-query';
import { holdCsrfToken, request } from './client';

export type Role =
  'operator' | 'practice-admin' | 'compliance' | 'admin' | 'provider' | 'staff' | 'pharmacy' | 'read-only';

export interface User {
  id: string;
  name: string;
  email: string;
  role: Role;
  /** Without a practice the user sees the whole deployment. */
  practiceId: string | null;
  practice: string | null;
  practitioner: string | null;
  permissions: readonly ('read' | 'write' | 'prescribe')[];
  /** HandoffRx scopes: `referrals:read`, `referrals:write`, `providers:read`. */
  scopes: readonly string[];
}

interface Answer {
  user: User | null;
  csrfToken?: string;
}

/** Who is signed in; null when nobody is. */
export interface Session {
  user: User | null;
}

export const SESSION = ['session'] as const;
export const SIGNED_OUT: Session = { user: null };

export const sessionQuery = queryOptions({
  queryKey: SESSION,
  queryFn: async ({ client, signal }) => {
    const session = sessionOf(await request<Answer>('/portal/session', { signal }));
    const before = client.getQueryData<Session>(SESSION)?.user;
    if (before && before.id !== session.user?.id) forgetRecords(client);
    return session;
  },
  staleTime: Infinity,
  // Meanwhile the session may have ended, or another tab signed in, perhaps as somebody else.
  refetchOnWindowFocus: 'always',
});

/** Nothing of one user's records stays in memory for the next. */
export function forgetRecords(queries: QueryClient): void {
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION[0] });
  queries.getMutationCache().clear();
}

export interface Credentials {
  email: string;
  password: string;
  mfaCode?: string;
}

export async function signIn(credentials: Credentials): Promise<Session> {
  return sessionOf(await request<Answer>('/portal/session', { method: 'POST', body: credentials }));
}

export async function signOut(): Promise<void> {
  await request('/portal/session', { method: 'DELETE' });
}

function sessionOf({ user, csrfToken = '' }: Answer): Session {
  holdCsrfToken(csrfToken);
  return { user };
}
