import type { Bundle } from '@medplum/fhirtypes';
import { ProblemError } from '../../fhir';
import type { Exchange, Face, MountedFace, Occasion, Reply, Route } from '../../http';
import type { Principal } from '../../identity';
import { judge, processBundle } from './bundles';
import { requirePermission } from './access';
import type { FhirContext } from './context';
import type { Interaction } from './interaction';
import { createMetadata } from './metadata';
import { formatOf, readPreferences, refuseOtherCharsets, refuseOtherVersions } from './negotiate';
import { refuseParameter, refuseUnknownParameters } from './parameters';
import { render, renderProblem } from './render';
import type { FhirRequest } from './request';
import { resolve } from './router';
import { withOwnHeaders } from './subscription-headers';
import { routed, splitUrl, templateOf } from './url';

export { DEFAULT_LIMITS, type FhirContext, type FhirLimits } from './context';

/** What running a bundle needs besides the bundle. */
export type BundleRunner = Omit<FhirContext, 'resolve'>;

/** Runs a batch or transaction without HTTP, as the operator's import does. @throws ProblemError */
export function runBundle(runner: BundleRunner, x: Occasion, bundle: Bundle): Promise<Bundle> {
  return processBundle({ ...runner, resolve }, requestOf(runner, x), bundle);
}

/** Looks through a transaction that is not run yet, or not as one. @throws ProblemError naming every wrong entry */
export function judgeBundle(runner: BundleRunner, x: Occasion, bundle: Bundle): void {
  judge({ ...runner, resolve }, requestOf(runner, x), bundle.entry ?? []);
}

function requestOf({ store }: BundleRunner, x: Occasion): FhirRequest {
  return {
    x,
    method: 'POST',
    segments: [],
    query: [],
    headers: {},
    prefer: { ...readPreferences(undefined), return: 'minimal' },
    records: store,
    isPretty: false,
    nested: false,
  };
}

export interface FhirFaceOptions extends Omit<FhirContext, 'resolve'> {
  /** Principal of a bearer token; throws 401. */
  authenticate(x: Exchange): Promise<Principal>;
  /** Public documents below the base (smart-configuration). */
  openRoutes?: readonly Route[];
}

/** Parameters that shape the answer's form and are no search parameters. */
const FORM = new Set(['_format', '_pretty']);

/** The native FHIR R4 endpoint. https://hl7.org/fhir/R4/http.html */
export function createFhirFace(options: FhirFaceOptions): MountedFace {
  const context: FhirContext = { ...options, resolve };
  const face: Face = {
    name: 'fhir',
    bodyLimit: context.limits.bodyBytes,
    authenticate: (x) =>
      options.authenticate(x).catch((error: unknown) => {
        nameInteraction(x);
        throw error;
      }),
    renderError: renderProblem,
    subjectOf: ({ req }) => /^\/([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})(?:\/|$)/.exec(req.path)?.[1],
  };
  const answerMetadata = createMetadata(context);
  const metadata: Route = {
    method: 'get',
    path: '/metadata',
    interaction: 'capabilities',
    action: 'R',
    open: true,
    handle: (x) => {
      const request = baseRequest(context, x);
      refuseUnknownForm(x);
      refuseUnknownParameters(request, ['mode', '_summary', '_elements']);
      refuseOtherModes(request);
      return answerMetadata(x, request);
    },
  };
  const everything: Route = {
    method: 'all',
    path: '/{*path}',
    interaction: 'operation',
    action: 'E',
    body: 'raw',
    handle: (x) => serve(context, x),
  };
  return { at: '/fhir/R4', face, routes: [...(options.openRoutes ?? []), metadata, everything] };
}

/** All of the statement is normative or about what is; there is none about terminology. https://hl7.org/fhir/R4/http.html#capabilities */
function refuseOtherModes({ query, prefer }: FhirRequest): void {
  const other = query.some(([name, value]) => name === 'mode' && value !== 'full' && value !== 'normative');
  if (other && !prefer.lenient) throw refuseParameter('mode', 'One of full, normative is expected.');
}

function refuseUnknownForm(x: Exchange): void {
  const { query } = splitUrl(x.req.url);
  if (query.some(([name, value]) => name === '_pretty' && value !== 'true' && value !== 'false'))
    throw refuseParameter('_pretty', 'One of true, false is expected.');
}

/** Who does not get in is still told apart in the audit trail by what was tried. */
function nameInteraction(x: Exchange): void {
  try {
    Object.assign(x.audit, resolve(x.req.method, splitUrl(x.req.url).segments).interaction.audit);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
  }
}

async function serve(context: FhirContext, x: Exchange): Promise<Reply> {
  const request = baseRequest(context, x);
  const resolved = resolve(request.method, request.segments);
  Object.assign(request, routed(resolved));
  x.template = templateOf(request.segments, resolved);
  Object.assign(x.audit, resolved.interaction.audit);
  if (request.type !== undefined && request.id !== undefined)
    x.audit.resources = [`${request.type}/${request.id}`];
  formatOf(request);
  refuseOtherVersions(request);
  refuseOtherCharsets(request);
  refuseUnknownForm(x);
  refuseUnknownParameters(request, resolved.interaction.parameters);
  requirePermissionOf(context, request, resolved.interaction.permission);
  const response = await resolved.interaction.handle(context, request);
  return render(context.baseUrl, request, await withOwnHeaders(context, request, response));
}

function requirePermissionOf(
  context: FhirContext,
  request: FhirRequest,
  permission: Interaction['permission'],
): void {
  if (permission !== undefined && request.type !== undefined)
    requirePermission(context, request, request.type, permission);
}

/** The HTTP request as plain data. A POST'ed search brings its parameters in a form. */
function baseRequest(context: FhirContext, x: Exchange): FhirRequest {
  const { segments, query } = splitUrl(x.req.url);
  const header = (name: string) => x.req.get(name);
  const all = [...query, ...formParameters(x, segments)];
  const format = all.find(([name]) => name === '_format')?.[1];
  return {
    x,
    method: methodOf(x.req.method),
    segments,
    query: all.filter(([name]) => !FORM.has(name)),
    headers: present({
      accept: header('accept'),
      contentType: header('content-type'),
      ifMatch: header('if-match'),
      ifNoneMatch: header('if-none-match'),
      ifModifiedSince: header('if-modified-since'),
      ifNoneExist: header('if-none-exist'),
      securityContext: header('x-security-context'),
    }),
    prefer: readPreferences(header('prefer')),
    ...(x.raw.length > 0 && { body: { text: x.body, bytes: x.raw } }),
    ...(format !== undefined && { format }),
    isPretty: all.some(([name, value]) => name === '_pretty' && value === 'true'),
    records: context.store,
    nested: false,
  };
}

function methodOf(method: string): FhirRequest['method'] {
  return method === 'HEAD' ? 'GET' : (method as FhirRequest['method']);
}

function formParameters(x: Exchange, segments: readonly string[]): [string, string][] {
  if (x.req.method !== 'POST' || segments.at(-1) !== '_search') return [];
  const type = x.req.get('content-type');
  if (x.raw.length > 0 && type?.startsWith('application/x-www-form-urlencoded') !== true) {
    throw new ProblemError(
      'unsupported-media-type',
      'A search by POST sends application/x-www-form-urlencoded.',
    );
  }
  return [...new URLSearchParams(x.body)];
}

function present<T extends Record<string, string | undefined>>(headers: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}
