import pino, { type DestinationStream, type Logger } from 'pino';
import type { ServeContext } from './http';

/** Structured logs on standard error. They name routes, statuses, times and request ids: never paths with ids, bodies or names. */
export function createLogger(
  level: string,
  destination: DestinationStream = pino.destination({ dest: 2, sync: false }),
): Logger {
  return pino({ level, base: { pid: process.pid } }, destination);
}

/** Logs an exchange: failures of ours with their stack, the rest as one line at debug. */
export function logExchange(logger: Logger): ServeContext['observe'] {
  return ({ x, route, status, milliseconds, error }) => {
    const line = {
      requestId: x.requestId,
      ...(x.traceparent !== undefined && { traceId: x.traceparent.split('-')[1] }),
      face: x.face,
      route: `${route.method} ${route.path}`,
      status,
      ms: Math.round(milliseconds),
    };
    if (status >= 500) logger.error({ ...line, stack: stackOf(error) }, 'request failed');
    else logger.debug(line, 'request');
  };
}

/**
 * Logs what fails where nobody waits for it, and goes on, where Node would end the process: whoever asked has an answer,
 * and what one request does must not end everybody else's.
 */
export function logUnheard(logger: Logger): void {
  process.on('unhandledRejection', (error) =>
    logger.error({ stack: stackOf(error) }, 'failed where nobody waited for it'),
  );
}

/** A line of V8's stacks that names a place in a file. */
const FRAME = /^\s+at .*:\d+:\d+\)?$/;

/** Where it broke, not what was in it: messages of drivers and parsers may repeat data, in lines of their own too. */
function stackOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, message, stack = '' } = error.cause instanceof Error ? error.cause : error;
  const below = message === '' ? stack : stack.slice(stack.indexOf(message) + message.length);
  const frames = below.split('\n').filter((line) => FRAME.test(line));
  return [name, ...frames.slice(0, 12)].join('\n');
}
