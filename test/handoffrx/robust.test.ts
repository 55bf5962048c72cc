import type { AuditEvent, ResourceType } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { EVERYTHING } from '../../src/store';
import { parseSearch } from '../../src/search';
import { type Api, DOCUMENTED, openApi } from './support';

/** Whatever comes in: what is answered, what is left behind, and what the audit says. */
let api: Api;

beforeAll(async () => {
  api = await openApi();
  await api.practice('Sonora Behavioral Health');
}, 60_000);
afterAll(() => api.close());

/** `RANDOM_BODIES=10000` for the long run. */
const RUNS = Number(process.env['RANDOM_BODIES'] ?? 40);
const PATIENCE_MS = 60_000 + RUNS * 400;

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string({ maxLength: 300 }),
);
const valid = fc.record(
  {
    client_first: fc.oneof(
      fc.constantFrom('Maria', 'maria', 'Mario'),
      fc.string({ unit: 'grapheme', minLength: 1 }),
    ),
    client_last: fc.constantFrom('Hernandez', "O'Brien, Jr.", 'a|b$c\\d', '李'),
    client_dob: fc.option(fc.constantFrom('1985-03-15', '2000-02-29')),
    client_ahcccs_id: fc.option(fc.constantFrom('AZ1', 'AZ|2,3')),
    client_insurance: fc.option(fc.constantFrom('AHCCCS', 'Banner')),
    sent_to_practice: fc.constantFrom('Sonora Behavioral Health', 'Elsewhere'),
    service_needed: fc.string({ unit: 'grapheme', minLength: 1 }),
    level_of_care: fc.constantFrom('IOP', 'detox', 'Something else'),
    diagnosis: fc.option(fc.constantFrom('F10.20', 'Z72.0')),
    risk_level: fc.option(fc.constantFrom('low', 'medium', 'high')),
    is_urgent: fc.option(fc.boolean()),
    clinical_justification: fc.string({ minLength: 10, maxLength: 60 }),
  },
  {
    requiredKeys: [
      'client_first',
      'client_last',
      'sent_to_practice',
      'service_needed',
      'level_of_care',
      'clinical_justification',
    ],
  },
);
const breakage = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...Object.keys(DOCUMENTED)), fc.oneof(anyText, fc.jsonValue())),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.oneof(anyText, fc.constantFrom('__proto__', 'constructor', 'id')), fc.jsonValue()),
  },
);

test(
  'random bodies are 201 or 4xx; what is created reads back as sent, what is refused leaves nothing',
  async () => {
    const { id } = await api.practice('Random Practice');
    const nextKey = api.keyring(id);
    let created = 0;
    await fc.assert(
      fc.asyncProperty(valid, breakage, fc.boolean(), async (body, broken, isArray) => {
        const sent: Record<string, unknown> = { ...body };
        if (broken !== undefined)
          Object.defineProperty(sent, broken[0], { value: broken[1], enumerable: true, configurable: true });
        const raw = JSON.stringify(broken !== undefined && isArray && broken[0] === 'id' ? [sent] : sent);
        const { status, body: answer } = await api.call('post', '/referrals', { key: await nextKey(), raw });
        expect([201, 422, 413]).toContain(status);
        if (status !== 201) return;
        created += 1;
        const read = await api.call('get', `/referrals/${(answer as { id: string }).id}`, {
          key: await nextKey(),
        });
        expect(read.body).toEqual(answer);
        const given = Object.entries(JSON.parse(raw) as object).filter(([, value]) => value !== null);
        expect(answer).toMatchObject(Object.fromEntries(given));
      }),
      { numRuns: RUNS },
    );
    const count = async (type: ResourceType): Promise<number> => {
      const { total } = await api.house.store.search({ practice: id }, parseSearch(type, '_summary=count'));
      return total ?? -1;
    };
    expect(created).toBeGreaterThan(RUNS / 5);
    expect([await count('ServiceRequest'), await count('Task')]).toEqual([created, created]);
    expect(await count('Patient')).toBeLessThanOrEqual(created);
  },
  PATIENCE_MS,
);

test(
  'random patches are 200 or 4xx',
  async () => {
    const { id: practice, key } = await api.practice('Random Patches');
    const nextKey = api.keyring(practice);
    const { body } = await api.call('post', '/referrals', { key, body: DOCUMENTED });
    const { id } = body as { id: string };
    const change = fc.record(
      {
        status: fc.oneof(fc.constantFrom('accepted', 'pending'), fc.jsonValue()),
        outcome_notes: fc.oneof(anyText, fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(change, async (patch) => {
        const { status } = await api.call('patch', `/referrals/${id}`, {
          key: await nextKey(),
          raw: JSON.stringify(patch),
        });
        expect([200, 422]).toContain(status);
      }),
      { numRuns: Math.ceil(RUNS / 5) },
    );
  },
  PATIENCE_MS,
);

test('each access is in the audit: who, what, and what it must prove', async () => {
  const { id: practice, key } = await api.practice('Audited Practice');
  const stranger = await api.practice('Stranger');
  const body = { ...DOCUMENTED, client_ahcccs_id: randomUUID() };
  const created = await api.call('post', '/referrals', { key, body, headers: { 'Idempotency-Key': 'once' } });
  const { id } = created.body as { id: string };
  await api.call('post', '/referrals', { key, body, headers: { 'Idempotency-Key': 'once' } });
  await api.call('get', `/referrals/${id}`, { key });
  await api.call('get', '/referrals?status=pending', { key });
  await api.call('patch', `/referrals/${id}`, { key, body: { status: 'accepted' } });
  await api.call('patch', `/referrals/${id}`, { key, body: { status: 'pending' } });
  await api.call('get', `/referrals/${id}`, { key: stranger.key });
  await api.call('post', '/match', { key, body: { level_of_care: 'IOP', insurance: 'AHCCCS' } });
  await api.house.audit.flush();

  const page = await api.house.store.search(
    EVERYTHING,
    parseSearch('AuditEvent', `entity=ServiceRequest/${id}&_count=100&_sort=date`),
  );
  const events = page.matches.map(({ resource }) => resource as AuditEvent);
  const seen = events.map(({ action, outcome }) => `${String(action)}${String(outcome)}`);
  expect([...seen].sort()).toEqual(['C0', 'C0', 'E0', 'R0', 'R4', 'U0', 'U4']);
  for (const event of events) expect(JSON.stringify(event.agent)).toContain('127.0.0.1');
  const made = events.find(
    (event) => event.action === 'C' && JSON.stringify(event).includes('clinical_justification'),
  );
  expect(JSON.stringify(made)).toContain(DOCUMENTED.clinical_justification);
  expect(JSON.stringify(made)).toMatch(/Patient\//);
  expect(JSON.stringify(made)).toContain(practice);

  const own = await api.house.store.search(
    EVERYTHING,
    parseSearch('AuditEvent', `agent=Organization/${practice}&_count=500`),
  );
  const match = own.matches
    .map(({ resource }) => JSON.stringify(resource))
    .find((text) => text.includes('input.level_of_care'));
  expect(match).toContain('AHCCCS');
});
