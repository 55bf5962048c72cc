import { QueryClient } from '@tanstack/react-query';
import { ApiError, onRefused, onSignedOut } from './client';
import { forgetRecords, type Session, SESSION, sessionQuery, SIGNED_OUT } from './session';

/** Refusals are final; only a server that is away or busy is asked again. */
function retry(failures: number, error: Error): boolean {
  const passing = error instanceof ApiError && (error.status === 0 || error.status === 503);
  return passing && failures < 2;
}

export const queryClient = new QueryClient({
  // The browser's word on being offline is not waited for: a request that fails says so.
  defaultOptions: {
    queries: { retry, staleTime: 10_000, networkMode: 'always' },
    mutations: { retry: false, networkMode: 'always' },
  },
});

onSignedOut(() => forgetEverything());

onRefused(async () => {
  const before = queryClient.getQueryData<Session>(SESSION)?.user?.id;
  const { user } = await queryClient.fetchQuery({ ...sessionQuery, staleTime: 0 });
  return user !== null && user.id === before;
});

/** The user has signed out, or the session has ended. */
export function forgetEverything(): void {
  queryClient.setQueryData(SESSION, SIGNED_OUT);
  forgetRecords(queryClient);
}
