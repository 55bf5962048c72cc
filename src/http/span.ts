import type { Tracing } from '../telemetry';
import type { Exchange } from './exchange';

/** What a span says of a route. */
interface Endpoint {
  path: string;
  interaction: string;
}

/**
 * Answers a request as a span named by method and route. It tells templates, never the path or query as they came.
 * @param answer resolves to the status. https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 */
export function answerAsSpan(
  tracing: Tracing,
  x: Exchange,
  route: Endpoint,
  answer: () => Promise<number>,
): Promise<void> {
  return tracing.incoming(x.req.get('traceparent'), async (span) => {
    x.traceparent = span.traceparent;
    const status = await answer();
    const method = KNOWN.has(x.req.method) ? x.req.method : '_OTHER';
    const template = templateOf(x, route);
    span.rename(`${method === '_OTHER' ? 'HTTP' : method} ${template}`);
    span.set({
      'http.request.method': method,
      'http.route': template,
      'http.response.status_code': status,
      'crosswalk.face': x.face,
      'crosswalk.interaction': x.audit.interaction ?? route.interaction,
      'crosswalk.request_id': x.requestId,
    });
    if (status >= 500) span.fail(String(status));
  });
}

const KNOWN: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Where the face is mounted (text of ours), and the pattern that met the rest. */
function templateOf({ req, template }: Exchange, { path }: Endpoint): string {
  const below = template ?? path;
  return `${req.baseUrl}${below.startsWith('/') ? below : `/${below}`}`;
}
