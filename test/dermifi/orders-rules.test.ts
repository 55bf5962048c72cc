import type { RequestGroup, Task } from '@medplum/fhirtypes';
import { serverContext } from '../../src/house';
import { bare, type Clinic, LAB, openClinic, ORDERED, ordersOf } from './pharmacy-support';
import { refusal, type View } from './support';

let clinic: Clinic;

beforeAll(async () => {
  clinic = await openClinic();
}, 60_000);
afterAll(() => clinic.close());

const { order, read } = ordersOf(() => clinic);

describe('rules', () => {
  test('an unknown drug, test or product is accepted with null, and makes the total unknown', async () => {
    const items = [
      ...ORDERED.items,
      { type: 'medication', name: 'Unobtainium Balm' },
      // A first word of which nothing is left to search for: an accent alone.
      { type: 'product', name: '\u0301 Gauze' },
    ];
    const view = await order({ items });
    expect(view).toMatchObject({ totalCost: null, estimatedReadyTime: null });
    expect(view.items[2]).toMatchObject({
      genericName: null,
      ndcCode: null,
      refills: null,
      daysSupply: null,
      quantity: 1,
    });
    const cancelled = await clinic.ask(200, 'put', `/orders/${view.id}/cancel`);
    expect(cancelled).toMatchObject({ refund: null, reason: null, notes: null });
  });

  test('without insurance the patient pays all; the copay is never more than the price; taxes add up', async () => {
    await clinic.patient('uninsured');
    const products = [
      { type: 'product', name: 'Broad Spectrum Sunscreen SPF 50', quantity: 2 },
      { type: 'lab', name: 'lipid panel' },
    ];
    const body = { ...LAB, type: 'product', items: products };
    expect(await order({ ...body, patientId: 'pat_uninsured' })).toMatchObject({
      totalCost: { subtotal: 76, insurance: 0, copay: 0, tax: 4.08, total: 80.08 },
      pharmacy: null,
    });
    await clinic.patient('rich', {}, 500);
    expect(await order({ ...body, patientId: 'pat_rich' })).toMatchObject({
      totalCost: { subtotal: 76, insurance: 0, copay: 76, tax: 4.08, total: 80.08 },
    });
  });

  test('a pharmacy that is only described is kept as it was described', async () => {
    const { id, pharmacy } = await order({
      pharmacy: { name: 'Corner Drugs', phone: '+1 (555) 000-1111', address: '1 Elm St' },
    });
    expect(pharmacy).toEqual({ id: null, name: 'Corner Drugs', ncpdpId: null });
    expect((await read(id))['pharmacy']).toEqual({
      id: null,
      name: 'Corner Drugs',
      phone: '+1 (555) 000-1111',
      status: 'pending',
    });
  });

  test('what does not fit is refused, all of it at once', async () => {
    const bad = await clinic.refuse('post', '/orders', {
      ...ORDERED,
      type: 'surgery',
      priority: 'whenever',
      items: [{ type: 'medication', quantity: -1, colour: 'red' }],
      shipping: { method: 'mail', carrier: 'x' },
    });
    expect(refusal(bad)).toMatchObject({ status: 422, code: 'VALIDATION_ERROR' });
    expect(refusal(bad).fields.sort()).toEqual([
      'items[0].colour',
      'items[0].name',
      'items[0].quantity',
      'priority',
      'shipping.carrier',
      'type',
    ]);
    const nowhere = await clinic.refuse('post', '/orders', {
      ...ORDERED,
      patientId: 'pat_none',
      providerId: 'doc_1',
      pharmacy: { id: 'pharm_none' },
    });
    expect(refusal(nowhere)).toEqual({
      status: 422,
      code: 'VALIDATION_ERROR',
      fields: ['patientId', 'providerId', 'pharmacy.id'],
    });
    const pharmacy = await clinic.refuse('post', '/orders', { ...ORDERED, pharmacy: { id: 'pharm_none' } });
    expect(refusal(pharmacy)).toEqual({ status: 422, code: 'VALIDATION_ERROR', fields: ['pharmacy.id'] });
    await clinic.patient('gone', { active: false });
    expect(
      refusal(await clinic.refuse('post', '/orders', { ...ORDERED, patientId: 'pat_gone' })),
    ).toMatchObject({ status: 409 });
    const { id, items } = await order(LAB);
    const unknown = await clinic.refuse('post', `/orders/${id}/fulfill`, {
      fulfilledItems: [items[0]?.id, 'item_none'],
    });
    expect(refusal(unknown)).toEqual({
      status: 422,
      code: 'VALIDATION_ERROR',
      fields: ['fulfilledItems[1]'],
    });
    const by = await clinic.refuse('post', `/orders/${id}/fulfill`, { fulfilledBy: 'pharm_none' });
    expect(refusal(by)).toEqual({ status: 422, code: 'VALIDATION_ERROR', fields: ['fulfilledBy'] });
    for (const query of ['status=lost', 'page=0', 'limit=0', 'startDate=yesterday', 'colour=red']) {
      expect(refusal(await clinic.refuse('get', `/orders?${query}`))).toMatchObject({
        status: 400,
        code: 'BAD_REQUEST',
      });
    }
    // Times that no dateTime of FHIR can be: the parameter is named, not the search that is made of it.
    for (const time of ['2024-01-01T24:00:00Z', '2024-01-01T10:00:00-15:00', '2024-01-01T10:60Z']) {
      expect(refusal(await clinic.refuse('get', `/orders?startDate=${time}`)).fields).toEqual(['startDate']);
    }
    const unreadable = await clinic.refuse('get', '/orders/ord_%E0%A4%A');
    expect(refusal(unreadable)).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
    expect(unreadable.body).toMatchObject({ error: { message: expect.stringContaining('path') } });
    expect(refusal(await clinic.refuse('get', '/orders/ord_none'))).toMatchObject({
      status: 404,
      code: 'NOT_FOUND',
    });
    expect(refusal(await clinic.refuse('put', '/orders/pat_123/cancel'))).toMatchObject({ status: 404 });
  });

  test('rights: prescribing needs prescribe, a pharmacy may fulfil, a reader only read', async () => {
    const forbidden = { status: 403, code: 'FORBIDDEN' };
    expect(refusal(await clinic.refuse('post', '/orders', ORDERED, clinic.staff.token))).toMatchObject(
      forbidden,
    );
    expect(
      refusal(await clinic.refuse('post', '/orders', { ...ORDERED, type: 'product' }, clinic.staff.token)),
    ).toMatchObject(forbidden);
    const { id } = await clinic.ask(201, 'post', '/orders', { ...ORDERED, ...LAB }, clinic.staff.token);
    expect(
      refusal(await clinic.refuse('post', `/orders/${id}/fulfill`, {}, clinic.reader.token)),
    ).toMatchObject(forbidden);
    expect(
      refusal(await clinic.refuse('put', `/orders/${id}/cancel`, {}, clinic.pharmacist.token)),
    ).toMatchObject(forbidden);
    expect(await clinic.ask(200, 'get', `/orders/${id}`, undefined, clinic.reader.token)).toMatchObject({
      id,
    });
    expect(await clinic.ask(200, 'post', `/orders/${id}/fulfill`, {}, clinic.pharmacist.token)).toMatchObject(
      { status: 'completed' },
    );
  });

  test('another practice sees nothing and changes nothing', async () => {
    const { id } = await order(LAB);
    const { token } = clinic.stranger;
    expect(refusal(await clinic.refuse('get', `/orders/${id}`, undefined, token))).toMatchObject({
      status: 404,
    });
    expect(refusal(await clinic.refuse('put', `/orders/${id}/cancel`, {}, token))).toMatchObject({
      status: 404,
    });
    expect(refusal(await clinic.refuse('post', `/orders/${id}/fulfill`, {}, token))).toMatchObject({
      status: 404,
    });
    expect(refusal(await clinic.refuse('post', '/orders', ORDERED, token)).fields).toContain('patientId');
    expect(await clinic.ask(200, 'get', '/orders', undefined, token)).toMatchObject({
      orders: [],
      pagination: { total: 0 },
    });
    expect(await clinic.ask(200, 'get', '/orders?patientId=pat_123', undefined, token)).toMatchObject({
      orders: [],
    });
  });

  test('lists filter by provider and time, and page', async () => {
    await clinic.patient('paged');
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await order({ ...LAB, patientId: 'pat_paged' })).id);
    const rows = async (query: string): Promise<string[]> =>
      ((await clinic.ask(200, 'get', `/orders?patientId=pat_paged&${query}`))['orders'] as View[]).map(
        ({ id }) => id,
      );
    expect((await rows('limit=2')).concat(await rows('limit=2&page=2'))).toEqual([...ids].reverse());
    expect(await rows('page=9')).toEqual([]);
    expect(await rows('providerId=prov_789')).toHaveLength(3);
    expect(await rows('providerId=prov_790')).toEqual([]);
    expect(await rows('providerId=789')).toEqual([]);
    const today = new Date().toISOString().slice(0, 10);
    expect(await rows(`endDate=${today}&startDate=${today}`)).toHaveLength(3);
    expect(await rows('endDate=2024-12-31')).toEqual([]);
    expect(await rows('startDate=2999-01-01T00:00:00Z')).toEqual([]);
  });
});

