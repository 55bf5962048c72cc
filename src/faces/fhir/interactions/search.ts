import type { Bundle, BundleEntry, OperationOutcome, ResourceType } from '@medplum/fhirtypes';
import { outcomeOf } from '../../../fhir';
import { parseSearch, selfLink, type SearchRequest } from '../../../search';
import type { SearchPage, StoredVersion } from '../../../store';
import type { FhirContext } from '../context';
import type { FhirRequest, FhirResponse } from '../request';
import { patientsOf } from '../trace';

/** Searches a type, a compartment or everything. https://hl7.org/fhir/R4/search.html */
export async function search(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const asked = parseSearch(request.type, request.query, { lenient: request.prefer.lenient, baseUrl: context.baseUrl });
  return answer(context, request, asked, request.type ?? '');
}

/** Searches within a compartment: `Patient/1/Observation`, `Patient/1/*`. https://hl7.org/fhir/R4/http.html#vsearch */
export async function searchCompartment(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const [owner, id = '', below] = request.segments as [ResourceType, string, string];
  const type = below === '*' ? undefined : (below as ResourceType);
  const asked = parseSearch(type, request.query, {
    lenient: request.prefer.lenient,
    baseUrl: context.baseUrl,
    compartment: { type: owner, id },
  });
  return answer(context, request, asked, `${owner}/${id}/${below}`);
}

async function answer(
  context: FhirContext,
  request: FhirRequest,
  asked: SearchRequest,
  path: string,
): Promise<FhirResponse> {
  request.x.audit.query = `${request.method} ${path}?${selfLink(asked)}`;
  const page = await request.records.search(request.x.principal.viewer, asked);
  const seen = [...page.matches, ...page.included];
  request.x.audit.resources = seen.map(({ type, id }) => `${type}/${id}`);
  request.x.audit.patients = patientsOf(seen);
  return { status: 200, resource: searchset(context.baseUrl, path, asked, page) };
}

function searchset(baseUrl: string, path: string, asked: SearchRequest, page: SearchPage): Bundle {
  const base = path === '' ? baseUrl : `${baseUrl}/${path}`;
  const url = (cursor?: string): string => {
    const parameters = [selfLink(asked), cursor === undefined ? '' : `_cursor=${encodeURIComponent(cursor)}`];
    const text = parameters.filter((each) => each !== '').join('&');
    return text === '' ? base : `${base}?${text}`;
  };
  const entry = [
    ...page.matches.map((found) => entryOf(baseUrl, found, 'match')),
    ...page.included.map((found) => entryOf(baseUrl, found, 'include')),
    ...droppedOutcome(asked),
  ];
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    ...(page.total !== undefined && { total: page.total }),
    link: [
      { relation: 'self', url: url() },
      { relation: 'first', url: url() },
      ...(page.previous === undefined ? [] : [{ relation: 'previous', url: url(page.previous) }]),
      ...(page.next === undefined ? [] : [{ relation: 'next', url: url(page.next) }]),
    ],
    ...(entry.length > 0 && { entry }),
  };
}

function entryOf(baseUrl: string, found: StoredVersion, mode: 'match' | 'include'): BundleEntry {
  return { fullUrl: `${baseUrl}/${found.type}/${found.id}`, resource: found.resource, search: { mode } };
}

/** With `Prefer: handling=lenient` the answer says what was left out. https://hl7.org/fhir/R4/search.html#errors */
function droppedOutcome(asked: SearchRequest): BundleEntry[] {
  if (asked.dropped.length === 0) return [];
  const resource: OperationOutcome = outcomeOf(
    asked.dropped.map((name) => ({
      severity: 'warning',
      code: 'not-supported',
      diagnostics: `The parameter ${name} is not supported here and was left out.`,
    })),
  );
  return [{ resource, search: { mode: 'outcome' } }];
}
