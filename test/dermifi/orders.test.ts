import type { Invoice, MedicationDispense, RequestGroup } from '@medplum/fhirtypes';
import { serverContext } from '../../src/house';
import { apart, bare, type Clinic, LAB, openClinic, ordersOf } from './pharmacy-support';
import { expectGolden, refusal, UTC, type View } from './support';

let clinic: Clinic;

beforeAll(async () => {
  clinic = await openClinic();
}, 60_000);
afterAll(() => clinic.close());

const { order, read } = ordersOf(() => clinic);
const history = (view: View): unknown[] =>
  (view['statusHistory'] as { status: string }[]).map(({ status }) => status);

describe('the document', () => {
  test('creates an order as in its example, shows and lists it', async () => {
    const view = await order();
    const { id, orderNumber, createdAt, estimatedReadyTime } = view;
    const [first, second] = view.items;
    expect(view).toEqual({
      id,
      orderNumber,
      patientId: 'pat_123',
      providerId: 'prov_789',
      type: 'prescription',
      priority: 'routine',
      status: 'pending',
      items: [
        {
          id: first?.id,
          type: 'medication',
          name: 'Tretinoin Cream 0.025%',
          genericName: 'tretinoin',
          quantity: 1,
          unit: 'tube',
          size: '45g',
          ndcCode: '0187-5162-45',
          instructions: 'Apply thin layer to affected areas nightly',
          refills: 3,
          daysSupply: 90,
        },
        {
          id: second?.id,
          type: 'medication',
          name: 'Clindamycin Gel 1%',
          genericName: 'clindamycin phosphate',
          quantity: 1,
          unit: 'tube',
          size: '30g',
          ndcCode: '0009-3331-02',
          instructions: 'Apply twice daily to affected areas',
          refills: 3,
          daysSupply: 30,
        },
      ],
      pharmacy: { id: 'pharm_456', name: 'CVS Pharmacy', ncpdpId: '1234567' },
      totalCost: { subtotal: 125, insurance: -100, copay: 25, tax: 0, total: 25 },
      createdAt,
      estimatedReadyTime,
    });
    expect(orderNumber).toMatch(/^ORD-\d{4}-\d{4}$/);
    expect(createdAt).toMatch(UTC);
    expect(apart(createdAt, estimatedReadyTime)).toBe(4 * 3_600_000);

    const { updatedAt, ...detail } = await read(id);
    expect(updatedAt).toMatch(UTC);
    expect(detail).toEqual({
      id,
      orderNumber,
      patient: { id: 'pat_123', name: 'John Doe', dateOfBirth: '1985-06-15', phone: '+1 (555) 123-4567' },
      provider: { id: 'prov_789', name: 'Dr. Emily Johnson', npiNumber: '1234567890' },
      type: 'prescription',
      priority: 'routine',
      status: 'pending',
      statusHistory: [{ status: 'pending', timestamp: createdAt, notes: 'Order created' }],
      items: view.items.map((item) => ({
        id: item.id,
        type: 'medication',
        name: item['name'],
        status: 'pending',
        quantity: 1,
        refills: 3,
        prescriptionId: item.id.replace('item_', 'rx_'),
      })),
      pharmacy: { id: 'pharm_456', name: 'CVS Pharmacy', phone: '+1 (555) 678-9012', status: 'pending' },
      createdAt,
    });

    const list = await clinic.ask(
      200,
      'get',
      '/orders?status=pending&patientId=pat_123&startDate=2024-01-01',
    );
    expect(list).toEqual({
      orders: [
        {
          id,
          orderNumber,
          patientName: 'John Doe',
          providerName: 'Dr. Emily Johnson',
          type: 'prescription',
          status: 'pending',
          itemCount: 2,
          totalAmount: 25,
          createdAt,
          priority: 'routine',
          completedAt: null,
        },
      ],
      pagination: { page: 1, limit: 20, total: 1 },
    });

    const names: Record<string, string> = {
      [bare(id)]: 'order',
      [bare(first?.id)]: 'first',
      [bare(second?.id)]: 'second',
      [String(orderNumber)]: 'number',
    };
    const kept = await Promise.all([
      ...(['RequestGroup', 'Task', 'Invoice'] as const).map((type) =>
        clinic.stored<RequestGroup>(type as 'RequestGroup', bare(id)),
      ),
      clinic.stored<RequestGroup>('MedicationRequest' as 'RequestGroup', bare(first?.id)),
      clinic.stored<RequestGroup>('Task' as 'RequestGroup', bare(first?.id)),
    ]);
    expectGolden(
      'order',
      kept.map(({ resource }) => withoutVersion(resource)),
      names,
    );
  });

  test('an order moves on when its prescription is sent, and ends when it is picked up', async () => {
    const { id, items, createdAt } = await order();
    const [first, second] = items;
    await clinic.ask(200, 'post', `/prescriptions/${String(first?.id).replace('item_', 'rx_')}/send`, {
      pharmacyId: 'pharm_456',
    });
    const sent = await read(id);
    expect(sent).toMatchObject({ status: 'processing', pharmacy: { status: 'received' } });
    expect(sent.items.map(({ status }) => status)).toEqual(['sent_to_pharmacy', 'pending']);
    expect(sent['statusHistory']).toMatchObject([
      { status: 'pending', notes: 'Order created' },
      { status: 'processing', notes: 'Sent to pharmacy' },
    ]);

    const partly = await clinic.ask(200, 'post', `/orders/${id}/fulfill`, { fulfilledItems: [second?.id] });
    expect(partly).toMatchObject({
      status: 'processing',
      completionTime: null,
      fulfilledBy: 'pharm_456',
      fulfilledItems: [second?.id],
    });
    const body = {
      fulfilledBy: 'pharm_456',
      fulfilledItems: [first?.id],
      pickupMethod: 'in_store',
      notes: 'Patient picked up at 2:30 PM',
    };
    const twice = await clinic.refuse('post', `/orders/${id}/fulfill`, {
      ...body,
      fulfilledItems: [first?.id, second?.id],
    });
    expect(refusal(twice)).toMatchObject({ status: 409, code: 'CONFLICT' });
    expect(twice.text).toContain('fulfilled');

    // The clock of an order begins when it was authored: an EHR may say so.
    const { resource } = await clinic.stored<RequestGroup>('RequestGroup', bare(id));
    const authoredOn = new Date(Date.now() - (4 * 60 + 30) * 60_000 - 5_000).toISOString();
    await clinic.write({ kind: 'put', resource: { ...resource, id: bare(id), authoredOn } });
    const done = await clinic.ask(200, 'post', `/orders/${id}/fulfill`, body, clinic.pharmacist.token);
    const { fulfilledAt } = done;
    expect(done).toEqual({
      id,
      status: 'completed',
      fulfilledAt,
      fulfilledBy: 'pharm_456',
      fulfilledItems: [first?.id],
      pickupMethod: 'in_store',
      completionTime: '4 hours 30 minutes',
    });
    expect(createdAt).toMatch(UTC);
    const after = await read(id);
    expect(history(after)).toEqual(['pending', 'processing', 'completed']);
    expect(after.items.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    const [listed] = (await clinic.ask(200, 'get', '/orders?status=completed'))['orders'] as View[];
    expect(listed).toMatchObject({ id, completedAt: fulfilledAt });
    const dispenses = await clinic.find<MedicationDispense>(
      'MedicationDispense',
      `prescription=MedicationRequest/${bare(first?.id)}`,
    );
    expect(dispenses).toMatchObject([
      {
        status: 'completed',
        performer: [{ actor: { reference: 'Organization/456' } }],
        note: [{ text: body.notes }],
      },
    ]);
  });

  test('cancels a paid order as in its example', async () => {
    const { id } = await order();
    const { resource } = await clinic.stored<Invoice>('Invoice', bare(id));
    await clinic.write({ kind: 'put', resource: { ...resource, id: bare(id), status: 'balanced' } });
    const body = { reason: 'patient_request', notes: 'Patient found alternative treatment' };
    const view = await clinic.ask(200, 'put', `/orders/${id}/cancel`, body);
    const { refund, cancelledAt } = view;
    expect(view).toEqual({
      id,
      status: 'cancelled',
      cancelledAt,
      cancelledBy: clinic.provider.id,
      ...body,
      refund,
    });
    expect(refund).toEqual({
      amount: 25,
      status: 'processing',
      expectedDate: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) as string,
    });
    const weekday = new Date((refund as { expectedDate: string }).expectedDate).getUTCDay();
    expect([1, 2, 3, 4, 5]).toContain(weekday);
    const again = await clinic.refuse('put', `/orders/${id}/cancel`, body);
    expect(refusal(again)).toMatchObject({ status: 409, code: 'CONFLICT' });
    expect(again.text).toContain('cancelled');
    expect((await read(id)).items.map(({ status }) => status)).toEqual(['cancelled', 'cancelled']);
    const rows = (await clinic.ask(200, 'get', '/prescriptions?status=cancelled'))['prescriptions'] as View[];
    expect(rows).toHaveLength(2);
  });
});