describe('with an EHR', () => {
  test('what it writes on the Task and the RequestGroup is the status of the order', async () => {
    const { id } = await order(LAB);
    const { resource: task } = await clinic.stored<Task>('Task', bare(id));
    await clinic.write({ kind: 'put', resource: { ...task, id: bare(id), status: 'in-progress' } });
    expect(await read(id)).toMatchObject({
      status: 'processing',
      statusHistory: [{ status: 'pending' }, { status: 'processing' }],
    });
    expect(await clinic.ask(200, 'get', '/orders?status=processing')).toMatchObject({ orders: [{ id }] });
    const { resource: group } = await clinic.stored<RequestGroup>('RequestGroup', bare(id));
    await clinic.write({ kind: 'put', resource: { ...group, id: bare(id), status: 'revoked' } });
    expect(await read(id)).toMatchObject({ status: 'cancelled' });
    expect((await clinic.stored<Task>('Task', bare(id))).resource.status).toBe('cancelled');
    expect(refusal(await clinic.refuse('post', `/orders/${id}/fulfill`))).toMatchObject({ status: 409 });
  });

  test('an order of its own has a vendor id from the start', async () => {
    const share = [clinic.provider.practice];
    const request = {
      resourceType: 'ServiceRequest' as const,
      id: 'ehr-lab',
      status: 'active' as const,
      intent: 'order' as const,
      subject: { reference: 'Patient/123' },
      code: { text: 'Zinc' },
    };
    const group = {
      resourceType: 'RequestGroup' as const,
      id: 'ehr-order',
      status: 'active' as const,
      intent: 'order' as const,
      subject: { reference: 'Patient/123' },
      authoredOn: '2025-02-03T10:00:00Z',
      action: [{ resource: { reference: 'ServiceRequest/ehr-lab' } }],
    };
    await clinic.house.store.commit(
      [request, group].map((resource) => ({ kind: 'put' as const, resource, share })),
      serverContext(),
    );
    expect(await read('ord_ehr-order')).toMatchObject({
      orderNumber: null,
      status: 'pending',
      provider: null,
      pharmacy: null,
      items: [{ id: 'item_ehr-lab', name: 'Zinc', status: 'pending' }],
      statusHistory: [{ status: 'pending', timestamp: '2025-02-03T10:00:00Z', notes: null }],
    });
    expect(await clinic.ask(200, 'post', '/orders/ord_ehr-order/fulfill')).toMatchObject({
      status: 'completed',
    });
    expect(await read('ord_ehr-order')).toMatchObject({
      status: 'completed',
      items: [{ status: 'fulfilled' }],
    });
  });
});
