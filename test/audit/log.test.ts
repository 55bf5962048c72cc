import { mongo } from 'mongoose';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { AuditEvent } from '@medplum/fhirtypes';
import { createStore, EVERYTHING } from '../../src/store';
import { auditRules, withFreshEvents, type Audit } from '../../src/audit';
import { intoRecord } from '../../src/audit/publish';
import { extractIndex, indexEntries, parseSearch } from '../../src/search';
import { draft, exportTo, openHouse, verifyText, type House } from './house';

const LOG = ['audit_inbox', 'audit_segments'] as const;

async function eventsIn(audit: Audit, house: House, filter = {}): Promise<AuditEvent[]> {
  const text = await exportTo(audit, join(house.folder, 'log.ndjson'), 'ndjson', filter);
  expect(await verifyText(house.folder, text)).toMatchObject({ ok: true });
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditEvent);
}

describe('the log', () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse();
  });
  afterEach(() => house.close());

  it('has an entry on disk when record resolves, and writes many in one document', async () => {
    await Promise.all(Array.from({ length: 500 }, () => house.audit.trail.record(draft())));
    const documents = await house.connection.collection(LOG[0]).find().toArray();
    expect(documents.reduce((sum, { count }) => sum + Number(count), 0)).toBe(500);
    expect(documents.length).toBeLessThan(20);
  });

  it('takes what a relay brings twice only once', async () => {
    const drafts = [draft(), draft(), draft()];
    await house.audit.fromRelay(drafts);
    await house.audit.fromRelay(drafts.slice(1));
    await house.audit.flush();
    await house.audit.fromRelay(drafts);
    expect((await eventsIn(house.audit, house)).map(({ id }) => id)).toEqual(drafts.map(({ id }) => id));
  });

  it('grows from several processes without a fork, a gap or a loss', async () => {
    const { audit: second } = await house.another();
    const { audit: third } = await house.another();
    const audits = [house.audit, second, third];
    const ids = new Set<string>();
    for (let round = 0; round < 5; round += 1) {
      const work = audits.flatMap((audit) =>
        Array.from({ length: 70 }, () => {
          const one = draft();
          ids.add(one.id);
          return audit.trail.record(one);
        }),
      );
      await Promise.all([...work, ...audits.map((audit) => audit.flush())]);
    }
    const events = await eventsIn(second, house);
    expect(new Set(events.map(({ id }) => id))).toEqual(ids);
    expect(events).toHaveLength(ids.size);
    // More than a block of 1,024 events: proofs reach across blocks, for filtered exports too.
    expect(events.length).toBeGreaterThan(1_024);
    await third.trail.record(draft({ patients: ['rare'] }));
    expect(await eventsIn(third, house, { patient: 'rare' })).toHaveLength(1);
  });

  it('is the same when a process died between any two steps of sealing', async () => {
    await house.audit.trail.record(draft());
    await house.audit.flush();
    await Promise.all(Array.from({ length: 5 }, () => house.audit.trail.record(draft())));
    const inbox = await house.connection.collection(LOG[0]).find().toArray();
    await house.audit.flush();
    // As if it had died right after the segment was there: nothing published, nothing taken out of the inbox.
    await house.connection.collection(LOG[0]).insertMany(inbox);
    await house.connection
      .collection<{ _id: number }>(LOG[1])
      .updateOne({ _id: 1 }, { $set: { done: false } });
    await house.connection
      .collection<{ _id: string }>('audit_state')
      .updateOne({ _id: 'published' }, { $set: { next: 1 } });
    await house.connection.records('AuditEvent').deleteMany({});
    await house.audit.trail.record(draft());
    expect(await eventsIn(house.audit, house)).toHaveLength(7);
    await house.audit.flush();
    expect(await house.connection.records('AuditEvent').countDocuments({})).toBe(6);
  });

  it('shows what somebody changed in the database', async () => {
    await house.audit.trail.record(draft());
    await house.audit.trail.record(draft({ patients: ['p9'] }));
    await house.audit.flush();
    const segments = house.connection.collection<{ _id: number; events: mongo.Binary }>(LOG[1]);
    const { inflateSync, deflateSync } = await import('node:zlib');
    for (const segment of await segments.find().toArray()) {
      const text = inflateSync(Buffer.from(segment.events.value()))
        .toString()
        .replaceAll('Patient/p9', 'Patient/p8');
      await segments.updateOne(
        { _id: segment._id },
        { $set: { events: new mongo.Binary(deflateSync(text)) } },
      );
    }
    const verdict = await verifyText(
      house.folder,
      await exportTo(house.audit, join(house.folder, 'x'), 'bundle'),
    );
    expect(verdict).toMatchObject({ ok: false, wrong: 1, findings: [{ how: 'altered', position: 2 }] });
  });

  it('keeps nobody waiting who asks for more than can be made searchable soon, and goes on with it', async () => {
    const { audit, connection } = await house.another({
      publish: async (events) => {
        await setTimeout(60);
        await intoRecord(connection)(events);
      },
    });
    const store = withFreshEvents(createStore({ connection }), audit, 50);
    await Promise.all(Array.from({ length: 250 }, () => audit.trail.record(draft())));
    const search = parseSearch('AuditEvent', 'patient=p1&_summary=count');
    await expect(store.search(EVERYTHING, search)).rejects.toMatchObject({
      status: 503,
      headers: { 'Retry-After': '10' },
    });
    audit.start();
    const published = (): Promise<number> => connection.records('AuditEvent').countDocuments({});
    while ((await published()) < 250) await setTimeout(20);
    expect(await store.search(EVERYTHING, search)).toMatchObject({ total: 250 });
  });

  it('keeps nobody waiting for one step that does not come to its end', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { audit, connection } = await house.another({ publish: () => gate });
    const store = withFreshEvents(createStore({ connection }), audit, 1_000);
    await audit.trail.record(draft());
    await expect(store.read(EVERYTHING, 'AuditEvent', 'one')).rejects.toMatchObject({ status: 503 });
    release();
    await audit.flush();
  });

  it('can be read and searched as AuditEvents by the practice that acted, and not be changed', async () => {
    const store = withFreshEvents(
      createStore({ connection: house.connection, rules: auditRules }),
      house.audit,
    );
    const one = draft();
    await house.audit.trail.record(one);
    await house.audit.trail.record(draft({ patients: ['p2'], resources: ['Patient/p2'] }));
    const search = parseSearch(
      'AuditEvent',
      'patient=p1&action=R&outcome=0&agent-name=front&address=192.0.2.7&entity=Patient/p1/_history/3',
    );
    expect((await store.search(EVERYTHING, search)).matches.map(({ id }) => id)).toEqual([one.id]);
    const stored = await store.read({ practice: 'sonora' }, 'AuditEvent', one.id);
    expect(stored?.resource).toEqual(
      (await eventsIn(house.audit, house)).map(({ extension: _proof, ...event }) => event)[0],
    );
    expect(await store.read({ practice: 'other' }, 'AuditEvent', one.id)).toBeUndefined();
    // Most of an event's index is worked out once for all that are alike: it must be the index of the event itself.
    const published = await house.connection.records('AuditEvent').find({}).toArray();
    for (const { resource, index, ranges, sort, list = [], access } of published) {
      const whole = indexEntries(extractIndex(resource), access, 'AuditEvent');
      const bag = (values: readonly unknown[]): string[] =>
        values.map((value) => JSON.stringify(value)).sort();
      expect([bag(index), bag(ranges), sort, bag(list)]).toEqual([
        bag(whole.index),
        bag(whole.ranges),
        whole.sort,
        bag(whole.list ?? []),
      ]);
    }
    const context = { viewer: EVERYTHING, requestId: 'r', author: { id: 'x', name: 'x', kind: 'user' } };
    await expect(
      store.commit([{ kind: 'delete', type: 'AuditEvent', id: one.id }], context),
    ).rejects.toMatchObject({ status: 405 });
    const changed = { ...(stored?.resource as AuditEvent), id: one.id, outcome: '4' as const };
    await expect(store.commit([{ kind: 'put', resource: changed }], context)).rejects.toMatchObject({
      status: 405,
    });
  });
});

