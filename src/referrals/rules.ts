import type { Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import { ProblemError } from '../fhir';
import { parseSearch } from '../search';
import { type Change, EVERYTHING, type StoreAccess, type WriteRule } from '../store';
import { inBusinessIfSaid } from './business-status';
import { isAddressed, isReferral, requestOf } from './parties';
import { inStep, isFinal, requireForward, statusOfRequest, statusOfTask, taskStatusFor } from './status';

/**
 * What keeps a referral's Task and ServiceRequest in step, whichever face writes one of them: in the same
 * transaction the other is brought to the same status, and a step back is refused (mapping: "Status").
 */
export const referralRules: readonly WriteRule[] = [
  {
    type: 'Task',
    apply: async ({ previous, next, commit, tx }) => {
      if (next?.resourceType !== 'Task') return [];
      const before = previous === undefined || previous.deleted ? undefined : (previous.resource as Task);
      return followTask(next, before, commit, tx);
    },
  },
  {
    type: 'ServiceRequest',
    apply: async ({ previous, next, commit, tx }) => {
      if (next?.resourceType !== 'ServiceRequest') return [];
      const before =
        previous === undefined || previous.deleted ? undefined : (previous.resource as ServiceRequest);
      return followRequest(next, before, commit, tx);
    },
  },
];

async function followTask(
  next: Task,
  before: Task | undefined,
  commit: readonly Change[],
  tx: StoreAccess,
): Promise<Change[]> {
  const id = requestOf(next);
  if (id === undefined) return [];
  const request =
    inCommit<ServiceRequest>(commit, 'ServiceRequest', id) ??
    (await present<ServiceRequest>(tx, 'ServiceRequest', id));
  if (request === undefined || !isReferral(request, next)) return [];
  if ((await taskOf(id, commit, tx))?.id !== next.id) return [];
  const status = statusOfTask(next);
  if (before !== undefined && next.status !== 'entered-in-error')
    requireForward(statusOfTask(before), status);
  return [...changed(next, inBusinessIfSaid(next, status)), ...changed(request, inStep(request, status))];
}

async function followRequest(
  next: ServiceRequest,
  before: ServiceRequest | undefined,
  commit: readonly Change[],
  tx: StoreAccess,
): Promise<Change[]> {
  const id = next.id ?? '';
  const task = await taskOf(id, commit, tx);
  if (task === undefined) return isAddressed(next) ? followAlone(next, before) : [];
  if (!isReferral(next, task)) return [];
  const held = statusOfTask(task);
  const said = statusOfRequest(next);
  const ends = isFinal(said) && said !== held && before?.status !== next.status;
  if (!ends) {
    if (before !== undefined && isFinal(statusOfRequest(before)) && !isFinal(said))
      requireForward(held, said);
    return changed(next, inStep(next, held));
  }
  if (next.status !== 'entered-in-error') requireForward(held, said);
  const ended: Task = { ...task, status: taskStatusFor(said), lastModified: new Date().toISOString() };
  return [...changed(task, inBusinessIfSaid(ended, said)), ...changed(next, inStep(next, said))];
}

/** A request without a Task: its own status is all there is. */
function followAlone(next: ServiceRequest, before: ServiceRequest | undefined): Change[] {
  const said = statusOfRequest(next);
  if (before !== undefined && next.status !== 'entered-in-error')
    requireForward(statusOfRequest(before), said);
  return changed(next, inStep(next, said));
}

function changed<T extends ServiceRequest | Task>(from: T, to: T): Change[] {
  if (from === to) return [];
  if (to.id === undefined) throw new ProblemError('internal', 'A rule met a resource without an id.');
  return [{ kind: 'put', resource: { ...to, id: to.id } }];
}

/**
 * The Task of a referral: the one that bears the request's id (made by the HandoffRx API), else the first that was
 * authored. Others with the same focus are somebody's own business.
 */
async function taskOf(
  requestId: string,
  commit: readonly Change[],
  tx: StoreAccess,
): Promise<Task | undefined> {
  const written = commit.flatMap((change) => {
    const resource = change.kind === 'delete' ? undefined : change.resource;
    return resource?.resourceType === 'Task' && requestOf(resource) === requestId ? [resource] : [];
  });
  // The referral's own Task is always found by its id; that saves the search.
  const own = written.find(({ id }) => id === requestId);
  if (own !== undefined) return own;
  const deleted = new Set(commit.flatMap((c) => (c.kind === 'delete' && c.type === 'Task' ? [c.id] : [])));
  const stored = await storedTasks(requestId, tx);
  const others = stored.filter(({ id }) => !deleted.has(id ?? '') && !written.some((task) => task.id === id));
  return firstTask([...written, ...others], requestId);
}

async function storedTasks(requestId: string, tx: StoreAccess): Promise<Task[]> {
  const query = new URLSearchParams({ focus: `ServiceRequest/${requestId}`, _count: '50' });
  const page = await tx.search(EVERYTHING, parseSearch('Task', query.toString()));
  return page.matches.map((match) => match.resource as Task);
}

/** Of the Tasks of one request the referral's. */
export function firstTask(tasks: readonly Task[], requestId: string): Task | undefined {
  const own = tasks.find(({ id }) => id === requestId);
  return own ?? [...tasks].sort((a, b) => order(a).localeCompare(order(b)))[0];
}

const order = (task: Task): string =>
  `${task.authoredOn ?? task.meta?.lastUpdated ?? '9999'} ${task.id ?? ''}`;

function inCommit<T extends Resource>(
  commit: readonly Change[],
  type: T['resourceType'],
  id: string,
): T | undefined {
  for (const change of commit) {
    if (change.kind === 'delete') continue;
    if (
      change.resource.resourceType === type &&
      (change.resource.id ?? ('id' in change ? change.id : undefined)) === id
    ) {
      return change.resource as T;
    }
  }
  return undefined;
}

async function present<T extends Resource>(
  tx: StoreAccess,
  type: T['resourceType'],
  id: string,
): Promise<T | undefined> {
  const version = await tx.read<T>(EVERYTHING, type, id);
  return version === undefined || version.deleted ? undefined : version.resource;
}
