import type { AuditEvent } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readFormulary } from '../../src/formulary';
import { checkMapping, type Mapping } from '../../src/mapping';
import {
  businessDaysAfter,
  costOf,
  durationText,
  orderMapping,
  orderMedicationMapping,
  orderProductMapping,
  orderServiceMapping,
} from '../../src/orders';
import { readPharmacies } from '../../src/pharmacy';
import {
  dosageMapping,
  prescriptionListMapping,
  prescriptionMapping,
  refillMapping,
  transmissionMapping,
} from '../../src/prescriptions';
import { bare, type Clinic, openClinic, ORDERED, PRESCRIBED } from './pharmacy-support';

/** `RANDOM_BODIES=10000` for the long run. */
const RUNS = Number(process.env['RANDOM_BODIES'] ?? 40);
const PATIENCE_MS = 120_000 + RUNS * 800;

const MAPPINGS: readonly Mapping[] = [
  ...[orderMapping, orderMedicationMapping, orderProductMapping, orderServiceMapping],
  ...[prescriptionMapping, prescriptionListMapping, dosageMapping, transmissionMapping, refillMapping],
];

describe('mappings', () => {
  test('every path of the tables exists in R4, and every table is tried', () => {
    const files = readdirSync(join(__dirname, '../../mappings/dermifi'));
    const ours = files
      .filter((file) => /^(order|prescription|refill)/.test(file))
      .map((file) => `dermifi/${file.slice(0, -5)}`);
    expect(MAPPINGS.map(({ name }) => name).sort()).toEqual(ours.sort());
    for (const mapping of MAPPINGS) expect([mapping.name, checkMapping(mapping)]).toEqual([mapping.name, []]);
  });

  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .filter((value) => value.trim() !== '');
  const given = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 3 });
  const count = fc.integer({ min: 1, max: 999 });

  /** Everything written comes back as it went in. */
  const returns = (
    mapping: Mapping,
    fields: Record<string, fc.Arbitrary<unknown>>,
    view: string,
    context: object = {},
  ): void => {
    fc.assert(
      fc.property(fc.record(fields), (values) => {
        const { bound, issues } = mapping.write(values);
        expect(issues).toEqual([]);
        expect(mapping.read(bound, view, context)).toMatchObject(values);
      }),
      { numRuns: 200 },
    );
  };

  test('prescriptions, items, orders, transmissions and refills come back from FHIR as they went in', () => {
    const medication = fc.record({
      name: text,
      genericName: given(text),
      strength: given(text),
      form: given(text),
      ndcCode: given(text),
      manufacturer: given(text),
    });
    const prescription = {
      rxNumber: text,
      medication,
      sig: text,
      quantity: count,
      quantityUnit: given(text),
      refills: fc.nat(12),
      daysSupply: given(count),
      substitutionAllowed: fc.boolean(),
      indication: given(text),
      icd10Code: given(text),
    };
    returns(prescriptionMapping, prescription, 'created', { now: new Date() });
    const item = {
      name: text,
      quantity: count,
      unit: given(text),
      size: given(text),
      instructions: given(text),
    };
    returns(
      orderMedicationMapping,
      {
        ...item,
        genericName: given(text),
        ndcCode: given(text),
        refills: given(fc.nat(12)),
        daysSupply: given(count),
      },
      'created',
    );
    returns(orderServiceMapping, { ...item, type: fc.constantFrom('lab', 'imaging') }, 'created');
    returns(orderProductMapping, item, 'created');
    returns(
      orderMapping,
      { orderNumber: text, type: text, priority: fc.constantFrom('routine', 'urgent', 'stat') },
      'head',
    );
    returns(transmissionMapping, { method: text, confirmationNumber: text }, 'sent');
    returns(
      refillMapping,
      { requestedBy: given(text), quantity: count, refillNumber: count, approvalReason: given(text) },
      'requested',
    );
    returns(refillMapping, { reason: text, alternativeAction: given(text) }, 'denied');
    returns(refillMapping, { quantity: count, notes: given(text), earlyRefillReason: given(text) }, 'asked');
  });
});

