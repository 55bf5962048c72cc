import { queryOptions } from '@tanstack/react-query';
import { request } from './client';

export interface Practice {
  id: string;
  name: string;
}

/** For operators and compliance officers. */
export const practicesQuery = queryOptions({
  queryKey: ['practices'],
  queryFn: async ({ signal }) => (await request<{ data: Practice[] }>('/portal/practices', { signal })).data,
});