function withoutVersion<T extends RequestGroup>(resource: T): object {
  const { meta, ...rest } = resource;
  const tag = meta?.tag;
  return { ...(tag && { meta: { tag } }), ...rest };
}

test('a practice moves no order but its own, whatever it writes through FHIR', async () => {
  const { id, items } = await order();
  const viewer = { practice: clinic.stranger.practice };
  const task = { resourceType: 'Task' as const, status: 'completed' as const, intent: 'order' as const };
  const transmit = {
    coding: [{ system: 'https://crosswalk.example/fhir/CodeSystem/pharmacy-task', code: 'transmit' }],
  };
  await clinic.house.store.commit(
    [
      { kind: 'create', resource: { ...task, focus: { reference: `RequestGroup/${bare(id)}` } } },
      {
        kind: 'create',
        resource: {
          ...task,
          status: 'received',
          code: transmit,
          focus: { reference: `MedicationRequest/${bare(items[0]?.id)}` },
        },
      },
    ],
    { ...serverContext(), viewer },
  );
  const after = await read(id);
  expect(after).toMatchObject({ status: 'pending', pharmacy: { status: 'pending' } });
  expect(history(after)).toEqual(['pending']);
  expect(after.items.map(({ status }) => status)).toEqual(['pending', 'pending']);
});

describe('at once', () => {
  test('of two cancellations one wins; a fulfilment and a cancellation never both hold', async () => {
    const { id } = await order();
    const cancel = { token: clinic.provider.token, body: {} };
    const answers = await Promise.all(
      [1, 2, 3].map(() => clinic.call('put', `/orders/${id}/cancel`, cancel)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const other = (await order(LAB)).id;
    const both = await Promise.all([
      clinic.call('put', `/orders/${other}/cancel`, cancel),
      clinic.call('post', `/orders/${other}/fulfill`, cancel),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  });
});
