import type { Bundle, BundleEntry, OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { cloneResource, parseReference, ProblemError, relativeToOwn, rewriteReferences } from '../../../fhir';
import { authorOf, draftOf } from '../../../http';
import type { Change, Committed, StoreTransaction, WriteContext } from '../../../store';
import { practiceOf } from '../access';
import { acceptResource, readResource } from '../body';
import type { FhirContext } from '../context';
import { gone } from '../interactions/delete';
import { written } from '../interactions/update';
import type { FhirRequest, FhirResponse } from '../request';
import { versionOf } from '../target';
import { factsOf } from '../trace';
import { readEntry, responseEntry, type EntryRequest } from './entry';
import { forEveryEntry, locate } from './locate';
import { criteriaKey, isWrite, planAll, type Planned } from './plan';
import { conditionalReferences, duplicateFullUrls, resolveConditional } from './references';

/** Order in which a transaction is processed. https://hl7.org/fhir/R4/http.html#trules */
const ORDER = { DELETE: 0, POST: 1, PUT: 2, PATCH: 2, GET: 3 } as const;

/** All entries or none: conditional ones resolved, references rewritten, one MongoDB transaction. */
export async function transaction(
  context: FhirContext,
  request: FhirRequest,
  entries: readonly BundleEntry[],
): Promise<Bundle> {
  if (duplicateFullUrls(entries).length > 0)
    throw new ProblemError('malformed', 'Two entries have the same fullUrl.');
  const { reads, issues } = judge(context, request, entries);
  const keys = new Map<EntryRequest['index'], string>();
  forEveryEntry(reads, (read) => {
    const key = criteriaKey(context, read);
    if (key !== undefined) keys.set(read.index, key);
  });
  return context.store.transaction(async (tx) => {
    // Criteria are settled one transaction after another.
    await tx.lock(...keys.values());
    const run: Run = { context, request: { ...request, records: tx }, tx, keys };
    const { planned, committed } = await settle(run, reads, issues);
    const entry: BundleEntry[] = [];
    // One after the other: a session of MongoDB takes one operation at a time.
    for (const each of planned.sort((a, b) => a.read.index - b.read.index)) {
      entry.push(await respond(run, each, committed.get(each.read.index)));
    }
    return { resourceType: 'Bundle', type: 'transaction-response', entry };
  });
}

/**
 * The requests of the entries, and their warnings.
 * @throws ProblemError for what can be told of them without the record, all at once
 */
export function judge(
  context: FhirContext,
  request: FhirRequest,
  entries: readonly BundleEntry[],
): { reads: EntryRequest[]; issues: Map<number, OperationOutcomeIssue[]> } {
  const reads = readAll(context, request, entries);
  return { reads, issues: validateAll(context, reads) };
}

interface Run {
  context: FhirContext;
  request: FhirRequest;
  tx: StoreTransaction;
  /** Criteria of conditional entries, by index. */
  keys: ReadonlyMap<number, string>;
}

/** Every entry's request; all that are wrong are named at once. */
function readAll(
  context: FhirContext,
  request: FhirRequest,
  entries: readonly BundleEntry[],
): EntryRequest[] {
  const reads: EntryRequest[] = [];
  forEveryEntry(
    entries.map((entry, index) => ({ entry, index })),
    ({ entry, index }) => reads.push(readEntry(context, request, entry, index)),
  );
  return reads;
}

function validateAll(
  context: FhirContext,
  reads: readonly EntryRequest[],
): Map<number, OperationOutcomeIssue[]> {
  const warnings = new Map<number, OperationOutcomeIssue[]>();
  forEveryEntry(reads, (read) => {
    const { index, request } = read;
    const isWhole = request.method === 'POST' || request.method === 'PUT';
    if (!isWhole || request.type === undefined || !isWrite(read)) return;
    warnings.set(index, acceptResource(context, asIfResolved(readResource(request)), request.type));
  });
  return warnings;
}

/** A conditional reference is legal in a transaction alone: it is judged as the reference that it will become. */
function asIfResolved(resource: Resource): Resource {
  const conditional = conditionalReferences([resource]);
  if (conditional.length === 0) return resource;
  const resolved = cloneResource(resource);
  rewriteReferences(
    resolved,
    new Map(conditional.map((text) => [text, `${text.split('?', 1)[0] ?? ''}/resolved`])),
  );
  return resolved;
}

/** Deletions first, where others ask what is there after them; then the rest in one commit. */
async function settle(
  run: Run,
  reads: readonly EntryRequest[],
  issues: ReadonlyMap<number, OperationOutcomeIssue[]>,
): Promise<{ planned: Planned[]; committed: Map<number, Committed> }> {
  const { context, tx, keys } = run;
  const isDelete = ({ request }: EntryRequest): boolean => request.method === 'DELETE';
  const others = reads.filter((read) => !isDelete(read));
  const deletes = await planAll(context, tx, reads.filter(isDelete), issues);
  const asksAfter = others.some(({ index }) => keys.has(index));
  const deleted = asksAfter ? await commitAll(run, deletes) : new Map<number, Committed>();
  const planned = [...deletes, ...(await planAll(context, tx, others, issues))];
  refuseConflicts(run, planned);
  const addresses = new Map<string, string>();
  for (const each of planned) addFullUrl(addresses, each);
  const left = planned.filter(({ read }) => !deleted.has(read.index));
  return { planned, committed: new Map([...deleted, ...(await commitLinked(run, left, addresses))]) };
}

/**
 * Commits with references to entries made references to what they are or become. Conditional references are
 * resolved last, so that they find what the other entries wrote, and not what these deleted.
 */
async function commitLinked(
  run: Run,
  planned: readonly Planned[],
  addresses: ReadonlyMap<string, string>,
): Promise<Map<number, Committed>> {
  const isOpen = (each: Planned): boolean => conditionalReferences(resourcesOf([each])).length > 0;
  const open = planned.filter(isOpen);
  const ready = open.length === 0 ? planned : planned.filter((each) => !isOpen(each));
  rewriteAll(run, ready, addresses);
  const committed = await commitAll(run, ready);
  if (open.length === 0) return committed;
  const found = await resolveConditional(run.context, run.request, conditionalReferences(resourcesOf(open)));
  rewriteAll(run, open, new Map([...found, ...addresses]));
  return new Map([...committed, ...(await commitAll(run, open))]);
}

function resourcesOf(planned: readonly Planned[]): Resource[] {
  return planned.flatMap(({ change }) =>
    change === undefined || change.kind === 'delete' ? [] : [change.resource],
  );
}

function rewriteAll(
  { context }: Run,
  planned: readonly Planned[],
  addresses: ReadonlyMap<string, string>,
): void {
  for (const resource of resourcesOf(planned)) {
    rewriteReferences(resource, addresses);
    relativeToOwn(resource, context.baseUrl);
  }
}

function addFullUrl(map: Map<string, string>, { read, change, response }: Planned): void {
  const { fullUrl } = read.entry;
  const target = targetOf(change) ?? (response?.version && `${response.version.type}/${response.version.id}`);
  if (fullUrl === undefined || target === undefined) return;
  map.set(fullUrl, target);
  // A relative reference within a bundle is relative to the full URL of the entry that holds it.
  const parsed = parseReference(fullUrl);
  if (parsed.kind === 'absolute' && parsed.type !== undefined && parsed.id !== undefined)
    map.set(`${parsed.type}/${parsed.id}`, target);
}

function targetOf(change: Change | undefined): string | undefined {
  if (change === undefined) return undefined;
  if (change.kind === 'delete') return `${change.type}/${change.id}`;
  return `${change.resource.resourceType}/${change.kind === 'put' ? change.resource.id : change.id}`;
}

/** Two entries must not touch one resource, nor make two of what one criterion says is one. */
function refuseConflicts({ keys }: Run, planned: readonly Planned[]): void {
  const seen = new Map<string, number>();
  for (const { change, read } of planned) {
    const target = targetOf(change);
    if (target === undefined) continue;
    for (const key of [target, keys.get(read.index)]) {
      const before = key === undefined ? undefined : seen.get(key);
      if (before !== undefined) throw twice(before, read.index);
      if (key !== undefined) seen.set(key, read.index);
    }
  }
}

function twice(one: number, other: number): ProblemError {
  const [first, second] = one < other ? [one, other] : [other, one];
  const message = `Bundle.entry[${first}] and Bundle.entry[${second}] change the same resource.`;
  return new ProblemError('malformed', message, {
    issues: [
      {
        severity: 'error',
        code: 'duplicate',
        diagnostics: message,
        expression: [`Bundle.entry[${first}]`, `Bundle.entry[${second}]`],
      },
    ],
  });
}

/** Commits the changes in the order of the spec. @returns what became of them by the index of their entry. */
async function commitAll({ tx, request }: Run, planned: readonly Planned[]): Promise<Map<number, Committed>> {
  const writes = planned
    .filter((each) => each.change !== undefined)
    .sort((a, b) => ORDER[a.read.request.method] - ORDER[b.read.request.method]);
  const changes = writes.flatMap(({ change }) => (change === undefined ? [] : [change]));
  if (changes.length === 0) return new Map();
  const committed = await tx.commit(changes, contextOf(request, writes));
  return new Map(
    writes.flatMap(({ read }, i) => {
      const done = committed[i];
      return done === undefined ? [] : [[read.index, done] as const];
    }),
  );
}

/** One audit entry for each change, in the document that the change made. Rows of scopes were judged entry by entry. */
function contextOf(request: FhirRequest, writes: readonly Planned[]): WriteContext {
  const { principal, requestId } = request.x;
  return {
    viewer: practiceOf(principal),
    requestId,
    author: authorOf(request.x),
    audit: (committed) =>
      writes.flatMap(({ read }, change) => {
        const done = committed[change];
        return done === undefined ? [] : [{ change, draft: draftOf(read.request.x, '0', factsOf([done])) }];
      }),
  };
}

async function respond(
  { context }: Run,
  planned: Planned,
  committed: Committed | undefined,
): Promise<BundleEntry> {
  const { request, resolved, index } = planned.read;
  if (committed !== undefined)
    return responseEntry(context, request, answerOf(request, committed, planned.issues));
  if (planned.response !== undefined) return responseEntry(context, request, planned.response);
  try {
    const response = await resolved.interaction.handle(context, request);
    if (!request.x.audited) await context.trail.record(draftOf(request.x, '0'));
    return responseEntry(context, request, response);
  } catch (error) {
    throw locate(error, index);
  }
}

function answerOf(request: FhirRequest, committed: Committed, issues: OperationOutcomeIssue[]): FhirResponse {
  if (committed.deleted) return { ...gone(request, committed.version), version: versionOf(committed) };
  return written(committed, issues);
}
