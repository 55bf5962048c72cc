import type { AuditEvent } from '@medplum/fhirtypes';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { toAuditEvent, type AuditDraft } from '../../src/audit';
import { accountsOf, canonicalEvent } from '../../src/audit/event';
import { canonicalJson, proofText } from '../../src/audit/verify';
import { validateResource } from '../../src/fhir';
import { draft } from './house';

const BALP = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.';
const ORIGIN = 'https://crosswalk.test';

function eventOf(changes: Partial<AuditDraft>): AuditEvent {
  return toAuditEvent(draft(changes), { origin: ORIGIN }, new Date());
}

function errorsOf(event: AuditEvent): unknown[] {
  return validateResource(event).filter(({ severity }) => severity === 'error' || severity === 'fatal');
}

const user: AuditDraft['agent'] = {
  kind: 'user',
  id: 'u1',
  name: 'Dr. Ana Ruiz',
  email: 'ana@example.org',
  practitioner: 'pr1',
  practice: 'derm',
  practiceName: 'Skin Clinic',
  address: '2001:db8::7',
};

describe('an AuditEvent keeps the BALP profile of its interaction:', () => {
  it.each<[string, string, Partial<AuditDraft>]>([
    [
      'create',
      'PatientCreate',
      {
        interaction: 'create',
        action: 'C',
        resources: ['ServiceRequest/s1', 'Task/t1', 'Patient/p1', 'Coverage/c1'],
      },
    ],
    [
      'create without patient',
      'Create',
      { interaction: 'create', action: 'C', patients: [], resources: ['Location/l1'] },
    ],
    ['read', 'PatientRead', {}],
    ['read by a user', 'PatientRead', { agent: user, purposeOfUse: 'TREAT' }],
    ['vread', 'PatientRead', { interaction: 'vread', resources: ['Patient/p1/_history/1'] }],
    ['update', 'PatientUpdate', { interaction: 'update', action: 'U', agent: user }],
    ['patch', 'PatientUpdate', { interaction: 'patch', action: 'U' }],
    ['delete', 'PatientDelete', { interaction: 'delete', action: 'D' }],
    ['search', 'PatientQuery', { interaction: 'search', action: 'E', query: 'GET /fhir/R4/Patient?name=a' }],
    [
      'match',
      'Query',
      {
        interaction: 'match',
        action: 'E',
        patients: [],
        resources: ['HealthcareService/h1'],
        details: [{ type: 'score', value: '92' }],
      },
    ],
    ['operation', 'OAUTHaccessTokenUse.Minimal', { interaction: 'operation', action: 'E' }],
    ['transaction', 'OAUTHaccessTokenUse.Minimal', { interaction: 'transaction', action: 'E' }],
    ['refused read', 'OAUTHaccessTokenUse.Minimal', { outcome: '4', outcomeText: '404 not-found' }],
    [
      'login',
      'OAUTHaccessTokenUse.Minimal',
      { interaction: 'login', action: 'E', agent: user, patients: [], resources: [] },
    ],
    [
      'delivery',
      'PrivacyDisclosure.Source',
      {
        interaction: 'delivery',
        action: 'R',
        face: 'worker',
        agent: { kind: 'system', id: 'webhook-1', name: 'Webhook', address: 'example.org' },
      },
    ],
  ])('%s', (_name, profile, changes) => {
    const event = eventOf(changes);
    expect(event.meta?.profile).toEqual([`${BALP}${profile}`]);
    expect(errorsOf(event)).toEqual([]);
  });

  it('and claims none that it does not keep: a failed login without an account', () => {
    const event = eventOf({
      interaction: 'login',
      action: 'E',
      outcome: '4',
      outcomeText: '401 unauthorized',
      patients: [],
      resources: [],
      agent: { kind: 'anonymous', id: 'anonymous', name: 'anonymous', address: '192.0.2.1' },
    });
    expect(event.meta?.profile).toBeUndefined();
    expect(errorsOf(event)).toEqual([]);
    expect(event).toMatchObject({ type: { code: 'rest' }, outcome: '4', outcomeDesc: '401 unauthorized' });
  });
});

