import { referencedId } from '../fhir';
import type { RequestGroup, Resource, Task } from '@medplum/fhirtypes';
import { PHARMACY_TASK, present, searchAll } from '../prescriptions';
import type { Change, StoreAccess, Viewer, WriteContext, WriteRule } from '../store';
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
    apply: async ({ next, commit, context, tx }) => {
      if (next?.resourceType !== 'Task') return [];
      const orderId = referencedId(next.focus, 'RequestGroup');
      if (orderId !== undefined) return followTask(next, orderId, seenBy(context, commit, tx));
      return isReceivedTransmission(next) ? followTransmission(next, seenBy(context, commit, tx)) : [];
    },
  },
  {
    type: 'RequestGroup',
    apply: async ({ previous, next, commit, context, tx }) => {
      if (next?.resourceType !== 'RequestGroup') return [];
      const before =
        previous === undefined || previous.deleted ? undefined : (previous.resource as RequestGroup);
      return followGroup(next, before, seenBy(context, commit, tx));
    },
  },
];

/** What a rule works with: the commit, and what the writer's practice sees besides it. A practice moves only its own orders. */
interface Seen {
  commit: readonly Change[];
  tx: StoreAccess;
  viewer: Viewer;
}

/** Scopes of a client do not count: what its write means for the order must become true all the same. */
function seenBy({ viewer: { practice } }: WriteContext, commit: readonly Change[], tx: StoreAccess): Seen {
  return { commit, tx, viewer: practice === undefined ? {} : { practice } };
}

async function followTask(next: Task, orderId: string, seen: Seen): Promise<Change[]> {
  const group = await latest<RequestGroup>('RequestGroup', orderId, seen);
  if (group === undefined || (await orderTask(orderId, seen))?.id !== next.id) return [];
  return put(group, inStep(group, statusOfTask(next)));
}

async function followGroup(
  next: RequestGroup,
  before: RequestGroup | undefined,
  seen: Seen,
): Promise<Change[]> {
  const task = await orderTask(next.id ?? '', seen);
  if (task === undefined && !(await isOfPractice(next, seen))) return [];
  const said = statusOfGroup(next);
  const ends =
    task !== undefined && isFinal(said) && !isFinal(statusOfTask(task)) && before?.status !== next.status;
  if (!ends) return put(next, inStep(next, statusOfOrder(next, task)));
  const status: Task['status'] = said === 'completed' ? 'completed' : 'cancelled';
  const ended: Task = { ...task, status, lastModified: new Date().toISOString() };
  return [...put(task, ended), ...put(next, inStep(next, said))];
}

/** A request group of nobody's practice is in no practice's list of orders. */
async function isOfPractice({ subject }: RequestGroup, { tx, viewer }: Seen): Promise<boolean> {
  if (viewer.practice !== undefined) return true;
  const patient = await tx.read(viewer, 'Patient', referencedId(subject, 'Patient') ?? '-');
  return (patient?.access.length ?? 0) > 0;
}

function isReceivedTransmission({ code, status }: Task): boolean {
  const isTransmission =
    code?.coding?.some((one) => one.system === PHARMACY_TASK && one.code === 'transmit') ?? false;
  return isTransmission && status === 'received';
}

/** A prescription of an order that is sent makes the order's processing begin. */
async function followTransmission(next: Task, seen: Seen): Promise<Change[]> {
  const prescriptionId = referencedId(next.focus, 'MedicationRequest') ?? '';
  const item = await latest<Task>('Task', prescriptionId, seen);
  const orderId = referencedId(item?.partOf?.[0], 'Task');
  if (item === undefined || orderId === undefined || itemStatusOf(item, undefined) !== 'pending') return [];
  const at = next.lastModified ?? new Date().toISOString();
  const sent: Task = {
    ...item,
    status: 'in-progress',
    businessStatus: itemBusinessStatus('sent_to_pharmacy'),
    lastModified: at,
  };
  return [...put(item, sent), ...(await processed(orderId, at, seen))];
}

async function processed(orderId: string, at: string, seen: Seen): Promise<Change[]> {
  const task = await latest<Task>('Task', orderId, seen);
  const group = await latest<RequestGroup>('RequestGroup', orderId, seen);
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
async function orderTask(orderId: string, seen: Seen): Promise<Task | undefined> {
  const own = await latest<Task>('Task', orderId, seen);
  if (referencedId(own?.focus, 'RequestGroup') === orderId) return own;
  const written = seen.commit.flatMap((change): Task[] => {
    const resource = change.kind === 'delete' ? undefined : change.resource;
    return resource?.resourceType === 'Task' && referencedId(resource.focus, 'RequestGroup') === orderId
      ? [resource]
      : [];
  });
  const stored = await searchAll<Task>(seen.tx, seen.viewer, 'Task', { focus: `RequestGroup/${orderId}` });
  const others = stored.filter(({ id }) => !written.some((task) => task.id === id));
  return [...written, ...others].sort((a, b) => authored(a).localeCompare(authored(b)))[0];
}

const authored = (task: Task): string =>
  `${task.authoredOn ?? task.meta?.lastUpdated ?? '9999'} ${task.id ?? ''}`;

/** As the commit will leave it, else as it is stored. */
async function latest<T extends Resource>(
  type: T['resourceType'],
  id: string,
  seen: Seen,
): Promise<T | undefined> {
  for (const change of seen.commit) {
    if (change.kind === 'delete') continue;
    const own = change.resource.id ?? ('id' in change ? change.id : undefined);
    if (change.resource.resourceType === type && own === id) return { ...change.resource, id } as T;
  }
  return id === '' ? undefined : present<T>(seen.tx, seen.viewer, type, id);
}

function put<T extends Resource>(from: T, to: T): Change[] {
  return from === to ? [] : [{ kind: 'put', resource: { ...to, id: to.id ?? '' } }];
}
