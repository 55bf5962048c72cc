import type { Coding, RequestGroup, Task } from '@medplum/fhirtypes';
import { CANONICAL_BASE } from '../fhir';
import { codeMapOf, profileTerminology } from '../mapping';

/** Dermifi, "List orders with filters": status filter. */
export const ORDER_STATUSES = ['pending', 'processing', 'completed', 'cancelled'] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

const taskCodes = codeMapOf(profileTerminology.conceptMap('order-status'));
const groupCodes = codeMapOf(profileTerminology.conceptMap('order-request-status'));

/**
 * System of the tags that put a RequestGroup into the lists of orders by status. Lists search by code alone, which one
 * index serves in the order of the list.
 */
const LIST_TAG = `${CANONICAL_BASE}/CodeSystem/order-list`;

export function listCode(status: OrderStatus): string {
  return `order-${status}`;
}

export function statusOfTask(task: Task): OrderStatus {
  return (taskCodes.toVendor.get(task.status ?? '') ?? 'pending') as OrderStatus;
}

/** The status that a RequestGroup says by itself: pending unless it is at its end. */
export function statusOfGroup(group: RequestGroup): OrderStatus {
  return (groupCodes.toVendor.get(group.status ?? '') ?? 'pending') as OrderStatus;
}

/** The status that an order has for everybody: its Task's, without one its RequestGroup's. */
export function statusOfOrder(group: RequestGroup, task: Task | undefined): OrderStatus {
  return task === undefined ? statusOfGroup(group) : statusOfTask(task);
}

/** True when nothing can follow. */
export function isFinal(status: OrderStatus): boolean {
  return status === 'completed' || status === 'cancelled';
}

/** The RequestGroup with the status and the tag of the order's status; itself when it has them. */
export function inStep(group: RequestGroup, status: OrderStatus): RequestGroup {
  const own = statusOfGroup(group);
  const agrees = isFinal(status) ? own === status : !isFinal(own);
  const tags = group.meta?.tag ?? [];
  const isTagged =
    tags.filter(isListTag).length === 1 &&
    tags.some((tag) => isListTag(tag) && tag.code === listCode(status));
  if (agrees && isTagged) return group;
  const fhirStatus = isFinal(status) ? (groupCodes.toFhir.get(status) as RequestGroup['status']) : 'active';
  const tag = [...tags.filter((one) => !isListTag(one)), { system: LIST_TAG, code: listCode(status) }];
  return { ...group, meta: { ...group.meta, tag }, status: agrees ? group.status : fhirStatus };
}

function isListTag({ system }: Coding): boolean {
  return system === LIST_TAG;
}

const ITEM_STATUS = `${CANONICAL_BASE}/CodeSystem/order-item-status`;
export type ItemStatus = 'pending' | 'sent_to_pharmacy' | 'fulfilled' | 'cancelled';

/** Business status of an item's Task. */
export function itemBusinessStatus(status: ItemStatus): NonNullable<Task['businessStatus']> {
  return { coding: [{ system: ITEM_STATUS, code: status }] };
}

/** How far an item is: what its Task says, unless the item was called off elsewhere. */
export function itemStatusOf(task: Task | undefined, requestStatus: string | undefined): ItemStatus {
  const said = task?.businessStatus?.coding?.find(({ system }) => system === ITEM_STATUS)?.code as
    ItemStatus | undefined;
  const isEnded = requestStatus !== undefined && ENDED.has(requestStatus);
  if (said === 'fulfilled' || task?.status === 'completed' || requestStatus === 'completed')
    return 'fulfilled';
  return isEnded || task?.status === 'cancelled' ? 'cancelled' : (said ?? 'pending');
}

const ENDED: ReadonlySet<string> = new Set(['cancelled', 'revoked', 'stopped', 'entered-in-error']);
