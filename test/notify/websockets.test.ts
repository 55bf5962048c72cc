import type { Bundle, Parameters } from '@medplum/fhirtypes';
import { createServer, request as callHttp, Agent, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { testHouse, type TestHouse } from '../support/house';
import { until } from './endpoint';
import { anyone, create, statusOf, subscribe, topicBased, TOPICS } from './support';

/** The websocket channel of the Subscriptions R5 Backport: tokens, bindings, and what is told on the socket. */
let test: TestHouse;
let server: Server;
const caller = anyone(() => test);

beforeAll(async () => {
  test = await testHouse({ FHIR_AUTH: 'off' });
  server = createServer(test.app);
  test.house.notify.attach(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  await test.close();
  await new Promise((done) => server.close(done));
});

const patient = (family: string) => ({ resourceType: 'Patient', name: [{ family }] });
const listening = (family: string) =>
  subscribe(
    caller,
    topicBased(`${TOPICS}/patient`, '', { type: 'websocket', filters: [`Patient?family=${family}`] }),
  );

/** Asks for a token; also the address it is for. */
async function tokenFor(id: string): Promise<{ token: string; url: string }> {
  const { parameter = [] } = (await caller.get(`Subscription/${id}/$get-ws-binding-token`))
    .body as Parameters;
  const named = (name: string) => parameter.find((each) => each.name === name);
  return { token: named('token')?.valueString ?? '', url: named('websocket-url')?.valueUrl ?? '' };
}

async function bound(token: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/fhir/R4/ws`);
  const messages: Bundle[] = [];
  let closed = 0;
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as Bundle));
  socket.on('close', (code) => (closed = code));
  await new Promise((done) => socket.once('open', done));
  socket.send(`bind-with-token: ${token}`);
  return { socket, messages, closed: () => closed };
}

it('binds with a token, shakes hands, and tells first what nobody received, then what happens', async () => {
  const { id } = await listening('Socket');
  const early = await create(caller, patient('Socket'));
  const { token, url } = await tokenFor(id);
  expect(url).toMatch(/^ws:\/\/.*\/fhir\/R4\/ws$/);
  const { socket, messages } = await bound(token);
  await until(() => messages.length === 2);
  const late = await create(caller, patient('Socket'));
  await until(() => messages.length === 3);
  const types = messages.map((message) => statusOf(message)['type']);
  expect(types).toEqual(['handshake', 'event-notification', 'event-notification']);
  const told = messages.slice(1).map((message) => message.entry?.[1]?.fullUrl?.split('/').at(-1));
  expect(told).toEqual([early, late]);
  socket.close();
});

it('binds nothing to a wrong token, nor to one that has expired', async () => {
  const { token } = await tokenFor((await listening('Expired')).id);
  const tokens = test.house.connection.mongoose.collection('notify_ws_tokens');
  await tokens.updateMany({}, { $set: { expiresAt: new Date(Date.now() - 1_000) } });
  for (const each of ['wsb_wrong', token]) {
    const { closed, messages } = await bound(each);
    await until(() => closed() !== 0);
    expect([closed(), messages]).toEqual([1008, []]);
  }
});

it('tells once more on a socket that is open what is to be sent again', async () => {
  const { id } = await listening('Again');
  const { socket, messages } = await bound((await tokenFor(id)).token);
  await until(() => messages.length === 1);
  for (let i = 0; i < 2; i++) await create(caller, patient('Again'));
  await until(() => messages.length === 3);
  const range = { resourceType: 'Parameters', parameter: [{ name: 'eventsUntilNumber', valueString: '1' }] };
  expect((await caller.send('post', `Subscription/${id}/$resend`, range)).status).toBe(200);
  await until(() => messages.length === 4);
  await create(caller, patient('Again'));
  await until(() => messages.length === 5);
  const numbers = messages.slice(1).map(numberIn);
  expect(numbers).toEqual(['1', '2', '1', '3']);
  socket.close();
});

it('closes the socket when the Subscription is turned off', async () => {
  const made = await listening('Closed');
  const { closed, messages } = await bound((await tokenFor(made.id)).token);
  await until(() => messages.length === 1);
  await caller.send('put', `Subscription/${made.id}`, { ...made, status: 'off' });
  await until(() => closed() === 1000);
});

it('answers a request that offers another protocol as if it had not, and keeps the connection', async () => {
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  // What the HTTP client of Java 11 and later sends first where there is no TLS.
  const offer = {
    Connection: 'Upgrade, HTTP2-Settings',
    Upgrade: 'h2c',
    'HTTP2-Settings': 'AAEAAEAAAAIAAAAB',
  };
  const ask = (headers: Record<string, string>, body: string) =>
    new Promise<{ status: number | undefined; port: number | undefined }>((done, fail) => {
      const options = { port, agent, method: 'POST', path: '/fhir/R4/Patient' };
      const type = { 'Content-Type': 'application/fhir+json', 'Content-Length': Buffer.byteLength(body) };
      const asked = callHttp({ ...options, headers: { ...type, ...headers } }, (answer: IncomingMessage) => {
        const { statusCode: status } = answer;
        const { localPort } = answer.socket;
        answer.resume().on('end', () => done({ status, port: localPort }));
      });
      asked.on('error', fail).end(body);
    });
  const small = JSON.stringify(patient('Upgrade'));
  // Longer than what comes in one piece with the head.
  const large = JSON.stringify({ ...patient('Upgrade'), text: { status: 'generated', div: div(300_000) } });
  const answers = [await ask(offer, small), await ask(offer, large), await ask({}, small)];
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
  expect(new Set(answers.map((each) => each.port)).size).toBe(1);
  agent.destroy();
});

function numberIn(message: Bundle): unknown {
  const event = statusOf(message)['notification-event'] as { name: string; valueString?: string }[];
  return event.find(({ name }) => name === 'event-number')?.valueString;
}

const div = (length: number): string =>
  `<div xmlns="http://www.w3.org/1999/xhtml">${'x'.repeat(length)}</div>`;