it('refuses with 503 when the trail cannot be written', async () => {
  const house = await openHouse();
  await house.connection.close();
  await expect(house.audit.trail.record(draft())).rejects.toMatchObject({ status: 503 });
  await house.database.close();
});

describe('retention', () => {
  it('removes what is older than the policy, proves the rest, and says that it did', async () => {
    const house = await openHouse();
    try {
      await house.audit.trail.record(draft({ at: new Date('2001-02-03T04:05:06Z') }));
      await house.audit.flush();
      await house.audit.trail.record(draft());
      await house.audit.flush();
      const by = { kind: 'system', id: 'command', name: 'root', address: 'host' } as const;
      await expect(house.audit.retention.setPolicy(5, by)).rejects.toMatchObject({ status: 422 });
      await house.audit.retention.setPolicy(7, by);
      expect(await house.audit.retention.apply(by, { dryRun: true })).toMatchObject({ events: 1 });
      expect(await house.audit.retention.apply(by, { dryRun: false })).toMatchObject({
        events: 1,
        first: 0,
        last: 0,
      });
      const left = await eventsIn(house.audit, house);
      await house.audit.flush();
      expect(left.map(({ action }) => action)).toEqual(['R', 'U', 'D']);
      expect(await house.connection.records('AuditEvent').countDocuments({})).toBe(3);
    } finally {
      await house.close();
    }
  });
});
