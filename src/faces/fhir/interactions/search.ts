import type { Bundle, BundleEntry, OperationOutcome, ResourceType } from '@medplum/fhirtypes';
import { outcomeOf, ProblemError } from '../../../fhir';
import { parseSearch, selfLink, type SearchRequest } from '../../../search';
import type { SearchPage, StoredVersion } from '../../../store';
import { eyes, requirePermission } from '../access';
import type { FhirContext } from '../context';
import type { FhirRequest, FhirResponse } from '../request';
import { patientsOf } from '../trace';

/** Searches a type or everything. https://hl7.org/fhir/R4/search.html */
export async function search(context: FhirContext, request: FhirRequest): Promise<FhirResponse> {
  const asked = parseSearch(request.type, request.query, {
    lenient: request.prefer.lenient,
    baseUrl: context.baseUrl,
  });
  requireNamedTypes(context, request, asked);
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
  if (type !== undefined) requirePermission(context, request, type, 's');
  requireNamedTypes(context, request, asked);
  return answer(context, request, asked, `${owner}/${id}/${below}`);
}

/** Types that the caller names are within its scopes or refused; of all others it sees what the scopes leave. */
function requireNamedTypes(context: FhirContext, request: FhirRequest, asked: SearchRequest): void {
  if (!request.query.some(([name]) => name === '_type')) return;
  for (const { type } of asked.targets) requirePermission(context, request, type, 's');
}

async function answer(
  context: FhirContext,
  request: FhirRequest,
  asked: SearchRequest,
  path: string,
): Promise<FhirResponse> {
  request.x.audit.query = `${request.method} ${path}?${selfLink(asked)}`;
  if (asked.explain) return explained(context, request, asked);
  const page = await request.records.search(eyes(context, request, 's'), asked);
  const seen = [...page.matches, ...page.included];
  request.x.audit.resources = seen.map(({ type, id }) => `${type}/${id}`);
  request.x.audit.patients = patientsOf(seen);
  const plain = seen.every((found) => found.plain === true);
  return { status: 200, resource: searchset(context.baseUrl, path, asked, page), plain };
}

/** `_explain=true`: the plan instead of the result, for operators. Decisions, "FHIR". */
async function explained(
  context: FhirContext,
  request: FhirRequest,
  asked: SearchRequest,
): Promise<FhirResponse> {
  const { kind, role } = request.x.principal;
  if (kind !== 'system' && role !== 'operator')
    throw new ProblemError('forbidden', '_explain: Only operators are shown plans.');
  if (request.nested)
    throw new ProblemError('malformed', '_explain: Ask for a plan on its own, outside a bundle.');
  const searches = await context.explain(eyes(context, request, 's'), asked);
  const text = JSON.stringify({ query: selfLink(asked), searches }, undefined, 2);
  return { status: 200, content: { type: 'application/json', bytes: Buffer.from(text) } };
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
      { relation: 'self', url: url(asked.cursor) },
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
    asked.dropped.map(({ parameter, message }) => ({
      severity: 'warning',
      code: 'not-supported',
      diagnostics: `${parameter}: ${message} It was left out.`,
      location: [`http.${parameter}`],
    })),
  );
  return [{ resource, search: { mode: 'outcome' } }];
}
