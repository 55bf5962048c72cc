import request from 'supertest';
import { testHouse, type TestHouse } from '../support/house';
import { refusal, type Visitor, visitor } from './dashboard';

/** `/portal/operations`: how the deployment runs, put together from what all processes wrote down. */
let test: TestHouse;
let operator: Visitor;

const STEP_MS = 10_000;
const BUCKETS = 14;

interface Figures {
  requests: number;
  errors: number;
  p50: number | null;
  p95: number | null;
}
interface Report {
  stepSeconds: number;
  databaseMs: number;
  waiting: Record<string, number>;
  points: (Figures & { at: string; depths: Record<string, number> | null })[];
  faces: (Figures & { face: string })[];
  processes: { name: string; memoryBytes: number }[];
}

beforeAll(async () => {
  test = await testHouse();
  await test.house.identity.practices.create('Sonora');
  operator = await visitor(test, 'operator');
});

afterAll(() => test.close());

/** So many requests that took 10 to 25 ms, and as many errors that took longer than ten seconds. */
function tally(requests: number, errors: number) {
  const buckets = Array.from({ length: BUCKETS }, () => 0);
  buckets[4] = requests - errors;
  buckets[BUCKETS - 1] = errors;
  return { requests, errors, buckets };
}

/** What a process writes down every ten seconds. */
async function wrote(
  process: string,
  at: number,
  faces: Record<string, ReturnType<typeof tally>>,
  dead: number,
) {
  await test.house.connection.mongoose.collection('operations_samples').insertOne({
    _id: `${process}:${at}` as never,
    process,
    at: new Date(at),
    faces,
    depths: { outbox: 1, deliveries: 2, dead, audit: 0 },
    memoryBytes: 1e8,
    startedAt: new Date(at - 60_000),
  });
}

const report = async (range = 'now'): Promise<Report> => {
  const answer = await operator.get(`/operations?range=${range}`);
  expect(answer.status).toBe(200);
  return answer.body as Report;
};

it('adds up what all processes did, by step and by face', async () => {
  const empty = await report();
  expect(empty).toMatchObject({ stepSeconds: 10, faces: [], processes: [] });
  expect(
    empty.points.every(({ requests, p50, depths }) => requests === 0 && p50 === null && depths === null),
  ).toBe(true);
  expect(empty.databaseMs).toBeGreaterThanOrEqual(0);
  expect(empty.waiting).toEqual({ outbox: 0, deliveries: 0, dead: 0, audit: expect.any(Number) });

  const step = Math.floor(Date.now() / STEP_MS) * STEP_MS - 2 * STEP_MS;
  await wrote('one:1', step, { fhir: tally(30, 0), dermifi: tally(5, 5) }, 3);
  await wrote('two:2', step, { fhir: tally(10, 0) }, 4);
  // Long ended, and older than the first range.
  await wrote('gone:3', step - 3600_000, { handoffrx: tally(7, 0) }, 9);

  const now = await report();
  const busy = now.points.filter(({ requests }) => requests > 0);
  expect(busy).toHaveLength(1);
  expect(busy[0]).toMatchObject({ at: new Date(step).toISOString(), requests: 45, errors: 5, p95: 10_000 });
  expect(busy[0]?.depths).toEqual({ outbox: 1, deliveries: 2, dead: 4, audit: 0 });
  expect(now.faces.map(({ face, requests, errors }) => [face, requests, errors])).toEqual([
    ['dermifi', 5, 5],
    ['fhir', 40, 0],
  ]);
  const fhir = now.faces.find(({ face }) => face === 'fhir');
  expect(fhir?.p50).toBeGreaterThan(10);
  expect(fhir?.p95).toBeLessThan(25);
  expect(now.processes.map(({ name }) => name).sort()).toEqual(['one:1', 'two:2']);

  const hours = await report('hours');
  expect(hours.stepSeconds).toBe(240);
  expect(hours.points.reduce((sum, { requests }) => sum + requests, 0)).toBeGreaterThanOrEqual(7);
  expect(hours.faces.map(({ face }) => face)).toContain('handoffrx');
});

it('is for operators alone', async () => {
  for (const role of ['practice-admin', 'provider', 'staff', 'admin', 'read-only', 'pharmacy']) {
    const other = await visitor(test, role, 'Sonora');
    expect([role, (await other.get('/operations')).status]).toEqual([role, 403]);
  }
  expect((await (await visitor(test, 'compliance')).get('/operations')).status).toBe(403);
  await request(test.app).get('/portal/operations').expect(401);
});

it('names all that is wrong with a query', async () => {
  expect(refusal(await operator.get('/operations?range=year&from=2024'))).toEqual({
    status: 400,
    fields: ['from', 'range'],
  });
});

it('answers while the database does not, and says so', async () => {
  const { connection } = test.house;
  const { ping } = connection;
  connection.ping = () => Promise.reject(new Error('away'));
  const answer = await operator.get('/operations');
  const ready = await request(test.app).get('/readyz');
  connection.ping = ping;
  expect(answer.body).toMatchObject({ databaseMs: null });
  expect([ready.status, ready.body]).toEqual([503, { status: 'database unreachable' }]);
  await request(test.app).get('/readyz').expect(200);
  await request(test.app).get('/healthz').expect(200);
});
