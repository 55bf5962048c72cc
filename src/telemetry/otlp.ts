/** Spans by the official SDK, sent by OTLP over HTTP. Headers, timeouts, batches and sampling follow the OTEL_ variables. */
import {
  type Link,
  ROOT_CONTEXT,
  type Span as OtelSpan,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { parseTraceParent, setGlobalErrorHandler } from '@opentelemetry/core';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { AsyncLocalStorage } from 'node:async_hooks';
import { hostname } from 'node:os';
import type { Span, TraceSettings, Tracing } from './index';

const FLUSH_MS = 3_000;
const REPORT_EVERY_MS = 60_000;

export function startExport({ url, protocol }: TraceSettings, report: (reason: string) => void): Tracing {
  reportFailures(report);
  const Exporter = protocol === 'http/json' ? JsonExporter : ProtobufExporter;
  const provider = new BasicTracerProvider({
    resource: resourceOfServer(),
    spanProcessors: [new BatchSpanProcessor(new Exporter({ url }))],
  });
  return tracingOf(provider.getTracer('crosswalk'), () => provider.shutdown());
}

/** `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` have the last word. */
function resourceOfServer(): Resource {
  const own = { 'service.name': 'crosswalk', 'service.instance.id': `${hostname()}:${process.pid}` };
  return resourceFromAttributes(own).merge(detectResources({ detectors: [envDetector] }));
}

/** A collector that is away costs its spans, nothing else. */
function reportFailures(report: (reason: string) => void): void {
  let reported = -Infinity;
  setGlobalErrorHandler((failure) => {
    if (performance.now() - reported < REPORT_EVERY_MS) return;
    reported = performance.now();
    report(kindOf(failure));
  });
}

function tracingOf(tracer: Tracer, shutdown: () => Promise<void>): Tracing {
  const current = new AsyncLocalStorage<OtelSpan>();
  const run = async <T>(span: OtelSpan, work: (span: Span) => Promise<T>): Promise<T> => {
    try {
      return await current.run(span, () => work(spanOf(span)));
    } catch (error) {
      markFailure(span, error);
      throw error;
    } finally {
      span.end();
    }
  };
  return {
    incoming: (traceparent, work) =>
      run(tracer.startSpan('HTTP', { kind: SpanKind.SERVER }, below(contextOf(traceparent))), work),
    outgoing(name, causes, work) {
      const known = [...new Set(causes)].flatMap((cause) => contextOf(cause) ?? []);
      const [only, ...others] = known;
      const isAlone = others.length === 0;
      const links: Link[] = isAlone ? [] : known.map((context) => ({ context }));
      const options = { kind: SpanKind.CLIENT, links };
      return run(tracer.startSpan(name, options, below(isAlone ? only : undefined)), work);
    },
    async step(name, attributes, work) {
      const around = current.getStore();
      if (around?.isRecording() !== true) return work(undefined);
      return run(tracer.startSpan(name, { attributes }, trace.setSpan(ROOT_CONTEXT, around)), work);
    },
    close: () => within(FLUSH_MS, shutdown()),
  };
}

function below(parent: SpanContext | undefined) {
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
}

/** The `tracestate` beside it is other systems' own data and goes no further. */
function contextOf(traceparent: string | undefined): SpanContext | undefined {
  const parsed = traceparent === undefined ? null : parseTraceParent(traceparent);
  return parsed === null ? undefined : { ...parsed, isRemote: true };
}

function spanOf(span: OtelSpan): Span {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    rename: (name) => void span.updateName(name),
    set: (attributes) => void span.setAttributes(attributes),
    fail: (type) => void span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR }),
  };
}

/** What the caller did wrong is told and is no failure of ours. */
function markFailure(span: OtelSpan, error: unknown): void {
  span.setAttribute('error.type', kindOf(error));
  const { status } = error as { status?: unknown };
  const isRefusal = typeof status === 'number' && status < 500;
  if (!isRefusal) span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Codes and names of errors; their messages may repeat data. */
function kindOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (typeof code === 'string' || typeof code === 'number') return String(code);
  return typeof name === 'string' ? name : 'error';
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((done) => (timer = setTimeout(done, milliseconds)));
  await Promise.race([work.catch(() => undefined), patience]);
  clearTimeout(timer);
}
