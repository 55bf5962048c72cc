import type { Bundle, CapabilityStatement, Resource } from '@medplum/fhirtypes';
import { queryOptions } from '@tanstack/react-query';
import { queryString, request } from './client';

export const BASE = '/fhir/R4';

/** Everything read from the FHIR face. */
export const FHIR = ['fhir'] as const;

export type ParameterType =
  'string' | 'token' | 'reference' | 'date' | 'number' | 'quantity' | 'uri' | 'composite' | 'special';

export interface SearchParameter {
  name: string;
  type: ParameterType;
  /** Markdown of the definition, for its first words. */
  documentation?: string;
}

/** What the server does with a resource type. */
export interface TypeAbility {
  type: string;
  parameters: SearchParameter[];
  /** Values of `_include`. */
  includes: string[];
}

/** Types and their search parameters, as the CapabilityStatement says. */
export const abilitiesQuery = queryOptions({
  queryKey: [...FHIR, 'metadata'],
  queryFn: async ({ signal }) =>
    abilitiesOf(await request<CapabilityStatement>(`${BASE}/metadata`, { signal })),
  staleTime: Infinity,
});

function abilitiesOf({ rest }: CapabilityStatement): TypeAbility[] {
  return (rest?.[0]?.resource ?? [])
    .map(({ type = '', searchParam = [], searchInclude = [] }) => ({
      type,
      parameters: searchParam as SearchParameter[],
      includes: searchInclude,
    }))
    .sort((a, b) => a.type.localeCompare(b.type));
}

export type Stored = Resource & { id: string };

/** One page of a search. */
export interface Found {
  /** What the search was for. */
  matches: Stored[];
  /** What `_include` added. */
  included: Stored[];
  total: number | undefined;
  /** Paths of the pages beside this one. */
  next: string | undefined;
  previous: string | undefined;
}

/** @param path of the face, with its query: `/fhir/R4/Patient?name=ada` */
export const searchQuery = (path: string) =>
  queryOptions({
    queryKey: [...FHIR, 'search', path],
    queryFn: async ({ signal }) => foundIn(await request<Bundle>(path, { signal })),
  });

function foundIn({ entry = [], link = [], total }: Bundle): Found {
  const of = (isIncluded: boolean) =>
    entry.flatMap(({ resource, search }) =>
      resource?.id !== undefined && search?.mode !== 'outcome' && (search?.mode === 'include') === isIncluded
        ? [resource as Stored]
        : [],
    );
  const to = (relation: string) => pathOf(link.find((each) => each.relation === relation)?.url);
  return { matches: of(false), included: of(true), total, next: to('next'), previous: to('previous') };
}

/** Links carry the server's public address; the page asks under whatever name it was opened. */
function pathOf(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const { pathname, search } = new URL(url, window.location.origin);
  return pathname + search;
}

/** The first matches of a search, for pages that show something else of them than FHIR. @throws ApiError */
export async function searchFor<T extends Resource>(
  type: T['resourceType'],
  query: Parameters<typeof queryString>[0],
  signal: AbortSignal,
): Promise<T[]> {
  const bundle = await request<Bundle>(`${BASE}/${type}${queryString(query)}`, { signal });
  return (bundle.entry ?? []).flatMap(({ resource }) =>
    resource?.resourceType === type ? [resource as T] : [],
  );
}

export const resourceQuery = (type: string, id: string) =>
  queryOptions({
    queryKey: [...FHIR, 'resource', type, id],
    queryFn: ({ signal }) => request<Stored>(`${BASE}/${type}/${id}`, { signal }),
  });

export interface Version {
  id: string;
  at: string | undefined;
  method: string;
  /** Absent when this version is the deletion. */
  resource: Stored | undefined;
}

export interface History {
  /** The newest first. */
  versions: Version[];
  /** Whether there are older ones than these. */
  isCut: boolean;
}

const MOST_VERSIONS = 200;

export const historyQuery = (type: string, id: string) =>
  queryOptions({
    queryKey: [...FHIR, 'history', type, id],
    queryFn: async ({ signal }) =>
      historyIn(await request<Bundle>(`${BASE}/${type}/${id}/_history?_count=${MOST_VERSIONS}`, { signal })),
  });

function historyIn({ entry = [], link = [] }: Bundle): History {
  const versions = entry.map(({ resource, request: asked, response }) => ({
    id: resource?.meta?.versionId ?? /"(.+)"/.exec(response?.etag ?? '')?.[1] ?? '',
    at: resource?.meta?.lastUpdated ?? response?.lastModified,
    method: asked?.method ?? '',
    resource: resource as Stored | undefined,
  }));
  return { versions, isCut: link.some(({ relation }) => relation === 'next') };
}
