/** AuditEvents have fewer index entries than others: what is found must be the same. */
import type { AuditEvent, Coding } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { matchesInMemory, parseSearch } from '../../src/search';
import { EVERYTHING, type Viewer } from '../../src/store';
import { as, type TestStore, testStore } from '../store/support';

const coding: fc.Arbitrary<Coding> = fc.record(
  {
    system: fc.constantFrom('urn:a', 'urn:b'),
    code: fc.constantFrom('x', 'X', 'y', 'x|y'),
    display: fc.constantFrom('Export', 'Export of a patient', 'Import'),
  },
  { requiredKeys: [] },
);
const identifier = fc.record(
  { system: fc.constantFrom('urn:a', 'urn:b'), value: fc.constantFrom('1', '2', '|3') },
  { requiredKeys: ['value'] },
);
const event: fc.Arbitrary<AuditEvent> = fc
  .record({
    type: coding,
    subtype: fc.array(coding, { maxLength: 2 }),
    who: identifier,
    entity: fc.array(fc.record({ type: coding, patient: fc.constantFrom('a', 'b') }), { maxLength: 2 }),
    text: fc.option(fc.constantFrom('Export', 'Role'), { nil: undefined }),
  })
  .map(({ type, subtype, who, entity, text }) => ({
    resourceType: 'AuditEvent',
    type,
    subtype,
    recorded: '2026-11-22T08:00:00Z',
    agent: [{ requestor: true, who: { identifier: who }, role: text === undefined ? [] : [{ text }] }],
    source: { observer: { display: 'here' } },
    entity: entity.map((each) => ({ type: each.type, what: { reference: `Patient/${each.patient}` } })),
  }));

const parameter = fc.constantFrom('type', 'subtype', 'entity-type', 'agent-role');
const token = fc
  .tuple(fc.constantFrom('', '|', 'urn:a|', 'urn:b|'), fc.constantFrom('x', 'Y', 'x|y', 'z'))
  .map(([system, code]) => system + code);
const pair = (name: string, value: string): string => new URLSearchParams([[name, value]]).toString();
const query = fc.oneof(
  fc.tuple(parameter, fc.constantFrom('', ':not'), token).map(([p, not, t]) => pair(p + not, t)),
  fc.tuple(parameter, token, token).map(([p, a, b]) => pair(p, `${a},${b}`)),
  fc.tuple(parameter, fc.constantFrom('urn:a|', 'urn:b|')).map(([p, system]) => pair(p, system)),
  fc.tuple(parameter, fc.constantFrom('Exp', 'import', 'role')).map(([p, text]) => pair(`${p}:text`, text)),
  fc.tuple(parameter, fc.boolean()).map(([p, missing]) => pair(`${p}:missing`, String(missing))),
  fc.constantFrom('1', 'urn:a|1', '|2', 'urn:b||3').map((who) => pair('agent:identifier', who)),
  fc.constantFrom('Patient/a', 'Patient/b').map((patient) => pair('entity', patient)),
  fc
    .tuple(parameter, token, parameter, token)
    .map(([p, a, q, b]) => pair('_filter', `${p} eq ${a} or not (${q} eq ${b})`)),
);

describe('AuditEvents', () => {
  let opened: TestStore;
  let events: (AuditEvent & { id: string })[] = [];
  beforeAll(async () => {
    opened = await testStore();
    events = fc.sample(event, { numRuns: 120, seed: 3 }).map((one, i) => ({ ...one, id: `e${i}` }));
    const changes = events.map((resource, i) => ({
      kind: 'put' as const,
      resource,
      share: [`practice-${i % 2}`],
    }));
    await opened.store.commit(changes, as());
  });
  afterAll(() => opened.close());

  test('are found as in memory, by the whole deployment and by a practice, listed and counted', async () => {
    const queries = fc.array(query, { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(queries, fc.boolean(), async (parts, isPractice) => {
        const request = parseSearch('AuditEvent', `${parts.join('&')}&_count=1000&_total=accurate`);
        const viewer: Viewer = isPractice ? { practice: 'practice-0' } : EVERYTHING;
        const expected = events
          .filter((_, i) => !isPractice || i % 2 === 0)
          .filter((one) => matchesInMemory(request, one))
          .map(({ id }) => id);
        const { matches, total } = await opened.store.search(viewer, request);
        expect(matches.map(({ id }) => id).sort()).toEqual(expected.sort());
        expect(total).toBe(expected.length);
      }),
      { numRuns: 60 },
    );
  });

  test('have of a code neither system nor text in the index', async () => {
    const stored = await opened.connection.records('AuditEvent').find({}).toArray();
    const coded = stored.flatMap(({ index }) => {
      const fields = index.flatMap((entry) => /^([^:]+):=/.exec(entry)?.[1] ?? []);
      return index.filter((entry) => fields.some((field) => entry.startsWith(`${field}:`)));
    });
    expect(coded.length).toBeGreaterThan(stored.length);
    expect(coded.filter((entry) => /:[|"]/.test(entry))).toEqual([]);
  });
});
