import { referencedId } from '../fhir';
import { toSecond } from '../mapping';
import type { RequestGroup, Task } from '@medplum/fhirtypes';
import { PHARMACY_TASK, type Shown, searchAll } from '../prescriptions';
import { parseSearch, type SearchRequest } from '../search';
import type { Store, StoredVersion, Viewer } from '../store';
import { itemView, orderMapping, pharmacyId } from './mapping';
import { type LoadedOrder, loadOrder, pharmacyOfOrder, readRelated } from './load';
import { listCode, type OrderStatus, statusOfTask } from './status';

/** What a list shows. Ids are FHIR ids, times ISO 8601 with their zone. Dermifi, "List orders with filters". */
export interface OrderQuery {
  status?: OrderStatus | undefined;
  patientId?: string | undefined;
  providerId?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  /** From 1. */
  page: number;
  limit: number;
}

export interface OrderList {
  rows: Record<string, unknown>[];
  /** Of all matches. */
  total: number;
  resources: string[];
  patients: string[];
}

/** Orders, the newest first. */
export async function listOrders(store: Store, viewer: Viewer, query: OrderQuery): Promise<OrderList> {
  const page = await store.search(viewer, requestOf(query));
  const groups = page.matches.map((match) => match.resource as RequestGroup);
  const related = await readRelated(store, viewer, groups);
  return {
    rows: groups.map((rg) => orderMapping.read({ ...related(rg) }, 'list')),
    total: page.total ?? groups.length,
    resources: groups.map(({ id }) => `RequestGroup/${id ?? ''}`),
    patients: [...new Set(groups.flatMap((rg) => referencedId(rg.subject, 'Patient') ?? []))],
  };
}

function requestOf({ status, patientId, providerId, from, to, page, limit }: OrderQuery): SearchRequest {
  const query = new URLSearchParams({ _sort: '-authored', _count: String(limit), _total: 'accurate' });
  if (status !== undefined) query.set('_tag', listCode(status));
  if (patientId !== undefined) query.set('subject', `Patient/${patientId}`);
  if (providerId !== undefined) query.set('author', `Practitioner/${providerId}`);
  if (from !== undefined) query.append('authored', `ge${from}`);
  if (to !== undefined) query.append('authored', `le${to}`);
  return { ...parseSearch('RequestGroup', query.toString()), offset: (page - 1) * limit };
}

/** One order with its history, items and pharmacy. Dermifi, "Get order details". @throws ProblemError not-found */
export async function readOrder(store: Store, viewer: Viewer, id: string): Promise<Shown> {
  const order = await loadOrder(store, viewer, id);
  const bound = boundOf(order);
  return {
    view: {
      ...orderMapping.read(bound, 'detail'),
      statusHistory: await statusHistory(store, viewer, order),
      items: order.items.map((item) => itemView(item, 'detail')),
      pharmacy: await pharmacyView(store, viewer, order),
      ...orderMapping.read(bound, 'times'),
    },
    resources: [
      `RequestGroup/${id}`,
      ...order.items.map(({ request }) => `${request.resourceType}/${request.id}`),
    ],
    patients: patientsOf(order),
  };
}

/** The bound resources of an order, for its table. */
export function boundOf({
  id: _id,
  items: _items,
  ...resources
}: LoadedOrder): Readonly<Record<string, unknown>> {
  return resources;
}

export function patientsOf({ rg }: Pick<LoadedOrder, 'rg'>): string[] {
  const id = referencedId(rg.subject, 'Patient');
  return id === undefined ? [] : [id];
}

/** Versions of a Task that are looked at; orders have a handful. */
const MOST_VERSIONS = 1_000;

/** When the order's status changed, from the versions of its Task; the oldest first. */
async function statusHistory(
  store: Store,
  viewer: Viewer,
  { rg, task }: LoadedOrder,
): Promise<Record<string, unknown>[]> {
  if (task?.id === undefined) {
    const { createdAt } = orderMapping.read({ rg }, 'times');
    return [{ ...orderMapping.read({ rg }, 'state'), timestamp: createdAt, notes: null }];
  }
  const page = await store.history(viewer, { type: 'Task', id: task.id, count: MOST_VERSIONS });
  const versions = page.versions.filter((one) => !one.deleted).reverse();
  const history: Record<string, unknown>[] = [];
  let before: Task | undefined;
  for (const version of versions as StoredVersion<Task>[]) {
    const { resource } = version;
    const status = statusOfTask(resource);
    if (before === undefined || status !== statusOfTask(before)) {
      history.push({ status, timestamp: changedAt(version, before), notes: noteOf(resource, before) });
    }
    before = resource;
  }
  return history;
}

/** What the Task itself says of its change; who does not say it gets the time of the write. */
function changedAt({ resource, lastUpdated }: StoredVersion<Task>, before: Task | undefined): string {
  const said =
    before === undefined
      ? resource.authoredOn
      : resource.lastModified === before.lastModified
        ? undefined
        : resource.lastModified;
  const time = Date.parse(said ?? '');
  return toSecond(Number.isFinite(time) ? time : lastUpdated);
}

function noteOf(task: Task, before: Task | undefined): string | null {
  const said = task.businessStatus?.text ?? task.businessStatus?.coding?.[0]?.display;
  const isNew = said !== undefined && said !== before?.businessStatus?.text;
  const isNoted = (task.note?.length ?? 0) > (before?.note?.length ?? 0);
  return isNew ? said : isNoted ? (task.note?.at(-1)?.text ?? null) : null;
}

async function pharmacyView(
  store: Store,
  viewer: Viewer,
  { task, items }: LoadedOrder,
): Promise<Record<string, unknown> | null> {
  const pharmacy = await pharmacyOfOrder(store, viewer, task);
  if (pharmacy === undefined) return null;
  return {
    id: pharmacyId(pharmacy),
    name: pharmacy.name,
    phone: pharmacy.phone,
    status: await pharmacyStatus(store, viewer, items),
  };
}

const PHARMACY_STATUS: Readonly<Record<string, string>> = {
  requested: 'transmitted',
  received: 'received',
  failed: 'failed',
};

/** How far the latest transmission of the order's prescriptions came; pending before the first. */
async function pharmacyStatus(store: Store, viewer: Viewer, items: LoadedOrder['items']): Promise<string> {
  const prescriptions = items.filter(({ request }) => request.resourceType === 'MedicationRequest');
  if (prescriptions.length === 0) return 'pending';
  const focus = prescriptions.map(({ request }) => `MedicationRequest/${request.id}`).join(',');
  const query = { focus, code: `${PHARMACY_TASK}|transmit`, _sort: 'authored-on' };
  const latest = (await searchAll<Task>(store, viewer, 'Task', query)).at(-1);
  return latest === undefined ? 'pending' : (PHARMACY_STATUS[latest.status ?? ''] ?? 'received');
}
