import { ProblemError } from '../../fhir';
import { mediaType } from './body';
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
  throw new ProblemError('not-acceptable', 'This server answers application/fhir+json and application/fhir+xml.');
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
  return !accept.split(',').some((each) => ['application/fhir+json', 'application/fhir+xml', 'application/json'].includes(mediaType(each)));
}

/** The Prefer header, R4's and RFC 7240's forms. */
export function readPreferences(prefer: string | undefined): Preferences {
  const words = new Map(
    (prefer ?? '').split(/[,;]/).map((each) => {
      const [name = '', value = ''] = each.split('=', 2);
      return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')] as const;
    }),
  );
  const wanted = words.get('return');
  return {
    return: wanted === 'minimal' || wanted === 'OperationOutcome' ? wanted : 'representation',
    lenient: words.get('handling') === 'lenient',
    respondAsync: words.has('respond-async'),
  };
}
