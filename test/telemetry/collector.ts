import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as OTLP's JSON has it. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  /** 1 internal, 2 server, 3 client. */
  kind: number;
  status: { code: number };
  attributes: Record<string, unknown>;
  links: { traceId: string; spanId: string }[];
}

interface Value {
  stringValue?: string;
  intValue?: number;
  boolValue?: boolean;
  arrayValue?: { values: Value[] };
}
interface RawSpan extends Omit<ReceivedSpan, 'attributes'> {
  attributes: { key: string; value: Value }[];
}
interface Export {
  resourceSpans: { resource: { attributes: RawSpan['attributes'] }; scopeSpans: { spans: RawSpan[] }[] }[];
}

/** An OpenTelemetry collector: takes OTLP over HTTP as JSON. `hang`: takes connections and never answers. */
export class Collector {
  readonly bodies: string[] = [];
  readonly paths: string[] = [];
  private server: Server | undefined;
  private readonly hanging: ServerResponse[] = [];
  url = '';

  constructor(private behaviour: 'answer' | 'hang' | 'refuse' = 'answer') {}

  async open(): Promise<this> {
    this.server = createServer((req, res) => {
      let body = '';
      req.on('data', (chunk: Buffer) => (body += chunk.toString()));
      req.on('end', () => {
        this.paths.push(`${req.method} ${req.url} ${req.headers['content-type']}`);
        this.bodies.push(body);
        if (this.behaviour === 'hang') this.hanging.push(res);
        else res.writeHead(this.behaviour === 'answer' ? 200 : 500).end('{}');
      });
    });
    await new Promise<void>((done) => this.server?.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  /** Answers from now on, also what hangs. */
  recover(): void {
    this.behaviour = 'answer';
    for (const res of this.hanging) res.writeHead(200).end('{}');
  }

  close(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  private exports(): Export['resourceSpans'] {
    return this.bodies.flatMap((body) => (JSON.parse(body) as Export).resourceSpans);
  }

  get spans(): ReceivedSpan[] {
    const raw = this.exports().flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
    return raw.map((span) => ({ ...span, attributes: plain(span.attributes), links: span.links ?? [] }));
  }

  get resource(): Record<string, unknown> {
    return plain(this.exports()[0]?.resource.attributes ?? []);
  }

  named(name: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.name === name);
  }
}

function plain(attributes: RawSpan['attributes']): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value)]));
}

function valueOf({ stringValue, intValue, boolValue, arrayValue }: Value): unknown {
  return arrayValue?.values.map(valueOf) ?? stringValue ?? intValue ?? boolValue;
}
