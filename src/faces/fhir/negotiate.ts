import { isUtf8 } from 'node:buffer';
import { ProblemError } from '../../fhir';
import { isFhirType, mediaType } from './body';
import type { FhirRequest, Preferences } from './request';

export type Format = 'json' | 'xml';

const FORMATS: Readonly<Record<string, Format>> = {
  json: 'json',
  'application/json': 'json',
  'application/fhir+json': 'json',
  'application/fhir json': 'json', // an unescaped plus in a query is a space
  'text/json': 'json',
  xml: 'xml',
  'application/xml': 'xml',
  'application/fhir+xml': 'xml',
  'application/fhir xml': 'xml',
  'text/xml': 'xml',
};

/** JSON or XML, by `_format` before `Accept`; JSON when both leave it open. 406 when neither fits. */
export function chooseFormat(format: string | undefined, accept: string | undefined): Format {
  if (format !== undefined) {
    const chosen = FORMATS[mediaType(format)];
    if (chosen === undefined) throw new ProblemError('not-acceptable', '_format must be json or xml.');
    return chosen;
  }
  if (accept === undefined || accept.trim() === '') return 'json';
  const ranked = accept
    .split(',')
    .map((each) => ({ type: mediaType(each), q: quality(each) }))
    .filter(({ q }) => q > 0)
    .sort((a, b) => b.q - a.q);
  for (const { type } of ranked) {
    const chosen = FORMATS[type];
    if (chosen !== undefined) return chosen;
    if (type === '*/*' || type === 'application/*' || type === 'text/html') return 'json';
  }
  throw new ProblemError(
    'not-acceptable',
    'This server answers application/fhir+json and application/fhir+xml.',
  );
}

/** The format of the answer. A Binary may be asked for in any media type; what is said of it is FHIR all the same. */
export function formatOf(request: FhirRequest): Format {
  const { format, headers, type } = request;
  if (type !== 'Binary' || format !== undefined) return chooseFormat(format, headers.accept);
  return XML_FIRST.test(headers.accept ?? '') ? 'xml' : 'json';
}

const XML_FIRST = /^\s*(application\/(fhir\+)?xml|text\/xml)/i;

/** This endpoint speaks one version of FHIR. https://hl7.org/fhir/R4/http.html#version-parameter */
export function refuseOtherVersions({ headers }: FhirRequest): void {
  if (otherVersion(headers.contentType))
    throw new ProblemError('unsupported-media-type', 'This endpoint takes FHIR R4: fhirVersion=4.0.');
  if (otherVersion(headers.accept))
    throw new ProblemError('not-acceptable', 'This endpoint answers FHIR R4: fhirVersion=4.0.');
}

/** Bodies of FHIR are UTF-8. A Binary's own content may be in any encoding. https://hl7.org/fhir/R4/http.html#mime-type */
export function refuseOtherCharsets({
  headers: { contentType = '' },
  type,
  method,
  body,
}: FhirRequest): void {
  if (type === 'Binary' && method !== 'PATCH' && !isFhirType(mediaType(contentType))) return;
  const [, named] = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType) ?? [];
  if (named !== undefined && !UTF_8.has(named.toLowerCase()))
    throw new ProblemError('unsupported-media-type', 'The body is in another encoding; send it in UTF-8.');
  // Read all the same it would be kept with other characters than were sent.
  if (body !== undefined && 'bytes' in body && !isUtf8(body.bytes))
    throw new ProblemError('malformed', 'The body is not well-formed UTF-8.');
}

const UTF_8 = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);

function otherVersion(value: string | undefined): boolean {
  const [, version] = /;\s*fhirVersion\s*=\s*"?([\d.]+)/i.exec(value ?? '') ?? [];
  return version !== undefined && !/^4\.0(\.1)?$/.test(version);
}

function quality(range: string): number {
  const match = /;\s*q=([\d.]+)/i.exec(range);
  return match?.[1] === undefined ? 1 : Number(match[1]);
}

/** Whether a read of a Binary wants its content instead of the resource: the Accept names no FHIR format. */
export function wantsRaw(request: FhirRequest): boolean {
  if (request.nested || request.format !== undefined) return false;
  const { accept } = request.headers;
  if (accept === undefined) return true;
  return !accept.split(',').some((each) => mediaType(each) in FORMATS);
}

/** The Prefer header, R4's and RFC 7240's forms. */
export function readPreferences(prefer: string | undefined): Preferences {
  const words = new Map(
    (prefer ?? '').split(/[,;]/).map((each) => {
      const [name = '', value = ''] = each.split('=', 2);
      return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')] as const;
    }),
  );
  const wanted = words.get('return')?.toLowerCase();
  return {
    return:
      wanted === 'minimal'
        ? 'minimal'
        : wanted === 'operationoutcome'
          ? 'OperationOutcome'
          : 'representation',
    lenient: words.get('handling') === 'lenient',
  };
}