describe('what is worked out', () => {
  test('durations are said in parts that are not zero', () => {
    const after = (minutes: number): string => durationText(new Date(0), new Date(minutes * 60_000));
    expect([270, 60, 1, 61, 120, 0, 1440 + 30, 2 * 1440].map(after)).toEqual([
      '4 hours 30 minutes',
      '1 hour',
      '1 minute',
      '1 hour 1 minute',
      '2 hours',
      '0 minutes',
      '1 day 30 minutes',
      '2 days',
    ]);
  });

  test('business days leave weekends out', () => {
    const after = (day: string): string => businessDaysAfter(new Date(`${day}T22:00:00Z`), 3);
    // Monday, Wednesday, Friday, Saturday, Sunday
    expect(['2024-01-15', '2024-01-17', '2024-01-19', '2024-01-20', '2024-01-21'].map(after)).toEqual([
      '2024-01-18',
      '2024-01-22',
      '2024-01-24',
      '2024-01-24',
      '2024-01-24',
    ]);
  });

  test('what a patient pays and what insurance pays is the price', () => {
    const cents = fc.integer({ min: 0, max: 1_000_000 }).map((value) => value / 100);
    const item = fc.record({
      name: fc.constant('x'),
      quantity: fc.integer({ min: 1, max: 50 }),
      price: cents,
      tax: cents,
    });
    fc.assert(
      fc.property(
        fc.array(item, { minLength: 1, maxLength: 5 }),
        fc.option(cents, { nil: undefined }),
        (items, copay) => {
          const priced = items.map(({ name, quantity, price, tax }) => ({
            name,
            quantity,
            fee: { price, tax, readyMinutes: undefined },
          }));
          const cost = costOf(priced, copay);
          if (cost === undefined) throw new Error('prices are known');
          expect(cost.total - cost.insurance).toBeCloseTo(cost.subtotal + cost.tax, 1);
          expect(cost.copay).toBeLessThanOrEqual(cost.subtotal);
          for (const amount of Object.values(cost)) expect(Math.round(amount * 100) / 100).toBe(amount);
          expect(costOf([...priced, { name: 'y', quantity: 1, fee: undefined }], copay)).toBeUndefined();
        },
      ),
    );
  });

  test('files that cannot be imported whole are refused with every line', () => {
    expect(() => readFormulary('kind,name,ndc,price\nmedication,A,1,x\npotion,,,')).toThrow(
      /line 2: ndc must be a National Drug Code.*line 2: price must be a number.*line 3: name is missing.*line 3: kind must be one of/,
    );
    expect(() => readFormulary('kind,colour\n')).toThrow(/unknown column "colour".*column name is missing/);
    expect(() => readPharmacies('name,ncpdp_id\nA,12')).toThrow(/line 2: ncpdp_id must be seven digits/);
  });
});

describe('over HTTP', () => {
  let clinic: Clinic;
  beforeAll(async () => {
    clinic = await openClinic();
  }, 60_000);
  afterAll(() => clinic.close());

  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.jsonValue(),
    fc.double(),
  );

  /** Bodies of the document with something broken, or not. */
  const broken = (body: object): fc.Arbitrary<Record<string, unknown>> =>
    fc
      .option(
        fc.tuple(
          fc.oneof(fc.constantFrom(...Object.keys(body)), fc.constantFrom('__proto__', 'id', 'x')),
          anything,
        ),
        { freq: 6 },
      )
      .map((change) => {
        const sent: Record<string, unknown> = { ...body };
        if (change !== null)
          Object.defineProperty(sent, change[0], { value: change[1], enumerable: true, configurable: true });
        return sent;
      });
  const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
  const order = fc
    .record({
      name: fc.oneof(word, fc.constantFrom('a|b,c$d\\', 'Tretinoin Cream 0.025%', '%', '-')),
      type: fc.constantFrom('medication', 'lab', 'imaging', 'product'),
      quantity: fc.oneof(fc.integer({ min: -1, max: 5 }), fc.double({ min: 1e-9, max: 1e6 })),
      size: fc.option(word),
      instructions: fc.option(word),
    })
    .chain((item) => broken({ ...ORDERED, items: [item] }));
  const prescription = fc
    .record({ name: word, strength: fc.option(word), form: fc.option(word) })
    .chain((medication) => broken({ ...PRESCRIBED, medication }));

  test(
    'random bodies are answered with 2xx or 4xx, never 5xx',
    async () => {
      const statuses = new Map<number, number>();
      const next = clinic.tokens('provider', { practitioner: '789' });
      const send = async (path: string, body: object): Promise<void> => {
        const { status, text } = await clinic.call('post', path, {
          token: await next(),
          raw: JSON.stringify(body),
        });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (![200, 201, 400, 404, 409, 422].includes(status)) throw new Error(`${status} ${text}`);
      };
      const { id } = await clinic.ask(201, 'post', '/prescriptions', PRESCRIBED);
      const { id: made } = await clinic.ask(201, 'post', '/orders', ORDERED);
      await fc.assert(
        fc.asyncProperty(order, prescription, async (first, second) => {
          await send('/orders', first);
          await send('/prescriptions', second);
        }),
        { numRuns: RUNS },
      );
      await fc.assert(
        fc.asyncProperty(
          broken({ requestedBy: 'patient' }),
          broken({ fulfilledItems: ['item_x'] }),
          async (refill, fulfilment) => {
            await send(`/prescriptions/${id}/refill`, refill);
            await send(`/orders/${made}/fulfill`, fulfilment);
          },
        ),
        { numRuns: Math.ceil(RUNS / 4) },
      );
      expect(statuses.get(201)).toBeGreaterThan(RUNS / 10);
      expect(statuses.get(422)).toBeGreaterThan(RUNS / 10);
    },
    PATIENCE_MS,
  );

  test('each access is in the audit: who, what and about whom', async () => {
    await clinic.patient('watched', {}, 10);
    const body = { ...ORDERED, patientId: 'pat_watched' };
    const { id } = await clinic.ask(201, 'post', '/orders', body);
    await clinic.ask(200, 'get', `/orders/${id}`);
    await clinic.ask(200, 'put', `/orders/${id}/cancel`);
    await clinic.refuse('put', `/orders/${id}/cancel`);
    await clinic.house.audit.flush();
    const events = await clinic.find<AuditEvent>('AuditEvent', `entity=RequestGroup/${bare(id)}&_count=100`);
    expect(events.map(({ action, outcome }) => `${String(action)}${String(outcome)}`).sort()).toEqual([
      'C0',
      'R0',
      'U0',
      'U4',
    ]);
    for (const event of events.filter(({ outcome }) => outcome === '0'))
      expect(JSON.stringify(event)).toContain('Patient/watched');
  });
});
