import { ProblemError } from '../../fhir';
import type { Resolved } from './interaction';
import type { FhirRequest } from './request';

/** Path segments and query parameters of a URL below the base, decoded. */
export function splitUrl(url: string): { segments: string[]; query: [string, string][] } {
  const [path = '', ...rest] = url.split('?');
  const segments = path
    .split('/')
    .filter((each) => each !== '')
    .map(decode);
  return { segments, query: [...new URLSearchParams(rest.join('?'))] };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ProblemError('malformed', 'The path holds a malformed escape.');
  }
}

/** The path of a request that leads somewhere, with places for ids: `/Patient/:id/_history/:version`. */
export function templateOf(segments: readonly string[], { id, version }: Resolved): string {
  const shown = [...segments];
  if (id !== undefined) shown[1] = ':id';
  if (version !== undefined) shown[3] = ':version';
  return `/${shown.join('/')}`;
}

/** The request's fields that routing decides. */
export function routed(resolved: Resolved): Pick<FhirRequest, 'type' | 'id' | 'version'> {
  const { type, id, version } = resolved;
  return {
    ...(type !== undefined && { type }),
    ...(id !== undefined && { id }),
    ...(version !== undefined && { version }),
  };
}
