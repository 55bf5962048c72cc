import type { Bundle, BundleEntry, OperationOutcomeIssue, Resource, ResourceType } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { cloneResource, parseReference, ProblemError, rewriteReferences } from '../../../fhir';
import { draftOf } from '../../../http';
import type { Change, Committed, StoredVersion, StoreTransaction, WriteContext } from '../../../store';
import { acceptResource, readResource } from '../body';
import { criteriaOf, matchOne, requirePermission, requireSearch } from '../conditional';
import { selfLink } from '../../../search';
import type { FhirContext } from '../context';
import { patchedResource } from '../interactions/patch';
import { expectedVersion } from '../preconditions';
import type { FhirRequest, FhirResponse } from '../request';
import { versionOf } from '../target';
import { factsOf } from '../trace';
import { readEntry, responseEntry, type EntryRequest } from './entry';
import { conditionalReferences, duplicateFullUrls, resolveConditional } from './references';

/** What an entry will do, once ids and matches are known. */
interface Planned {
  read: EntryRequest;
  change?: Change;
  /** An answer that needs no write: a conditional create that matched, a delete of nothing. */
  response?: FhirResponse;
  issues: OperationOutcomeIssue[];
}

/** Order in which a transaction is processed. https://hl7.org/fhir/R4/http.html#trules */
const ORDER = { DELETE: 0, POST: 1, PUT: 2, PATCH: 2, GET: 3 } as const;

/** All entries or none: conditional ones resolved, references rewritten, one MongoDB transaction. */
export async function transaction(context: FhirContext, request: FhirRequest, entries: readonly BundleEntry[]): Promise<Bundle> {
  refuseDuplicates(entries);
  const reads = readAll(context, request, entries);
  const issues = validateAll(context, reads);
  return context.store.transaction(async (tx) => {
    await lockCriteria(tx, reads);
    const planned: Planned[] = [];
    for (const read of reads) planned.push(await plan(context, tx, read, issues.get(read.index) ?? []));
    await rewriteAll(context, request, tx, planned);
    refuseConflicts(planned);
    const committed = await commitAll(tx, request, planned);
    const entry = await Promise.all(planned.map((each) => respond(context, tx, each, committed.get(each))));
    return { resourceType: 'Bundle', type: 'transaction-response', entry };
  });
}

function refuseDuplicates(entries: readonly BundleEntry[]): void {
  if (duplicateFullUrls(entries).length > 0) throw new ProblemError('malformed', 'Two entries have the same fullUrl.');
}

/** Every entry's request; all that are wrong are named at once. */
function readAll(context: FhirContext, request: FhirRequest, entries: readonly BundleEntry[]): EntryRequest[] {
  const failed: ProblemError[] = [];
  const reads: EntryRequest[] = [];
  for (const [index, entry] of entries.entries()) {
    try {
      reads.push(readEntry(context, request, entry, index));
    } catch (error) {
      failed.push(locate(error, index));
    }
  }
  throwAll(failed);
  return reads;
}

function validateAll(context: FhirContext, reads: readonly EntryRequest[]): Map<number, OperationOutcomeIssue[]> {
  const failed: ProblemError[] = [];
  const warnings = new Map<number, OperationOutcomeIssue[]>();
  for (const { index, request } of reads) {
    if ((request.method !== 'POST' && request.method !== 'PUT') || request.type === undefined || request.segments.at(-1)?.startsWith('$') === true) continue;
    try {
      warnings.set(index, acceptResource(context, asIfResolved(readResource(request)), request.type));
    } catch (error) {
      failed.push(locate(error, index));
    }
  }
  throwAll(failed);
  return warnings;
}

/** A conditional reference is legal in a transaction alone: it is judged as the reference that it will become. */
function asIfResolved(resource: Resource): Resource {
  const conditional = conditionalReferences([resource]);
  if (conditional.length === 0) return resource;
  const resolved = cloneResource(resource);
  rewriteReferences(resolved, new Map(conditional.map((text) => [text, `${text.split('?', 1)[0] ?? ''}/resolved`])));
  return resolved;
}

