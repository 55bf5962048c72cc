/** The access of the documents of one commit, and what it opens of documents besides them. */
import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { DEPLOYMENT, EVERYBODY } from '../search';
import { addressees, carried, isShared, mayRead, patientsOf, practiceBehind, type Target } from './access';
import type { RecordDocument } from './documents';
import type { Planned } from './plan';
import { addId, findByIds, type Scope } from './scope';
import type { Viewer } from './types';

/** Practices that get to see a document outside the commit. Keyed `type/id`. */
export type Grants = Map<string, { target: Target; practices: Set<string> }>;

export interface Holders {
  /** Practices of each planned document, in the order of the plan. */
  practices: Set<string>[];
  grants: Grants;
}

const keyOf = (target: Target): string => `${target.type}/${target.id}`;

/**
 * Works out who holds each document: who held it, the writer's practice, whom it is addressed to or shared with,
 * and, when the writer has no practice, the holders of its patient. Reads at most once: all lookups are batched.
 */
export async function holdersOf(scope: Scope, planned: readonly Planned[], viewer: Viewer): Promise<Holders> {
  const inCommit = new Map(planned.map((plan, i) => [`${plan.type}/${plan.id}`, i]));
  const lookups = await lookUp(scope, wantedLookups(planned, viewer, inCommit));
  const opened: Set<string>[] = [];
  const practices = planned.map((plan) => {
    const held = new Set(
      plan.previous?.access.filter((holder) => holder !== EVERYBODY && holder !== DEPLOYMENT),
    );
    if (viewer.practice !== undefined) held.add(viewer.practice);
    const open = openedBy(plan, planned, inCommit, lookups);
    for (const practice of open) held.add(practice);
    opened.push(open);
    return held;
  });
  const grants = spread(planned, practices, opened, inCommit);
  if (viewer.practice === undefined) inherit(planned, practices, inCommit, lookups);
  return { practices, grants };
}

function wantedLookups(
  planned: readonly Planned[],
  viewer: Viewer,
  inCommit: ReadonlyMap<string, number>,
): Map<ResourceType, Set<string>> {
  const wanted = new Map<ResourceType, Set<string>>();
  for (const { next } of planned) {
    if (next === undefined || next.deleted) continue;
    const patients = viewer.practice === undefined ? patientsOf(next.resource) : [];
    const targets: Target[] = patients.map((id) => ({ type: 'Patient', id }));
    for (const target of [...targets, ...addressees(next.resource).behind]) {
      if (!inCommit.has(keyOf(target))) addId(wanted, target.type, target.id);
    }
  }
  return wanted;
}

async function lookUp(
  scope: Scope,
  wanted: ReadonlyMap<ResourceType, ReadonlySet<string>>,
): Promise<Map<string, RecordDocument>> {
  if (wanted.size === 0) return new Map();
  const projection = {
    access: 1,
    'resource.resourceType': 1,
    'resource.providedBy': 1,
    'resource.organization': 1,
  } as const;
  const found = await findByIds(scope, wanted, projection);
  return new Map(found.map(({ type, document }) => [`${type}/${document._id}`, document]));
}

/** Practices that a document is addressed to or shared with by this change. */
function openedBy(
  plan: Planned,
  planned: readonly Planned[],
  inCommit: ReadonlyMap<string, number>,
  lookups: ReadonlyMap<string, RecordDocument>,
): Set<string> {
  if (plan.next === undefined || plan.next.deleted) return new Set();
  const { practices, behind } = addressees(plan.next.resource);
  const open = new Set([...practices, ...plan.next.share.filter((practice) => practice !== EVERYBODY)]);
  for (const target of behind) {
    const at = inCommit.get(keyOf(target));
    const resource: Resource | undefined =
      at === undefined ? lookups.get(keyOf(target))?.resource : planned[at]?.next?.resource;
    const practice = resource === undefined ? undefined : practiceBehind(resource);
    if (practice !== undefined) open.add(practice);
  }
  return open;
}

/** Opens what addressed documents carry: in the commit at once, outside of it as grants. */
function spread(
  planned: readonly Planned[],
  practices: readonly Set<string>[],
  opened: readonly Set<string>[],
  inCommit: ReadonlyMap<string, number>,
): Grants {
  const grants: Grants = new Map();
  const waiting = planned.map((_plan, at) => ({ at, open: opened[at] ?? new Set<string>() }));
  for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
    const plan = planned[item.at];
    if (plan?.next === undefined || item.open.size === 0) continue;
    const before = plan.previous;
    const carriedBefore = new Set(before === undefined ? [] : carried(before.resource).map(keyOf));
    for (const target of carried(plan.next.resource)) {
      const fresh = [...item.open].filter(
        (practice) => !(carriedBefore.has(keyOf(target)) && before?.access.includes(practice)),
      );
      const at = inCommit.get(keyOf(target));
      const held = at === undefined ? undefined : practices[at];
      if (at !== undefined && held !== undefined && planned[at]?.next !== undefined) {
        const added = fresh.filter((practice) => !held.has(practice));
        for (const practice of added) held.add(practice);
        if (added.length > 0) waiting.push({ at, open: new Set(added) });
      } else if (fresh.length > 0) addGrant(grants, target, fresh);
    }
  }
  return grants;
}

export function addGrant(grants: Grants, target: Target, practices: readonly string[]): void {
  const grant = grants.get(keyOf(target)) ?? { target, practices: new Set<string>() };
  for (const practice of practices) grant.practices.add(practice);
  grants.set(keyOf(target), grant);
}

/** What the deployment's own clients write about a patient is seen by the practices that hold the patient. */
function inherit(
  planned: readonly Planned[],
  practices: readonly Set<string>[],
  inCommit: ReadonlyMap<string, number>,
  lookups: ReadonlyMap<string, RecordDocument>,
): void {
  planned.forEach((plan, i) => {
    if (plan.next === undefined || plan.next.deleted) return;
    for (const patient of patientsOf(plan.next.resource)) {
      const key = `Patient/${patient}`;
      const at = inCommit.get(key);
      const holders = at === undefined ? lookups.get(key)?.access : practices[at];
      for (const holder of holders ?? []) {
        if (holder !== DEPLOYMENT && holder !== EVERYBODY) practices[i]?.add(holder);
      }
    }
  });
}

/** Drops the grants that are in force already, that the writer may not give, or whose target is not there. */
export async function missingGrants(scope: Scope, grants: Grants, viewer: Viewer): Promise<Grants> {
  const missing: Grants = new Map();
  if (grants.size === 0) return missing;
  const wanted = new Map<ResourceType, Set<string>>();
  for (const { target } of grants.values()) if (!isShared(target.type)) addId(wanted, target.type, target.id);
  for (const { type, document } of await findByIds(scope, wanted, { access: 1 })) {
    const target = { type, id: document._id };
    const asked = grants.get(keyOf(target))?.practices ?? [];
    const fresh = [...asked].filter((practice) => !document.access.includes(practice));
    if (fresh.length > 0 && mayRead(viewer, document.access)) addGrant(missing, target, fresh);
  }
  return missing;
}
