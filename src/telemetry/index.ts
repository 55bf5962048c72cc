/**
 * Traces of what the server does, by OpenTelemetry. docs/operators.md, "Traces". A leaf: other rooms hand it their
 * work, it knows none of them. Spans carry templates, kinds and counts, never paths, queries, bodies or names.
 */
import type * as Otlp from './otlp';

/** Where traces go, from the variables of the OpenTelemetry specification. */
export interface TraceSettings {
  /** Where spans are posted: `http://collector:4318/v1/traces`. */
  url: string;
  protocol: 'http/json' | 'http/protobuf';
}

export type Attributes = Readonly<Record<string, string | number | boolean | string[]>>;

/** A piece of work that is under way. */
export interface Span {
  /** As it goes to others, and is kept with what the work causes later. https://www.w3.org/TR/trace-context/#traceparent-header */
  readonly traceparent: string;
  rename(name: string): void;
  set(attributes: Attributes): void;
  /** It failed: a status, a code or the name of an error, never its message. */
  fail(type: string): void;
}

/** Makes spans of pieces of work. What the work throws is marked on its span and thrown on. */
export interface Tracing {
  /** A request to this server, below the caller's span where it sent a `traceparent` that can be read. */
  incoming<T>(traceparent: string | undefined, work: (span: Span) => Promise<T>): Promise<T>;
  /**
   * A call out of the house. It belongs to the trace of its only cause; of several it is a trace of its own with
   * links to them. Whatever happens to be under way in this process is no cause.
   */
  outgoing<T>(name: string, causes: readonly string[], work: (span: Span) => Promise<T>): Promise<T>;
  /** A step of the work that is under way; where none is recorded, no span. */
  step<T>(name: string, attributes: Attributes, work: (span: Span | undefined) => Promise<T>): Promise<T>;
  /** Sends what is left, within three seconds; never fails. */
  close(): Promise<void>;
}

/**
 * Begins to export. @param report told, once a minute at most, why spans could not be sent: a code or a name.
 */
export function startTracing(settings: TraceSettings, report: (reason: string) => void): Tracing {
  // The OpenTelemetry packages are loaded where somebody traces, and nowhere else.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() wants file extensions: .ts here, .js built
  return (require('./otlp') as typeof Otlp).startExport(settings, report);
}
