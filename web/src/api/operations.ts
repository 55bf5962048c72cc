import { queryOptions } from '@tanstack/react-query';
import { request } from './client';

/** What waits in the database, over all processes. */
export interface Depths {
  outbox: number;
  deliveries: number;
  dead: number;
  audit: number;
}

export interface Figures {
  requests: number;
  errors: number;
  /** Milliseconds that half of the requests, and 95 in 100, stayed below; null without requests. */
  p50: number | null;
  p95: number | null;
}

export interface Operations {
  at: string;
  /** How long the database took to answer; null when it did not. */
  databaseMs: number | null;
  waiting: Depths;
  stepSeconds: number;
  points: (Figures & { at: string; depths: Depths | null })[];
  faces: (Figures & { face: string })[];
  processes: { name: string; startedAt: string; memoryBytes: number }[];
}

export type OperationsRange = 'now' | 'hours';

export const operationsQuery = (range: OperationsRange) =>
  queryOptions({
    queryKey: ['operations', range],
    queryFn: ({ signal }) => request<Operations>(`/portal/operations?range=${range}`, { signal }),
    refetchInterval: range === 'now' ? 5_000 : 60_000,
  });
