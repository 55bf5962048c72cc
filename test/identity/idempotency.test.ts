import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '../../src/fhir';
import type { Claim, Identity } from '../../src/identity';
import { type Deployment, deployment, problemOf } from './support';

let house: Deployment;
let one: Identity;
let two: Identity;

beforeAll(async () => {
  house = await deployment();
  [one, two] = await Promise.all([house.start(), house.start()]);
});
afterAll(() => house.close());

const request = (key: string) => ({ practice: 'practice', key, bodyHash: 'body' });

it('runs the work once and gives all of ten parallel requests its answer', async () => {
  let runs = 0;
  const work = async ({ id }: Claim) => {
    runs += 1;
    await sleep(50);
    return { status: 201, body: { id } };
  };
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => (i % 2 ? one : two).idempotency.run(request('parallel'), work)),
  );
  expect(runs).toBe(1);
  expect(new Set(answers.map((each) => each.body.id)).size).toBe(1);
  house.pass(23 * 3_600_000);
  expect(await two.idempotency.run(request('parallel'), work)).toEqual(answers[0]);
  house.pass(3_600_000);
  await two.idempotency.run(request('parallel'), work);
  expect(runs).toBe(2);
});

it('refuses another body under the same key, and takes the same key of another practice', async () => {
  const work = () => Promise.resolve({ status: 201 });
  await one.idempotency.run(request('body'), work);
  const other = { ...request('body'), bodyHash: 'other' };
  expect(await problemOf(two.idempotency.run(other, work))).toMatchObject({ status: 422 });
  await two.idempotency.run({ ...other, practice: 'another' }, work);
});

it('does not keep a refusal: the corrected request may use the key', async () => {
  const refuse = () => Promise.reject(new ProblemError('invalid', 'A field is missing.'));
  expect(await problemOf(one.idempotency.run(request('refused'), refuse))).toMatchObject({ status: 422 });
  const corrected = { ...request('refused'), bodyHash: 'corrected' };
  expect(await two.idempotency.run(corrected, () => Promise.resolve({ status: 201 }))).toEqual({
    status: 201,
  });
});

it('resumes under the same id after a failure, and after a process that never came back', async () => {
  const claims: Claim[] = [];
  const fail = (claim: Claim) => {
    claims.push(claim);
    return Promise.reject(new Error('lost'));
  };
  await one.idempotency.run(request('failed'), fail).catch(() => undefined);
  const finish = (claim: Claim) => {
    claims.push(claim);
    return Promise.resolve({ status: 201 });
  };
  await two.idempotency.run(request('failed'), finish);
  expect(claims).toEqual([
    { id: expect.any(String), resumed: false },
    { id: claims[0]?.id, resumed: true },
  ]);

  const begun = new Promise<Claim>((resolve) => {
    void one.idempotency.run(request('gone'), (claim) => {
      resolve(claim);
      return new Promise<object>(() => undefined);
    });
  });
  const { id } = await begun;
  house.pass(5_001);
  expect(await two.idempotency.run(request('gone'), (claim) => Promise.resolve(claim))).toEqual({
    id,
    resumed: true,
  });
});
