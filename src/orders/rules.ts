import type { RequestGroup, Resource, Task } from '@medplum/fhirtypes';
import { idIn, PHARMACY_TASK, present, searchAll } from '../prescriptions';
import { type Change, EVERYTHING, type StoreAccess, type WriteRule } from '../store';
import {
  inStep,
  isFinal,
  itemBusinessStatus,
  itemStatusOf,
  statusOfGroup,
  statusOfOrder,
  statusOfTask,
} from './status';

/**
 * What keeps an order's Task and RequestGroup in step, whichever face writes one of them, and what moves an order on
 * when one of its prescriptions is sent: in the same transaction (mapping: "Status").
 */
export const orderRules: readonly WriteRule[] = [
  {
    type: 'Task',
    apply: async ({ next, commit, tx }) => {
      if (next?.resourceType !== 'Task') return [];
      const orderId = idIn(next.focus, 'RequestGroup');
      if (orderId !== undefined) return followTask(next, orderId, commit, tx);
      return isReceivedTransmission(next) ? followTransmission(next, commit, tx) : [];
    },
  },
  {
    type: 'RequestGroup',
    apply: async ({ previous, next, commit, tx }) => {
      if (next?.resourceType !== 'RequestGroup') return [];
      const before =
        previous === undefined || previous.deleted ? undefined : (previous.resource as RequestGroup);
      return followGroup(next, before, commit, tx);
    },
  },
];

async function followTask(
  next: Task,
  orderId: string,
  commit: readonly Change[],
  tx: StoreAccess,
): Promise<Change[]> {
  const group = await latest<RequestGroup>('RequestGroup', orderId, commit, tx);
  if (group === undefined || (await orderTask(orderId, commit, tx))?.id !== next.id) return [];
  return put(group, inStep(group, statusOfTask(next)));
}

async function followGroup(
  next: RequestGroup,
  before: RequestGroup | undefined,
  commit: readonly Change[],
  tx: StoreAccess,
): Promise<Change[]> {
  const task = await orderTask(next.id ?? '', commit, tx);
  const said = statusOfGroup(next);
  const ends =
    task !== undefined && isFinal(said) && !isFinal(statusOfTask(task)) && before?.status !== next.status;
  if (!ends) return put(next, inStep(next, statusOfOrder(next, task)));
  const status: Task['status'] = said === 'completed' ? 'completed' : 'cancelled';
  const ended: Task = { ...task, status, lastModified: new Date().toISOString() };
  return [...put(task, ended), ...put(next, inStep(next, said))];
}

function isReceivedTransmission({ code, status }: Task): boolean {
  const isTransmission =
    code?.coding?.some((one) => one.system === PHARMACY_TASK && one.code === 'transmit') ?? false;
  return isTransmission && status === 'received';
}

/** A prescription of an order that is sent makes the order's processing begin. */
async function followTransmission(next: Task, commit: readonly Change[], tx: StoreAccess): Promise<Change[]> {
  const prescriptionId = idIn(next.focus, 'MedicationRequest') ?? '';
  const item = await latest<Task>('Task', prescriptionId, commit, tx);
  const orderId = idIn(item?.partOf?.[0], 'Task');
  if (item === undefined || orderId === undefined || itemStatusOf(item, undefined) !== 'pending') return [];
  const at = next.lastModified ?? new Date().toISOString();
  const sent: Task = {
    ...item,
    status: 'in-progress',
    businessStatus: itemBusinessStatus('sent_to_pharmacy'),
    lastModified: at,
  };
  return [...put(item, sent), ...(await processed(orderId, at, commit, tx))];
}

async function processed(
  orderId: string,
  at: string,
  commit: readonly Change[],
  tx: StoreAccess,
): Promise<Change[]> {
  const task = await latest<Task>('Task', orderId, commit, tx);
  const group = await latest<RequestGroup>('RequestGroup', orderId, commit, tx);
  if (task === undefined || statusOfTask(task) !== 'pending') return [];
  const begun: Task = {
    ...task,
    status: 'in-progress',
    businessStatus: { text: 'Sent to pharmacy' },
    lastModified: at,
  };
  return [...put(task, begun), ...(group === undefined ? [] : put(group, inStep(group, 'processing')))];
}

/** The Task of an order: the one that bears its id (made by the Dermifi API), else the first that was authored. */
async function orderTask(
  orderId: string,
  commit: readonly Change[],
  tx: StoreAccess,
): Promise<Task | undefined> {
  const own = await latest<Task>('Task', orderId, commit, tx);
  if (idIn(own?.focus, 'RequestGroup') === orderId) return own;
  const written = commit.flatMap((change): Task[] => {
    const resource = change.kind === 'delete' ? undefined : change.resource;
    return resource?.resourceType === 'Task' && idIn(resource.focus, 'RequestGroup') === orderId
      ? [resource]
      : [];
  });
  const stored = await searchAll<Task>(tx, EVERYTHING, 'Task', { focus: `RequestGroup/${orderId}` });
  const others = stored.filter(({ id }) => !written.some((task) => task.id === id));
  return [...written, ...others].sort((a, b) => authored(a).localeCompare(authored(b)))[0];
}

const authored = (task: Task): string =>
  `${task.authoredOn ?? task.meta?.lastUpdated ?? '9999'} ${task.id ?? ''}`;

/** As the commit will leave it, else as it is stored. */
async function latest<T extends Resource>(
  type: T['resourceType'],
  id: string,
  commit: readonly Change[],
  tx: StoreAccess,
): Promise<T | undefined> {
  for (const change of commit) {
    if (change.kind === 'delete') continue;
    const own = change.resource.id ?? ('id' in change ? change.id : undefined);
    if (change.resource.resourceType === type && own === id) return { ...change.resource, id } as T;
  }
  return id === '' ? undefined : present<T>(tx, EVERYTHING, type, id);
}

function put<T extends Resource>(from: T, to: T): Change[] {
  return from === to ? [] : [{ kind: 'put', resource: { ...to, id: to.id ?? '' } }];
}
