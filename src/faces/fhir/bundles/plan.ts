import type { OperationOutcomeIssue, Resource, ResourceType } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { cloneResource, ProblemError } from '../../../fhir';
import { selfLink } from '../../../search';
import type { Change, StoredVersion, StoreTransaction } from '../../../store';
import { isFiltered, presentFor, refuseHidden, requireRow, unknown } from '../access';
import { readResource } from '../body';
import { criteriaOf, matchOne, requireSearch } from '../conditional';
import type { FhirContext } from '../context';
import { gone } from '../interactions/delete';
import { patchedResource } from '../interactions/patch';
import { anotherId, judgedVersion, refuseTaken } from '../interactions/update';
import { conditionOn } from '../preconditions';
import type { FhirRequest, FhirResponse } from '../request';
import { versionOf } from '../target';
import type { EntryRequest } from './entry';
import { locate } from './locate';

/** What an entry will do, once ids and matches are known. */
export interface Planned {
  read: EntryRequest;
  change?: Change;
  /** An answer that needs no write: a conditional create that matched, a delete of nothing. */
  response?: FhirResponse;
  issues: OperationOutcomeIssue[];
}

/** Whether an entry changes the record by an interaction of its own; operations and reads run as they are. */
export function isWrite({ resolved }: Pick<EntryRequest, 'resolved'>): boolean {
  return ['C', 'U', 'D'].includes(resolved.interaction.audit.action);
}

/** Type and criteria of a conditional entry, in one spelling; undefined when it names its target. */
export function criteriaKey(context: FhirContext, read: EntryRequest): string | undefined {
  const { type, id, method, headers, query } = read.request;
  if (type === undefined || !isWrite(read)) return undefined;
  const criteria = method === 'POST' ? headers.ifNoneExist : id === undefined ? query : undefined;
  return criteria === undefined ? undefined : `${type}?${selfLink(criteriaOf(context, type, criteria))}`;
}

/** Decides what each entry does. Runs again when the transaction is retried, so it works on copies. */
export async function planAll(
  context: FhirContext,
  tx: StoreTransaction,
  reads: readonly EntryRequest[],
  issues: ReadonlyMap<number, OperationOutcomeIssue[]>,
): Promise<Planned[]> {
  const planned: Planned[] = [];
  for (const read of reads) {
    const inside = { ...read, request: { ...read.request, records: tx } };
    try {
      planned.push(await plan(context, { read: inside, issues: issues.get(read.index) ?? [] }));
    } catch (error) {
      throw locate(error, read.index);
    }
  }
  return planned;
}

async function plan(context: FhirContext, planned: Planned): Promise<Planned> {
  const { request } = planned.read;
  const { type, method } = request;
  if (type === undefined || !isWrite(planned.read)) return planned;
  switch (method) {
    case 'POST':
      return planCreate(context, planned, type);
    case 'PUT':
      return planPut(context, planned, type);
    case 'PATCH':
      return planPatch(context, planned, type);
    default:
      return planDelete(context, planned, type);
  }
}

/** What the criteria of a conditional entry match. */
function matchOf(
  context: FhirContext,
  request: FhirRequest,
  type: ResourceType,
  criteria: string | readonly [string, string][],
): Promise<StoredVersion | undefined> {
  requireSearch(context, request, type);
  return matchOne(context, request, type, criteria);
}

async function planCreate(context: FhirContext, planned: Planned, type: ResourceType): Promise<Planned> {
  const { request } = planned.read;
  const resource = cloneResource(readResource(request));
  requireRow(context, request, 'c', resource);
  const { ifNoneExist } = request.headers;
  const found = ifNoneExist === undefined ? undefined : await matchOf(context, request, type, ifNoneExist);
  if (found === undefined) return { ...planned, change: { kind: 'create', resource, id: randomUUID() } };
  const response = { status: 200, written: true, resource: found.resource, version: versionOf(found) };
  return { ...planned, response };
}

async function planPut(context: FhirContext, planned: Planned, type: ResourceType): Promise<Planned> {
  const { request } = planned.read;
  const resource: Resource = cloneResource(readResource(request));
  const found = request.id === undefined ? await matchOf(context, request, type, request.query) : undefined;
  const id = request.id ?? found?.id ?? resource.id ?? randomUUID();
  if (resource.id !== undefined && resource.id !== id) throw anotherId();
  const named = { ...resource, id };
  const ifVersion = await judgedVersion(context, request, named);
  if (request.id === undefined && found === undefined) await refuseTaken(request, type, id);
  return {
    ...planned,
    change: { kind: 'put', resource: named, ...(ifVersion !== undefined && { ifVersion }) },
  };
}

async function planPatch(context: FhirContext, planned: Planned, type: ResourceType): Promise<Planned> {
  const { request } = planned.read;
  const id = request.id ?? (await matchOf(context, request, type, request.query))?.id;
  if (id === undefined) throw new ProblemError('not-found', `No ${type} matches the criteria.`);
  const present = await presentFor(context, request, type, id, 'u');
  if (present === undefined) throw unknown(type);
  const { resource, issues } = patchedResource(context, request, present);
  const change = {
    kind: 'put' as const,
    resource,
    ifVersion: present.version,
    interaction: 'patch' as const,
  };
  return { ...planned, change, issues };
}

async function planDelete(context: FhirContext, planned: Planned, type: ResourceType): Promise<Planned> {
  const { request } = planned.read;
  const id = request.id ?? (await matchOf(context, request, type, request.query))?.id;
  const present = id === undefined ? undefined : await presentFor(context, request, type, id, 'd');
  if (present === undefined && id !== undefined) await refuseHidden(request, type, id);
  const condition = conditionOn(request, present);
  if (present === undefined || present.deleted) return { ...planned, response: gone(request) };
  const ifVersion = condition ?? (isFiltered(context, request, type, 'd') ? present.version : undefined);
  const change = {
    kind: 'delete' as const,
    type,
    id: present.id,
    ...(ifVersion !== undefined && { ifVersion }),
  };
  return { ...planned, change };
}
