import type { AuditEvent, Bundle } from '@medplum/fhirtypes';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { queryString, request } from './client';

/** Filters of the trail, as the pages' addresses carry them; empty texts do not narrow. */
export interface TrailFilter {
  /** Calendar dates of the user's zone. */
  from: string;
  to: string;
  patient: string;
  /** E-mail address, id of a key or client, or a name. */
  user: string;
  action: string;
  outcome: string;
  referral: string;
}

export const NO_FILTER: TrailFilter = {
  from: '',
  to: '',
  patient: '',
  user: '',
  action: '',
  outcome: '',
  referral: '',
};

interface EventPage {
  events: AuditEvent[];
  /** Path of the next page: a keyset cursor. */
  next: string | undefined;
}

const PAGE = 100;

export const eventsQuery = (filter: TrailFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', 'events', filter],
    queryFn: async ({ pageParam, signal }) =>
      pageOf(await request<Bundle<AuditEvent>>(pageParam, { signal })),
    initialPageParam: `/fhir/R4/AuditEvent?${searchOf(filter).toString()}`,
    getNextPageParam: ({ next }) => next,
  });

function pageOf({ entry = [], link = [] }: Bundle<AuditEvent>): EventPage {
  const url = link.find(({ relation }) => relation === 'next')?.url;
  const next = url === undefined ? undefined : new URL(url, window.location.origin);
  return {
    events: entry.flatMap(({ resource }) => (resource?.resourceType === 'AuditEvent' ? [resource] : [])),
    next: next && next.pathname + next.search,
  };
}

/** The first instant of a day of the user's zone, and of the day after it. */
function instantsOf(date: string): { start: string; end: string } {
  const start = new Date(`${date}T00:00:00`);
  const end = new Date(start);
  end.setDate(end.getDate() + 1);
  return { start: start.toISOString(), end: end.toISOString() };
}

/** https://hl7.org/fhir/R4/auditevent.html#search */
function searchOf({ from, to, patient, user, action, outcome, referral }: TrailFilter): URLSearchParams {
  const query = new URLSearchParams({ _sort: '-date', _count: String(PAGE) });
  if (from !== '') query.append('date', `ge${instantsOf(from).start}`);
  if (to !== '') query.append('date', `lt${instantsOf(to).end}`);
  if (patient !== '') query.set('patient', `Patient/${patient}`);
  if (user !== '') query.set(isCredential(user) ? 'altid' : 'agent-name:contains', user);
  if (action !== '') query.set('action', action);
  if (outcome !== '') query.set('outcome', outcome);
  if (referral !== '') query.set('entity', `ServiceRequest/${referral},Task/${referral}`);
  return query;
}

/** What somebody signs in with, other than a name that is shown. */
function isCredential(user: string): boolean {
  return /[@_\d]/.test(user) && !user.includes(' ');
}

/** The same filter for exports and reports, whose upper bound is inclusive. */
export function exportFilter({ from, to, ...rest }: TrailFilter): Record<string, string> {
  return {
    ...rest,
    from: from === '' ? '' : instantsOf(from).start,
    to: to === '' ? '' : new Date(Date.parse(instantsOf(to).end) - 1).toISOString(),
  };
}

export const eventQuery = (id: string) =>
  queryOptions({
    queryKey: ['audit', 'event', id],
    queryFn: ({ signal }) => request<AuditEvent>(`/fhir/R4/AuditEvent/${id}`, { signal }),
    staleTime: Infinity,
  });

export type ReportName = 'access' | 'brokering' | 'refusals';

/** A report as `/audit/report` draws it. */
export interface Report {
  title: string;
  about: string;
  generated: string;
  count: number;
  counts: { heading: string; values: Record<string, number> }[];
  rows: ReportRow[];
}

/** Cells by the name of their column, and in the brokering report what some of them say as data. */
export type ReportRow = Record<string, string> & { matches?: Match[]; followed?: Step[] };

/** What the matching was asked before a referral, and whom it offered, the best first. */
export interface Match {
  asked: { input: string; value: string }[];
  offers: { practice: string; score: number; reasons: string[] }[];
}

/** What was done about a referral after it was made. */
export interface Step {
  at: string;
  what: string;
  by: string;
  isRefused: boolean;
}

export const reportQuery = (name: ReportName, filter: TrailFilter) =>
  queryOptions({
    queryKey: ['audit', 'report', name, filter],
    queryFn: ({ signal }) => request<Report>(reportPath(name, filter, 'json'), { signal }),
    staleTime: 60_000,
  });

export function reportPath(name: ReportName, filter: TrailFilter, format: 'json' | 'csv' | 'pdf'): string {
  return `/audit/report/${name}${queryString({ ...exportFilter(filter), format })}`;
}

/** How the log stands: a signed checkpoint, and the keys. */
export interface AuditLog {
  checkpoint: { origin: string; size: number; root: string; chain: string; at: string; kid: string };
  keys: { kid: string }[];
  retentionYears: number;
}

export interface Verification {
  state: 'running' | 'done' | 'failed';
  by: string;
  startedAt: string;
  endedAt?: string;
  events: number;
  size: number;
  ok?: boolean;
  key?: string;
  wrong?: number;
  problem?: string;
}

export const logQuery = queryOptions({
  queryKey: ['audit', 'log'],
  queryFn: ({ signal }) => request<AuditLog>('/portal/compliance/log', { signal }),
});

const RUNNING_MS = 1_000;

export const verificationQuery = queryOptions({
  queryKey: ['audit', 'verification'],
  queryFn: async ({ signal }) =>
    (await request<{ latest: Verification | null }>('/portal/compliance/verification', { signal })).latest,
  refetchInterval: ({ state: { data } }) => (data?.state === 'running' ? RUNNING_MS : false),
});

export async function startVerification(): Promise<Verification> {
  return (await request<{ latest: Verification }>('/portal/compliance/verification', { method: 'POST' }))
    .latest;
}
