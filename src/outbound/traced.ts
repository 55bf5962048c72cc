import type { Tracing } from '../telemetry';
import type { Outbound } from './client';

/**
 * The same client; calls that say how they are told in traces are spans, and carry them as `traceparent`. Neither
 * address nor body is told: both may be secrets of the receiver's.
 */
export function tracedOutbound(outbound: Outbound, tracing: Tracing): Outbound {
  return {
    ...outbound,
    call(call) {
      const { span: told, method } = call;
      if (told === undefined) return outbound.call(call);
      return tracing.outgoing(`${method} ${told.name}`, told.causes, async (span) => {
        span.set({ ...told.attributes, 'http.request.method': method });
        const answer = await outbound.call({
          ...call,
          headers: { ...call.headers, traceparent: span.traceparent },
        });
        span.set({ 'http.response.status_code': answer.status });
        if (answer.status >= 400) span.fail(String(answer.status));
        return answer;
      });
    },
  };
}
