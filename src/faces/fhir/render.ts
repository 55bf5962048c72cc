import type { Resource } from '@medplum/fhirtypes';
import { outcomeOf, stringifyFhirJson, stringifyFhirXml, type ProblemError } from '../../fhir';
import { challengeOf, type Exchange, type Reply } from '../../http';
import { chooseFormat, formatOf, type Format } from './negotiate';
import type { FhirRequest, FhirResponse } from './request';
import { summarized } from './summary';

const CONTENT_TYPE: Record<Format, string> = {
  json: 'application/fhir+json; charset=utf-8',
  xml: 'application/fhir+xml; charset=utf-8',
};

/** The HTTP answer to an interaction: headers of its version, body as Prefer, _summary and _format want it. */
export function render(baseUrl: string, request: FhirRequest, response: FhirResponse): Reply {
  const headers = { ...versionHeaders(baseUrl, response), ...response.headers };
  if (response.content !== undefined) {
    return {
      status: response.status,
      headers: { ...headers, ...contentHeaders(response.content.type) },
      body: response.content.bytes,
    };
  }
  const resource = shown(request, response);
  if (resource === undefined || response.status === 304 || response.status === 204)
    return { status: response.status, headers };
  const style = { format: formatOf(request), pretty: request.isPretty, plain: response.plain ?? false };
  return formatted(response.status, resource, headers, style);
}

/** Uploaded content is handed out as a file of its own kind, never as a page of ours. */
function contentHeaders(type: string): Record<string, string> {
  return {
    'Content-Type': type,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "sandbox; default-src 'none'",
  };
}

/** A failure as an OperationOutcome; even a caller whose Accept cannot be met is told so in something. */
export function renderProblem(problem: ProblemError, x: Exchange): Reply {
  const { _format, _pretty } = x.req.query;
  const isPretty = _pretty === 'true';
  let format: Format = 'json';
  try {
    format = chooseFormat(typeof _format === 'string' ? _format : undefined, x.req.get('accept'));
  } catch {
    // JSON then
  }
  const style = { format, pretty: isPretty, plain: true };
  const headers = { ...challengeOf(problem.status), ...problem.headers };
  return formatted(problem.status, outcomeOf(problem.issues), headers, style);
}

function versionHeaders(baseUrl: string, response: FhirResponse): Record<string, string> {
  const { version } = response;
  if (version === undefined) return {};
  const location = `${baseUrl}/${version.type}/${version.id}/_history/${version.version}`;
  return {
    ETag: `W/"${version.version}"`,
    'Last-Modified': version.lastUpdated.toUTCString(),
    ...(response.written === true ? { Location: location, 'Content-Location': location } : {}),
  };
}

/** https://hl7.org/fhir/R4/http.html#return */
function shown(request: FhirRequest, response: FhirResponse): Resource | undefined {
  if (response.written !== true) return response.resource && summarized(request, response.resource);
  switch (request.prefer.return) {
    case 'minimal':
      return undefined;
    case 'OperationOutcome':
      return outcomeOf(
        response.issues?.length
          ? response.issues
          : [
              {
                severity: 'information',
                code: 'informational',
                diagnostics: 'Done: there is nothing to remark.',
              },
            ],
      );
    default:
      return response.resource;
  }
}

interface Style {
  format: Format;
  pretty: boolean;
  plain: boolean;
}

function formatted(
  status: number,
  resource: Resource,
  headers: Record<string, string>,
  { format, ...style }: Style,
): Reply {
  const body = format === 'xml' ? stringifyFhirXml(resource, style) : stringifyFhirJson(resource, style);
  return { status, headers: { ...headers, 'Content-Type': CONTENT_TYPE[format] }, body };
}
