import type { AuditEvent, Bundle, OperationOutcome, Parameters, Subscription } from '@medplum/fhirtypes';
import { Webhook } from 'standardwebhooks';
import { validateResource } from '../../src/fhir';
import { callerWith, type Caller } from '../fhir-face/clients';
import { testHouse, type TestHouse } from '../support/house';
import { until, type Endpoint } from './endpoint';
import { create, endpoints, settled, subscribe as subscribeBy, type Made } from './support';

/** Who may be told what at the moment of delivery, what is kept of it, and what happens to receivers that fail. */
let test: TestHouse;
/** A client of the whole deployment. */
let all: Caller;
const { open: endpoint, close } = endpoints();

beforeAll(async () => {
  test = await testHouse({ WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8' });
  all = await callerWith(test, 'system/*.cruds');
});
afterAll(async () => {
  await test.close();
  close();
});

/** For full resources by PUT. */
function subscribe(
  caller: Caller,
  criteria: string,
  at: { url: string },
  { channel, ...more }: { channel?: object; end?: string } = {},
): Promise<Made> {
  const plain = { type: 'rest-hook', endpoint: at.url, payload: 'application/fhir+json' };
  return subscribeBy(caller, { criteria, channel: { ...plain, ...channel }, ...more });
}

const patient = (family: string, more: object = {}) => ({
  resourceType: 'Patient',
  name: [{ family }],
  ...more,
});
const idsTold = ({ received }: Endpoint): string[] =>
  received.slice(1).map(({ body }) => (JSON.parse(body) as { id: string }).id);
const deliveries = () => test.house.connection.mongoose.collection('notify_deliveries');
const states = async (subscription: string): Promise<string[]> =>
  (await deliveries().find({ subscription }).sort({ number: 1 }).toArray()).map(({ state }) => String(state));

async function practiceClient(
  name: string,
  scope: string,
): Promise<{ practice: string; clientId: string; caller: Caller }> {
  const { id } = await test.house.identity.practices.create(name);
  const caller = await callerWith(test, scope, id);
  const [client] = await test.house.identity.clients.list(id);
  return { practice: id, clientId: client?.clientId ?? '', caller };
}

describe('access is checked at delivery', () => {
  it('tells a client of what its practice and the rows of its scopes leave it, and of nothing else', async () => {
    const { caller: one } = await practiceClient(
      'Access One',
      'system/Subscription.cruds system/Patient.crus?gender=female',
    );
    const { caller: other } = await practiceClient('Access Other', 'system/*.cruds');
    const at = await endpoint();
    const { id } = await subscribe(one, 'Patient?family=Accessed', at);
    const female = (caller: Caller) => create(caller, patient('Accessed', { gender: 'female' }));
    await female(other);
    const mine = await female(one);
    // Written for this practice by somebody who may: still not within the client's rows.
    const { caller: writer } = await practiceClient('Access Writer', 'system/*.cruds');
    const shared = {
      managingOrganization: {
        reference: `Organization/${(await test.house.identity.practices.get('Access One')).id}`,
      },
    };
    await create(writer, patient('Accessed', { ...shared, gender: 'male' }));
    const addressed = await create(writer, patient('Accessed', { ...shared, gender: 'female' }));
    await until(async () => (await states(id)).filter((state) => state !== 'pending').length === 3);
    expect(idsTold(at)).toEqual([mine, addressed]);
    expect((await states(id)).sort()).toEqual(['delivered', 'delivered', 'skipped']);
  });

  it('tells nothing of what waits once the practice lost access, or the client was disabled', async () => {
    const { practice, clientId, caller } = await practiceClient('Access Lost', 'system/*.cruds');
    let isUp = true;
    const at = await endpoint(() => (isUp ? 200 : 503));
    const { id } = await subscribe(caller, 'Patient?family=Lost', at);
    isUp = false;
    const addressed = patient('Lost', { managingOrganization: { reference: `Organization/${practice}` } });
    const taken = await create(all, addressed);
    const kept = await create(all, addressed);
    await until(() => at.calls.length >= 3);
    await test.house.connection.records('Patient').updateOne({ _id: taken }, { $pull: { access: practice } });
    isUp = true;
    await until(async () => !(await states(id)).includes('pending'));
    expect(idsTold(at)).toEqual([kept]);
    isUp = false;
    await create(all, addressed);
    await until(async () => (await states(id)).includes('pending'));
    await test.house.identity.clients.disable(clientId);
    isUp = true;
    await until(async () => !(await states(id)).includes('pending'));
    expect(idsTold(at)).toEqual([kept]);
    expect((await states(id)).filter((state) => state === 'delivered')).toHaveLength(1);
  });

  it('holds criteria that look at other resources against what the owner may see of them', async () => {
    const { practice, caller } = await practiceClient('Guesses', 'system/*.cruds');
    const { caller: theirs } = await practiceClient('Guessed At', 'system/*.cruds');
    const [guess, control, own] = [await endpoint(), await endpoint(), await endpoint()];
    const guessing = 'Patient?_has:Condition:subject:code:text=hidden';
    await subscribe(caller, guessing, guess);
    await subscribe(caller, 'Patient?family=Guessed', control);
    await subscribe(theirs, guessing, own);
    const addressed = patient('Guessed', {
      managingOrganization: { reference: `Organization/${practice}` },
    });
    const subject = await create(theirs, addressed);
    await create(theirs, {
      ...{ resourceType: 'Condition', subject: { reference: `Patient/${subject}` } },
      code: { text: 'hidden' },
    });
    await theirs.send('put', `Patient/${subject}`, { ...addressed, id: subject, gender: 'other' });
    await until(() => idsTold(control).length === 2 && idsTold(own).length === 1);
    expect(idsTold(guess)).toEqual([]);
  });

  it('records each delivery as a disclosure of the patient to the client, with the receiver as agent', async () => {
    const { clientId, practice, caller } = await practiceClient('Disclosed To', 'system/*.cruds');
    const at = await endpoint();
    const { id } = await subscribe(caller, 'Condition?code:text=disclosed', at);
    const subject = await create(caller, patient('Disclosed'));
    const condition = await create(caller, {
      resourceType: 'Condition',
      subject: { reference: `Patient/${subject}` },
      code: { text: 'disclosed' },
    });
    await until(() => at.received.length === 2);
    await until(async () => (await states(id)).includes('delivered'));
    await test.house.audit.flush();
    const { body } = await all.get(`AuditEvent?patient=Patient/${subject}&type=110106`);
    const [event] = ((body as Bundle).entry ?? []).map(({ resource }) => resource as AuditEvent);
    const profile =
      'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PrivacyDisclosure.Source';
    expect(event?.meta?.profile).toEqual([profile]);
    expect(
      validateResource(event as AuditEvent, { profiles: [profile] }).filter(
        ({ severity }) => severity === 'error',
      ),
    ).toEqual([]);
    const recipient = event?.agent.find(({ type }) => type?.coding?.[0]?.code === '110152');
    expect(recipient).toMatchObject({ altId: clientId, network: { address: '127.0.0.1' } });
    expect(event?.agent.map(({ who }) => who?.reference)).toContain(`Organization/${practice}`);
    expect(event?.entity?.map(({ what }) => what?.reference)).toEqual(
      expect.arrayContaining([`Patient/${subject}`, `Condition/${condition}/_history/1`]),
    );
  });
});

describe('what a receiver keeps to itself', () => {
  it('sends the headers asked for, shows their values to their writer alone, and lets nobody else send them elsewhere', async () => {
    const at = await endpoint();
    const made = await subscribe(all, 'Patient?family=Header', at, {
      channel: { header: ['Authorization: Bearer receivers-secret', 'X-Tenant: north'] },
    });
    const { id } = made;
    expect(made.channel.header).toEqual(['Authorization: Bearer receivers-secret', 'X-Tenant: north']);
    const other = await callerWith(test, 'system/*.*');
    const seen = (await other.get(`Subscription/${id}`)).body as Subscription;
    expect(seen.channel.header).toEqual(['Authorization: ***', 'X-Tenant: ***']);
    for (const path of [
      `Subscription/${id}`,
      'Subscription?criteria=Patient',
      `Subscription/${id}/_history`,
      'Subscription/_history',
    ]) {
      expect((await all.get(path)).text).toContain('receivers-secret');
      expect((await other.get(path)).text).not.toContain('receivers-secret');
    }
    const headers = () => at.received.map(({ headers: each }) => [each.authorization, each['x-tenant']]);
    expect(headers()).toEqual([['Bearer receivers-secret', 'north']]);
    // Written back as it is read, it goes on; a new value is taken; elsewhere the old ones are not sent.
    const same = await other.send('put', `Subscription/${id}`, { ...seen, reason: 'read and written' });
    expect(same.body).toMatchObject({ status: 'active', reason: 'read and written' });
    const stolen = await other.send('put', `Subscription/${id}`, {
      ...seen,
      channel: { ...seen.channel, endpoint: 'https://thief.example.org/' },
    });
    expect(stolen.status).toBe(422);
    expect((stolen.body as OperationOutcome).issue?.[0]?.expression).toEqual([
      'Subscription.channel.header[0]',
    ]);
    // Who changes one value does not come to read the others.
    const mixed = await other.send('put', `Subscription/${id}`, {
      ...seen,
      channel: { ...seen.channel, header: ['Authorization: ***', 'X-Tenant: west'] },
    });
    expect(mixed.status).toBe(200);
    expect((await other.get(`Subscription/${id}`)).text).not.toContain('receivers-secret');
    await settled(all, id);
    const renewed = await all.send('put', `Subscription/${id}`, {
      ...made,
      channel: { ...made.channel, header: ['Authorization: ***', 'X-Tenant: south'] },
    });
    expect(renewed.body).toMatchObject({ status: 'requested' });
    await settled(all, id);
    await create(all, patient('Header'));
    await until(() => at.received.length === 4);
    expect(headers().slice(1)).toEqual([
      ['Bearer receivers-secret', 'west'],
      ['Bearer receivers-secret', 'south'],
      ['Bearer receivers-secret', 'south'],
    ]);
  });

  it('signs with the secret of $rotate-secret, with both while the old one lives, then with the new one alone', async () => {
    const at = await endpoint();
    const { id } = await subscribe(all, 'Patient?family=Rotated', at);
    const rotate = async () => {
      const { body } = await all.send('post', `Subscription/${id}/$rotate-secret`, {
        resourceType: 'Parameters',
      });
      return (body as Parameters).parameter?.[0]?.valueString ?? '';
    };
    const verifies = (secret: string): boolean => {
      const { body, headers } = at.received.at(-1) ?? { body: '', headers: {} };
      try {
        new Webhook(secret).verify(body, headers as Record<string, string>);
        return true;
      } catch {
        return false;
      }
    };
    const tell = async () => {
      const before = at.received.length;
      await create(all, patient('Rotated'));
      await until(() => at.received.length > before);
    };
    const first = await rotate();
    await tell();
    expect(verifies(first)).toBe(true);
    const second = await rotate();
    await tell();
    expect([verifies(first), verifies(second)]).toEqual([true, true]);
    // A day later.
    await test.house.connection.mongoose
      .collection<{ _id: string }>('notify_secrets')
      .updateOne({ _id: id }, { $set: { 'previous.until': new Date(0) } });
    await tell();
    expect([verifies(first), verifies(second)]).toEqual([false, true]);
  });

  it('keeps of a refusal what repeats neither the notification nor a secret', async () => {
    const at = await endpoint((count) =>
      count === 2 ? { status: 400, body: 'cannot read Quetzalcoatl of 1990 with k3y-xyz' } : 200,
    );
    const { id } = await subscribe(all, 'Patient?family=Quetzalcoatl', at, {
      channel: { header: ['X-Key: k3y-xyz'] },
    });
    await create(all, patient('Quetzalcoatl', { birthDate: '1990-01-01' }));
    await until(() => at.received.length === 2);
    const attempts = await test.house.notify.webhooks.attempts(id, 10);
    expect(attempts.find(({ status }) => status === 400)?.answer).toBe('cannot read … of … with …-…');
  });
});

describe('receivers that fail', () => {
  it('delay nobody else: others are told while they hang, and one that has failed for long is only probed', async () => {
    let isUp = true;
    const dead = await endpoint(() => (isUp ? 200 : 'hang'));
    const failing = await endpoint(() => ({ status: isUp ? 200 : 500, afterMs: 50 }));
    const well = await endpoint();
    const criteria = 'Patient?family=Patience';
    const hanging = await subscribe(all, criteria, dead);
    const probed = await subscribe(all, criteria, failing);
    await subscribe(all, criteria, well);
    isUp = false;
    await test.house.connection.mongoose
      .collection<{ _id: string }>('notify_queues')
      .updateOne({ _id: probed.id }, { $set: { failingSince: new Date(Date.now() - 120_000) } });
    for (let i = 0; i < 8; i++) await create(all, patient('Patience'));
    await until(() => well.received.length === 9);
    expect(await states(hanging.id)).toEqual(Array.from({ length: 8 }, () => 'pending'));
    expect(dead.calls.length).toBeGreaterThan(1);
    failing.together = 0;
    const before = failing.calls.length;
    await until(() => failing.calls.length >= before + 2);
    expect(failing.together).toBe(1);
    isUp = true;
    await until(() => failing.received.length === 9);
  });

  it('are laid aside as dead after days, and told again by one command', async () => {
    let isUp = true;
    const at = await endpoint(() => (isUp ? 200 : 500));
    const { id } = await subscribe(all, 'Patient?family=Buried', at);
    isUp = false;
    const [first, second] = [await create(all, patient('Buried')), await create(all, patient('Buried'))];
    await until(async () => (await states(id)).length === 2);
    await deliveries().updateMany(
      { subscription: id },
      { $set: { pendingSince: new Date(Date.now() - 97 * 3_600_000) } },
    );
    await until(async () => (await states(id)).every((state) => state === 'dead'));
    isUp = true;
    expect(await test.house.notify.webhooks.replay(id)).toEqual({ replayed: 2 });
    await until(async () => (await states(id)).every((state) => state === 'delivered'));
    expect(idsTold(at).sort()).toEqual([first, second].sort());
  });

  it('are not followed elsewhere: a redirect is a failure', async () => {
    const elsewhere = await endpoint();
    const at = await endpoint(() => ({ status: 307, headers: { Location: elsewhere.url } }));
    const made = await subscribe(all, 'Patient?family=Redirected', at);
    expect(made).toMatchObject({ status: 'error', error: expect.stringContaining('307') as string });
    expect(elsewhere.calls).toEqual([]);
  });
});

describe('the end', () => {
  it('turns off at 410, waits as Retry-After asks, and tells a deleted one nothing', async () => {
    const gone = await endpoint((count) => (count === 1 ? 200 : 410));
    const later = { status: 429, headers: { 'Retry-After': '3' } };
    const busy = await endpoint((count) => (count === 2 ? later : 200));
    const deleted = await endpoint();
    const criteria = 'Patient?family=Ending';
    const first = await subscribe(all, criteria, gone);
    await subscribe(all, criteria, busy);
    const { id } = await subscribe(all, criteria, deleted);
    await all.delete(`Subscription/${id}`);
    const before = Date.now();
    await create(all, patient('Ending'));
    await until(async () => {
      const found = (await all.get(`Subscription/${first.id}`)).body as Subscription;
      return found.status === 'off' && found.error === 'The receiver answered 410 Gone.';
    });
    await until(() => busy.received.length === 2);
    expect(Date.now() - before).toBeGreaterThanOrEqual(3_000);
    expect(busy.calls).toHaveLength(3);
    expect(deleted.received).toHaveLength(1);
  });

  it('turns a Subscription off, and what happens after it is not told', async () => {
    const at = await endpoint();
    const { id } = await subscribe(all, 'Patient?family=Ended', at, {
      end: new Date(Date.now() + 3_000).toISOString(),
    });
    const before = await create(all, patient('Ended'));
    await until(async () => ((await all.get(`Subscription/${id}`)).body as Subscription).status === 'off');
    await create(all, patient('Ended'));
    await test.house.drain();
    expect(idsTold(at)).toEqual([before]);
    const status = ((await all.get(`Subscription/${id}/$status`)).body as Bundle).entry?.[0]
      ?.resource as Parameters;
    expect(status.parameter).toContainEqual({ name: 'events-since-subscription-start', valueString: '1' });
  });
});