/** The same problem, told of its place in the bundle. */
function locate(error: unknown, index: number): ProblemError {
  if (!(error instanceof ProblemError)) throw error;
  const at = `Bundle.entry[${index}]`;
  const issues = error.issues.map((issue) => ({
    ...issue,
    expression: (issue.expression ?? ['']).map((path) => (path === '' ? at : `${at}.resource${path.replace(/^[^.[]+/, '')}`)),
  }));
  return new ProblemError(error.code, `Bundle.entry[${index}]: ${error.message}`, { issues, headers: error.headers });
}

function throwAll(failed: readonly ProblemError[]): void {
  const [first] = failed;
  if (first === undefined) return;
  throw new ProblemError(first.code, first.message, { issues: failed.flatMap((each) => each.issues), headers: first.headers });
}

/** Criteria of this transaction are settled one transaction after another; in one order, so that none waits in a circle. */
async function lockCriteria(tx: StoreTransaction, reads: readonly EntryRequest[]): Promise<void> {
  const keys = new Set<string>();
  for (const { request } of reads) {
    const { type, id } = request;
    if (type === undefined || request.method === 'GET') continue;
    if (request.headers.ifNoneExist !== undefined) keys.add(`${type}?${selfLink(criteriaOf(type, request.headers.ifNoneExist))}`);
    else if (request.method !== 'POST' && id === undefined) keys.add(`${type}?${selfLink(criteriaOf(type, request.query))}`);
  }
  for (const key of [...keys].sort()) await tx.lock(key);
}

/** Decides what one entry does. Runs again when the transaction is retried, so it works on copies. */
async function plan(context: FhirContext, tx: StoreTransaction, read: EntryRequest, issues: OperationOutcomeIssue[]): Promise<Planned> {
  const request: FhirRequest = { ...read.request, records: tx };
  const planned: Planned = { read: { ...read, request }, issues };
  const { type } = request;
  if (request.method === 'GET' || type === undefined || request.segments.at(-1)?.startsWith('$') === true) return planned;
  const resource = request.method === 'POST' || request.method === 'PUT' ? cloneResource(readResource(request)) : undefined;
  const found = await findTarget(context, tx, request, type);
  if (request.method === 'POST') return planCreate(planned, resource as Resource, found);
  if (request.method === 'PUT') return planPut(context, planned, resource as Resource, found);
  if (request.method === 'PATCH') return planPatch(context, planned, found);
  return planDelete(planned, type, found);
}

/** The resource an entry is about, by id or by criteria; deleted ones count as none. */
async function findTarget(context: FhirContext, tx: StoreTransaction, request: FhirRequest, type: ResourceType): Promise<StoredVersion | undefined> {
  const { id, headers } = request;
  if (request.method === 'POST') {
    if (headers.ifNoneExist === undefined) return undefined;
    requireSearch(context, request, type);
    return matchOne(tx, request, type, headers.ifNoneExist);
  }
  if (id !== undefined) return tx.read(request.x.principal.viewer, type, id);
  requireSearch(context, request, type);
  return matchOne(tx, request, type, request.query);
}

function planCreate(planned: Planned, resource: Resource, found: StoredVersion | undefined): Planned {
  if (found !== undefined) {
    return { ...planned, response: { status: 200, written: true, resource: found.resource, version: versionOf(found) } };
  }
  return { ...planned, change: { kind: 'create', resource, id: randomUUID() } };
}

function planPut(context: FhirContext, planned: Planned, resource: Resource, found: StoredVersion | undefined): Planned {
  const { request } = planned.read;
  const id = request.id ?? found?.id ?? resource.id ?? randomUUID();
  if (resource.id !== undefined && resource.id !== id) {
    throw locate(new ProblemError('malformed', 'The id in the resource is not the id of its target.'), planned.read.index);
  }
  const creates = found === undefined || found.deleted;
  requirePermission(context, request, resource.resourceType, creates ? 'c' : 'u');
  const ifVersion = expectedVersion(request);
  return { ...planned, change: { kind: 'put', resource: { ...resource, id }, ...(ifVersion !== undefined && { ifVersion }) } };
}

function planPatch(context: FhirContext, planned: Planned, found: StoredVersion | undefined): Planned {
  const { request, index } = planned.read;
  if (found === undefined || found.deleted) throw locate(new ProblemError('not-found', 'There is nothing to patch.'), index);
  const { resource, issues } = patchedResource(context, request, found);
  const change = { kind: 'put' as const, resource: { ...resource, id: found.id }, ifVersion: found.version, interaction: 'patch' as const };
  return { ...planned, change, issues };
}

