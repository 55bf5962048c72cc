import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { stringifyFhirJson, stringifyFhirXml } from '../fhir';
import type { Bundle } from '@medplum/fhirtypes';
import { allowedNow, type Allowed } from './delivery/deliver';
import { lookUp } from './delivery/focus';
import type { TurnContext } from './delivery/turn';
import { notificationBundle } from './payloads';
import type { BindingTokens } from './binding-tokens';
import type { CompiledSubscription, Delivery } from './types';

/** Path of the websocket endpoint below the server's root. */
export const SOCKET_PATH = '/fhir/R4/ws';

/** The websocket channel: clients bind a socket to subscriptions with a token, and are told there. */
export interface Sockets {
  /** Takes the server's upgrade requests. */
  attach(server: Server): void;
  /** Something waits for a subscription's sockets. */
  wake(subscription: string): void;
  close(): void;
}

/** A socket's share in one subscription. */
interface Binding {
  subscription: string;
  socket: WebSocket;
  /** Number of the last notice sent on this socket. */
  sent: number;
  spokenAt: number;
  isSending: boolean;
}

const POLL_MS = 500;
const AT_ONCE = 100;
const MESSAGE_BYTES = 4_096;

/**
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/channels.html#websockets
 * Any process may hold a socket; each looks for itself what its sockets have not been told.
 */
export function createSockets(context: TurnContext, tokens: BindingTokens): Sockets {
  const bindings = new Set<Binding>();
  const server = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES });
  const tell = (binding: Binding): void => {
    if (binding.isSending) return;
    binding.isSending = true;
    void sendNew(context, binding)
      .catch(() => undefined) // the next look sends it
      .then((isLive) => {
        binding.isSending = false;
        if (isLive === false) binding.socket.close(1000, 'The subscription is not active.');
      });
  };
  const timer = setInterval(() => bindings.forEach(tell), POLL_MS);
  timer.unref();
  server.on('connection', (socket: WebSocket) => {
    socket.on('error', () => socket.terminate());
    socket.on('close', () => bindings.forEach((each) => each.socket === socket && bindings.delete(each)));
    socket.on('message', (data) => {
      void bind(context, tokens, socket, (data as Buffer).toString('utf8'))
        .then((made) => made.forEach((binding) => bindings.add(binding)))
        .catch(() => socket.close(1011, 'The server cannot bind at the moment.'));
    });
  });
  return {
    attach(http) {
      http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        if (request.headers.upgrade?.toLowerCase() !== 'websocket') stayWithHttp(http, request, socket, head);
        else if (request.url?.split('?', 1)[0] === SOCKET_PATH)
          server.handleUpgrade(request, socket, head, (each) => server.emit('connection', each, request));
        else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      });
    },
    wake: (subscription) => bindings.forEach((each) => each.subscription === subscription && tell(each)),
    close() {
      clearInterval(timer);
      for (const socket of server.clients) socket.close(1001, 'The server stops.');
      server.close();
    },
  };
}

/**
 * An offer of another protocol, such as the `h2c` that Java's client makes on its first call, is no reason not to
 * answer: the request begins anew without the offer. RFC 9110, 7.8
 */
function stayWithHttp(http: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method = '', url = '', httpVersion, rawHeaders } = request;
  const lines = rawHeaders.flatMap((name, i) =>
    i % 2 === 1 || name.toLowerCase() === 'upgrade' ? [] : [`${name}: ${rawHeaders[i + 1] ?? ''}`],
  );
  const begin = [`${method} ${url} HTTP/${httpVersion}`, ...lines, '', ''].join('\r\n');
  socket.unshift(Buffer.concat([Buffer.from(begin, 'latin1'), head]));
  http.emit('connection', socket);
}

/** `bind-with-token: <token>`: a handshake for each subscription of the token, then what nobody has received yet. */
async function bind(
  context: TurnContext,
  tokens: BindingTokens,
  socket: WebSocket,
  message: string,
): Promise<Binding[]> {
  const [, token] = /^bind-with-token:?\s+(\S+)\s*$/.exec(message) ?? [];
  const subscriptions = token === undefined ? undefined : await tokens.redeem(token);
  if (subscriptions === undefined) {
    socket.close(1008, 'Send "bind-with-token: <token>" with a token of $get-ws-binding-token.');
    return [];
  }
  const made: Binding[] = [];
  for (const id of subscriptions) {
    const subscription = await context.subscription(id);
    if (subscription?.status !== 'active' || (await context.viewerOf(subscription)) === undefined) continue;
    const number = await context.queues.eventsSoFar(id);
    const [pending] = await context.queues.deliveries
      .find({ subscription: id, state: 'pending' })
      .sort({ number: 1 })
      .limit(1)
      .toArray();
    socket.send(
      written(subscription, notificationBundle(context.baseUrl, subscription, 'handshake', number, [])),
    );
    made.push({
      subscription: id,
      socket,
      sent: pending === undefined ? number : pending.number - 1,
      spokenAt: Date.now(),
      isSending: false,
    });
  }
  if (made.length === 0) socket.close(1008, 'No subscription of the token is active.');
  return made;
}

/** Sends what came since, and what is to be sent again; false when the subscription is no longer to be told of anything. */
async function sendNew(context: TurnContext, binding: Binding): Promise<boolean> {
  const allowed = await allowedNow(context, binding.subscription);
  if (allowed?.viewer === undefined) return false;
  const { subscription } = allowed;
  for (;;) {
    const fresh = await context.queues.deliveries
      .find({ subscription: subscription.id, $or: [{ number: { $gt: binding.sent } }, { state: 'pending' }] })
      .sort({ number: 1 })
      .limit(AT_ONCE)
      .toArray();
    if (fresh.length === 0) break;
    for (let at = 0; at < fresh.length; at += subscription.maxCount) {
      await sendBatch(context, binding, allowed, fresh.slice(at, at + subscription.maxCount));
    }
  }
  const seconds = subscription.heartbeatSeconds ?? 0;
  if (seconds > 0 && Date.now() - binding.spokenAt >= seconds * 1000) {
    await say(
      binding,
      written(subscription, notificationBundle(context.baseUrl, subscription, 'heartbeat', binding.sent, [])),
    );
  }
  return true;
}

async function sendBatch(
  context: TurnContext,
  binding: Binding,
  { subscription, viewer }: Allowed,
  batch: readonly Delivery[],
): Promise<void> {
  const told = (await lookUp(context, subscription, viewer, batch)).filter(({ visible }) => visible);
  const last = batch.at(-1)?.number ?? binding.sent;
  if (told.length > 0) {
    const started = performance.now();
    await say(
      binding,
      written(
        subscription,
        notificationBundle(context.baseUrl, subscription, 'event-notification', last, told),
      ),
    );
    const answer = {
      status: 101,
      headers: {},
      body: '',
      milliseconds: Math.round(performance.now() - started),
    };
    await context.settling.received(batch, { subscription, told, result: { kind: 'received', answer } });
  } else {
    await context.settling.skipped(batch);
  }
  binding.sent = Math.max(binding.sent, last);
}

function say(binding: Binding, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    binding.socket.send(text, (error) => {
      if (error !== undefined && error !== null) return reject(error);
      binding.spokenAt = Date.now();
      resolve();
    });
  });
}

function written({ form }: CompiledSubscription, bundle: Bundle): string {
  return form.kind === 'backport' && form.payload.includes('xml')
    ? stringifyFhirXml(bundle)
    : stringifyFhirJson(bundle);
}
