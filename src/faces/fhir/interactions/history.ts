import type { Bundle, BundleEntry } from '@medplum/fhirtypes';
import { dateRange, ProblemError } from '../../../fhir';
import type { HistoryPage, HistoryRequest } from '../../../store';
import { eyes } from '../access';
import type { FhirContext } from '../context';
import { refuseParameter, refuseUnknownParameters, single } from '../parameters';
import type { FhirRequest, FhirResponse } from '../request';
import { patientsOf } from '../trace';

const PARAMETERS = ['_since', '_at', '_count', '_cursor', '_summary', '_elements'];
const DEFAULT_COUNT = 20;
const MOST = 1000;

/** Versions of one resource, a type or everything, newest first. https://hl7.org/fhir/R4/http.html#history */
export async function history(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const asked = parse(request);
  // `_count=0` asks for the number alone.
  const looked = { ...asked, count: asked.count === 0 ? MOST : asked.count };
  const found = await request.records.history(eyes(context, request, 'r'), looked);
  if (
    asked.id !== undefined &&
    found.versions.length === 0 &&
    asked.cursor === undefined &&
    asked.since === undefined &&
    asked.at === undefined
  ) {
    throw new ProblemError('not-found', `There is no ${String(asked.type)} with this id.`);
  }
  const page = asked.count === 0 ? withoutVersions(found) : found;
  request.x.audit.query = `GET ${request.segments.join('/')}`;
  request.x.audit.resources = page.versions.map(
    ({ type, id, version }) => `${type}/${id}/_history/${version}`,
  );
  request.x.audit.patients = patientsOf(page.versions);
  const plain = page.versions.every((version) => version.plain === true);
  return { status: 200, resource: bundle(context, request, asked, page), plain };
}

function withoutVersions({ total }: HistoryPage): HistoryPage {
  return { versions: [], ...(total !== undefined && { total }) };
}

function parse(request: FhirRequest): HistoryRequest {
  refuseUnknownParameters(request, PARAMETERS);
  const since = single(request, '_since');
  const at = single(request, '_at');
  const cursor = single(request, '_cursor');
  return {
    ...(request.type !== undefined && { type: request.type }),
    ...(request.id !== undefined && { id: request.id }),
    ...(since !== undefined && { since: range('_since', since).low }),
    ...(at !== undefined && { at: range('_at', at) }),
    ...(cursor !== undefined && { cursor }),
    count: count(single(request, '_count')),
  };
}

function range(name: string, text: string): { low: Date; high: Date } {
  const found = dateRange(text);
  if (found === undefined) throw refuseParameter(name, 'A FHIR date or instant is expected.');
  return { low: decode(found.low), high: decode(found.high) };
}

/** The 23 digits of an encoded instant as a Date. */
function decode(digits: string): Date {
  const [, y, mo, d, h, mi, s, ms] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})/.exec(digits) ?? [];
  return new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}.${ms}Z`);
}

function count(text: string | undefined): number {
  if (text === undefined) return DEFAULT_COUNT;
  if (!/^\d+$/.test(text)) throw refuseParameter('_count', 'A whole number from 0 on is expected.');
  return Math.min(Number(text), MOST);
}

function bundle(
  context: FhirContext,
  request: FhirRequest,
  asked: HistoryRequest,
  page: HistoryPage,
): Bundle {
  const base = `${context.baseUrl}/${request.segments.join('/')}`;
  const own = request.query.filter(([name]) => name !== '_cursor');
  const url = (cursor?: string): string => {
    const parameters = new URLSearchParams([
      ...own,
      ...(cursor === undefined ? [] : [['_cursor', cursor] as [string, string]]),
    ]);
    return parameters.size === 0 ? base : `${base}?${parameters.toString()}`;
  };
  return {
    resourceType: 'Bundle',
    type: 'history',
    ...(page.total !== undefined && { total: page.total }),
    link: [
      { relation: 'self', url: url(asked.cursor) },
      ...(page.next === undefined ? [] : [{ relation: 'next', url: url(page.next) }]),
    ],
    entry: page.versions.map((version) => entryOf(context, version)),
  };
}

const METHOD = { create: 'POST', update: 'PUT', delete: 'DELETE' } as const;

function entryOf(context: FhirContext, found: HistoryPage['versions'][number]): BundleEntry {
  const { type, id, version, interaction, lastUpdated, deleted } = found;
  return {
    fullUrl: `${context.baseUrl}/${type}/${id}`,
    ...(!deleted && { resource: found.resource }),
    request: { method: METHOD[interaction], url: interaction === 'create' ? type : `${type}/${id}` },
    response: {
      status: interaction === 'create' ? '201' : deleted ? '204' : '200',
      etag: `W/"${version}"`,
      lastModified: lastUpdated.toISOString(),
    },
  };
}
