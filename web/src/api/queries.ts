import { QueryClient } from '@tanstack/react-query';
import { ApiError, onSignedOut } from './client';
import { SESSION, SIGNED_OUT } from './session';

/** Refusals are final; only a server that is away or busy is asked again. */
function retry(failures: number, error: Error): boolean {
  const passing = error instanceof ApiError && (error.status === 0 || error.status === 503);
  return passing && failures < 2;
}

export const queryClient = new QueryClient({
  defaultOptions: { queries: { retry, staleTime: 10_000 }, mutations: { retry: false } },
});

onSignedOut(() => forgetEverything());

/** Nothing of one user's records stays in memory for the next. */
export function forgetEverything(): void {
  queryClient.setQueryData(SESSION, SIGNED_OUT);
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION[0] });
  queryClient.getMutationCache().clear();
}
