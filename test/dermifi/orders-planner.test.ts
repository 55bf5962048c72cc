import { createOrders, ORDER_STATUSES } from '../../src/orders';
import { createPrescriptions, PRESCRIPTION_STATUSES, type Prescriptions } from '../../src/prescriptions';
import type { SearchRequest } from '../../src/search';
import { explain, type Store, type Viewer } from '../../src/store';
import { type Clinic, openClinic, ORDERED } from './pharmacy-support';

/** What the database's planner makes of the lists: indexes of the practice's own entries, in the order of the list. */
let clinic: Clinic;

beforeAll(async () => {
  clinic = await openClinic();
  await clinic.ask(201, 'post', '/orders', ORDERED);
}, 60_000);
afterAll(() => clinic.close());

/** Stages of every search that the work asks for. */
async function stagesOf(work: (store: Store, viewer: Viewer) => Promise<unknown>): Promise<string[][]> {
  const { store, connection } = clinic.house;
  const viewer = { practice: clinic.provider.practice };
  const asked: SearchRequest[] = [];
  const watched: Store = {
    ...store,
    search: (who, request) => {
      asked.push(request);
      return store.search(who, request);
    },
  };
  await work(watched, viewer);
  const plans = await Promise.all(asked.map((request) => explain({ connection }, viewer, request)));
  return plans.flat().map(({ stages }) => stages);
}

const page = { page: 1, limit: 20 };
const network = { transmit: () => Promise.reject(new Error('none')), notify: () => Promise.resolve(false) };
const byWhom = [{}, { patientId: '123' }, { providerId: '789' }];
const COLLSCAN = 'COLLSCAN';

test('lists of orders walk an index, in their order whatever the status', async () => {
  const { formulary } = clinic.house;
  const plans = (filter: object): Promise<string[][]> =>
    stagesOf((store, viewer) =>
      createOrders({ store, formulary, network }).list(viewer, { ...page, ...filter }),
    );
  for (const filter of [...byWhom, ...ORDER_STATUSES.map((status) => ({ status }))]) {
    for (const stages of await plans(filter)) {
      expect([filter, stages.filter((stage) => [COLLSCAN, 'SORT'].includes(stage))]).toEqual([filter, []]);
    }
  }
  for (const stages of await plans({ from: '2024-01-01T00:00:00Z' })) expect(stages).not.toContain(COLLSCAN);
});

test('lists of prescriptions walk an index, the usual ones in their order; pending refills too', async () => {
  const { formulary } = clinic.house;
  const of = (store: Store): Prescriptions => createPrescriptions({ store, formulary, network });
  const plans = (filter: object): Promise<string[][]> =>
    stagesOf((store, viewer) => of(store).list(viewer, { ...page, ...filter }));
  for (const filter of [...byWhom, { status: 'active' }, { status: 'active', includeExpired: false }]) {
    const [list = []] = await plans(filter);
    expect([filter, list.filter((stage) => [COLLSCAN, 'SORT'].includes(stage))]).toEqual([filter, []]);
  }
  const rare = [...PRESCRIPTION_STATUSES.map((status) => ({ status })), { includeExpired: false }];
  for (const filter of [...byWhom, ...rare]) {
    for (const stages of await plans(filter)) expect(stages).not.toContain(COLLSCAN);
  }
  for (const stages of await stagesOf((store, viewer) => of(store).pendingRefills(viewer, {}))) {
    expect(stages).not.toContain(COLLSCAN);
  }
});