describe('an AuditEvent', () => {
  it('says who, which practice, from where, why, with which request, and the facts', () => {
    const facts = [{ type: 'clinical_justification', value: 'Needs a higher level of care' }];
    const event = eventOf({ agent: user, purposeOfUse: 'TREAT', requestId: 'req_1', details: facts });
    const acting = event.agent.find(({ requestor }) => requestor);
    expect(acting).toMatchObject({
      altId: 'ana@example.org',
      name: 'Dr. Ana Ruiz',
      who: { reference: 'Practitioner/pr1', identifier: { value: 'u1' } },
    });
    expect(event.agent.map(({ who }) => who?.reference)).toContain('Organization/derm');
    expect(event.agent[0]?.network).toEqual({ address: '2001:db8::7', type: '2' });
    expect(event.purposeOfEvent?.[0]?.coding?.[0]?.code).toBe('TREAT');
    expect(event.entity?.[0]?.what?.identifier?.value).toBe('req_1');
    expect(event.entity?.flatMap(({ detail }) => detail ?? [])).toEqual([
      { type: 'clinical_justification', valueString: 'Needs a higher level of care' },
    ]);
  });

  it('holds the query and what it returned', () => {
    const event = eventOf({
      interaction: 'search',
      action: 'E',
      query: 'GET /fhir/R4/Task?status=requested',
      resources: ['Task/1', 'Task/2'],
    });
    const query = event.entity?.find((entity) => entity.query !== undefined)?.query ?? '';
    expect(Buffer.from(query, 'base64').toString()).toBe('GET /fhir/R4/Task?status=requested');
    expect(event.entity?.map(({ what }) => what?.reference)).toEqual(
      expect.arrayContaining(['Task/1', 'Task/2']),
    );
  });

  it('is still valid with the proof that an export adds', () => {
    const proof: unknown = JSON.parse(proofText({ sequence: 7, path: 'AAAA', next: 'b', manifest: 'x.y.z' }));
    const event = { ...eventOf({}), extension: [proof] } as unknown as AuditEvent;
    expect(validateResource(event).filter(({ severity }) => severity !== 'information')).toEqual([]);
  });

  it('is valid whatever text its facts carry', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        fc.string(),
        (value, name, query) => {
          const event = eventOf({
            details: [{ type: 'note', value }],
            agent: { ...user, name },
            query,
            interaction: 'search',
            action: 'E',
          });
          expect(errorsOf(event)).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('an access that concerns several patients', () => {
  const patients = ['p1', 'p2', 'p1'];
  const eventsFor = (changes: Partial<AuditDraft>): AuditEvent[] =>
    accountsOf(draft({ patients, ...changes })).map((one) =>
      toAuditEvent(one, { origin: ORIGIN }, new Date()),
    );
  const aboutOf = ({ meta, entity = [] }: AuditEvent): unknown[] => [
    meta?.profile?.[0]?.slice(BALP.length),
    entity.flatMap(({ what }) => what?.reference ?? []),
  ];

  it('has an event for each of them, which names none of the others', () => {
    const read = draft({ patients, resources: ['Appointment/a', 'Patient/p1', 'Patient/p2'] });
    const events = eventsFor(read);
    expect(events.map(aboutOf)).toEqual([
      ['PatientRead', ['Patient/p1', 'Appointment/a', 'Patient/p1']],
      ['PatientRead', ['Patient/p2', 'Appointment/a', 'Patient/p2']],
    ]);
    expect(events[0]?.id).toBe(read.id);
    expect(new Set(events.map(({ id }) => id)).size).toBe(2);
    expect(events.flatMap(errorsOf)).toEqual([]);
  });

  it('and, when it was a search, one more with all that was returned', () => {
    const search = { interaction: 'search', action: 'E', query: 'GET /api/v1/referrals' } as const;
    const events = eventsFor({ ...search, resources: ['ServiceRequest/1', 'ServiceRequest/2'] });
    expect(events.map(aboutOf)).toEqual([
      ['Query', ['ServiceRequest/1', 'ServiceRequest/2']],
      ['PatientQuery', ['Patient/p1']],
      ['PatientQuery', ['Patient/p2']],
    ]);
    expect(events.flatMap(errorsOf)).toEqual([]);
    expect(events.map(({ entity = [] }) => entity[0]?.what?.identifier?.value)).toEqual(
      events.map(() => events[0]?.entity?.[0]?.what?.identifier?.value),
    );
  });

  it('is one event when it failed, and the same events when it is told again', () => {
    expect(eventsFor({ outcome: '4' })).toHaveLength(1);
    const again = draft({ patients });
    expect(accountsOf(again)).toEqual(accountsOf(again));
  });
});

it('is written as canonical JSON, whatever it holds', () => {
  const id = fc.string({ unit: 'binary' });
  const changes: fc.Arbitrary<Partial<AuditDraft>> = fc.record(
    {
      interaction: fc.constantFrom(
        'read',
        'search',
        'create',
        'delete',
        'delivery',
        'login',
        'match',
        'export',
      ),
      action: fc.constantFrom('C', 'R', 'U', 'D', 'E'),
      outcome: fc.constantFrom('0', '4'),
      outcomeText: id,
      face: fc.constantFrom('fhir', 'worker', 'command'),
      purposeOfUse: fc.constantFrom('TREAT', 'urn:x|y'),
      agent: fc.record({ kind: fc.constantFrom('key', 'user', 'system'), id, name: id, address: id }),
      patients: fc.array(fc.uuid(), { maxLength: 2 }),
      resources: fc.array(fc.constantFrom('Task/1', 'Patient/2/_history/1', 'key-7'), { maxLength: 3 }),
      query: id,
      details: fc.array(fc.record({ type: id, value: id }), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(changes, (some) => {
      const event = eventOf(some);
      expect(canonicalEvent(event)).toBe(canonicalize(event));
    }),
  );
});

it('is hashed over the same canonical JSON by the server and by the verifier', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(canonicalJson(value)).toBe(canonicalize(value));
    }),
  );
});