function planDelete(planned: Planned, type: ResourceType, found: StoredVersion | undefined): Planned {
  if (found === undefined || found.deleted) return { ...planned, response: { status: 204, written: true } };
  const ifVersion = expectedVersion(planned.read.request);
  return { ...planned, change: { kind: 'delete', type, id: found.id, ...(ifVersion !== undefined && { ifVersion }) } };
}

/** References to entries become references to what they are or become. */
async function rewriteAll(context: FhirContext, request: FhirRequest, tx: StoreTransaction, planned: readonly Planned[]): Promise<void> {
  const resources = planned.flatMap(({ change }) => (change === undefined || change.kind === 'delete' ? [] : [change.resource]));
  const map = await resolveConditional(context, request, tx, conditionalReferences(resources));
  for (const each of planned) addFullUrl(map, each);
  for (const resource of resources) rewriteReferences(resource, map);
}

function addFullUrl(map: Map<string, string>, { read, change, response }: Planned): void {
  const { fullUrl } = read.entry;
  const target = targetOf(change) ?? (response?.version && `${response.version.type}/${response.version.id}`);
  if (fullUrl === undefined || target === undefined) return;
  map.set(fullUrl, target);
  // A relative reference within a bundle is relative to the full URL of the entry that holds it.
  const parsed = parseReference(fullUrl);
  if (parsed.kind === 'absolute' && parsed.type !== undefined && parsed.id !== undefined) map.set(`${parsed.type}/${parsed.id}`, target);
}

function targetOf(change: Change | undefined): string | undefined {
  if (change === undefined) return undefined;
  if (change.kind === 'delete') return `${change.type}/${change.id}`;
  return `${change.resource.resourceType}/${change.kind === 'put' ? change.resource.id : change.id}`;
}

/** Two entries must not touch one resource. */
function refuseConflicts(planned: readonly Planned[]): void {
  const seen = new Map<string, number>();
  for (const { change, read } of planned) {
    const target = targetOf(change);
    if (target === undefined) continue;
    const before = seen.get(target);
    if (before !== undefined) {
      throw new ProblemError('malformed', `Bundle.entry[${before}] and Bundle.entry[${read.index}] change the same resource.`);
    }
    seen.set(target, read.index);
  }
}

async function commitAll(tx: StoreTransaction, request: FhirRequest, planned: readonly Planned[]): Promise<Map<Planned, Committed>> {
  const writes = planned
    .filter((each) => each.change !== undefined)
    .sort((a, b) => ORDER[a.read.request.method] - ORDER[b.read.request.method]);
  const changes = writes.flatMap(({ change }) => (change === undefined ? [] : [change]));
  if (changes.length === 0) return new Map();
  const committed = await tx.commit(changes, contextOf(request, writes));
  return new Map(writes.flatMap((each, i) => (committed[i] === undefined ? [] : [[each, committed[i]] as const])));
}

/** One audit entry for each change, in the document that the change made. */
function contextOf(request: FhirRequest, writes: readonly Planned[]): WriteContext {
  const { principal, requestId } = request.x;
  return {
    viewer: principal.viewer,
    requestId,
    author: { id: principal.id, name: principal.name, kind: principal.kind },
    audit: (committed) =>
      writes.flatMap(({ read }, change) => {
        const done = committed[change];
        return done === undefined ? [] : [{ change, draft: draftOf(read.request.x, '0', factsOf([done])) }];
      }),
  };
}

async function respond(context: FhirContext, tx: StoreTransaction, planned: Planned, committed: Committed | undefined): Promise<BundleEntry> {
  const { request, resolved } = planned.read;
  if (committed !== undefined) return responseEntry(context, request, answerOf(committed, planned.issues));
  if (planned.response !== undefined) return responseEntry(context, request, planned.response);
  const response = await resolved.interaction.handle(context, { ...request, records: tx });
  await context.trail.record(draftOf(request.x, '0'));
  return responseEntry(context, request, response);
}

function answerOf(committed: Committed, issues: OperationOutcomeIssue[]): FhirResponse {
  if (committed.deleted) return { status: 204, written: true, version: versionOf(committed) };
  const status = committed.outcome === 'created' ? 201 : 200;
  return { status, written: true, resource: committed.resource, version: versionOf(committed), issues };
}
