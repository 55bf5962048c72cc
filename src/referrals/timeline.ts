import type { Annotation, Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import type { StoreAccess, StoredVersion, Viewer } from '../store';
import type { ReferralResources } from './mapping';
import { type ReferralStatus, statusOfRequest, taggedStatus } from './status';

/** Something that was done to a referral. */
export interface ReferralStep {
  at: Date;
  by: NonNullable<StoredVersion['author']>;
  /** The status that it came to have; undefined when that stayed. */
  status?: ReferralStatus;
  /** Notes that were added, in their order. */
  notes: { text: string; author?: string }[];
  /** Elements of the request that were changed besides, e.g. `priority`. */
  changed: string[];
}

const NOBODY = { id: 'unknown', name: 'unknown', kind: 'system' };
/** Versions of one resource that a timeline shows. */
const MOST_VERSIONS = 500;
/** What says nothing that the steps do not say themselves. */
const SILENT = new Set(['meta', 'status', 'resourceType', 'id', 'text', 'note']);

/**
 * What happened to a referral, oldest first, read off the histories of its request and its Task: both are written in
 * one transaction, so versions of one instant and author are one step. A Task that the viewer does not see says nothing.
 */
export async function timelineOf(
  store: StoreAccess,
  viewer: Viewer,
  { sr, task }: ReferralResources,
): Promise<ReferralStep[]> {
  const steps = new Map<string, ReferralStep>();
  const stepOf = ({ lastUpdated, author = NOBODY }: StoredVersion): ReferralStep => {
    const key = `${lastUpdated.toISOString()} ${author.id}`;
    const step = steps.get(key) ?? { at: lastUpdated, by: author, notes: [], changed: [] };
    steps.set(key, step);
    return step;
  };
  eachChange<ServiceRequest>(await versionsOf(store, viewer, sr), (version, before) => {
    const status = statusIn(version.resource);
    const step = stepOf(version);
    if (before === undefined || statusIn(before) !== status) step.status = status;
    if (before !== undefined) step.changed.push(...changedBetween(before, version.resource));
  });
  if (task !== undefined)
    eachChange<Task>(await versionsOf(store, viewer, task), (version, before) => {
      stepOf(version).notes.push(...addedNotes(before?.note ?? [], version.resource.note ?? []));
    });
  return [...steps.values()]
    .filter(({ status, notes, changed }) => status !== undefined || notes.length + changed.length > 0)
    .sort((a, b) => a.at.getTime() - b.at.getTime());
}

async function versionsOf<T extends Resource>(
  store: StoreAccess,
  viewer: Viewer,
  { resourceType, id = '' }: T,
): Promise<StoredVersion<T>[]> {
  const page = await store.history(viewer, { type: resourceType, id, count: MOST_VERSIONS });
  return [...page.versions].reverse() as unknown as StoredVersion<T>[];
}

function eachChange<T extends Resource>(
  versions: readonly StoredVersion<T>[],
  take: (version: StoredVersion<T>, before: T | undefined) => void,
): void {
  versions.forEach((version, i) => {
    if (!version.deleted) take(version, versions[i - 1]?.resource);
  });
}

function statusIn(request: ServiceRequest): ReferralStatus {
  return taggedStatus(request) ?? statusOfRequest(request);
}

function changedBetween(before: ServiceRequest, after: ServiceRequest): string[] {
  const values = (request: ServiceRequest): Map<string, string> =>
    new Map(Object.entries(request).map(([name, value]) => [name, JSON.stringify(value)]));
  const [then, now] = [values(before), values(after)];
  return [...new Set([...then.keys(), ...now.keys()])].filter(
    (name) => !SILENT.has(name) && then.get(name) !== now.get(name),
  );
}

function addedNotes(before: readonly Annotation[], after: readonly Annotation[]): ReferralStep['notes'] {
  const keyOf = ({ time = '', text = '' }: Annotation): string => `${time} ${text}`;
  const known = new Set(before.map(keyOf));
  return after
    .filter((note) => !known.has(keyOf(note)))
    .map(({ text = '', authorReference, authorString }) => {
      const author = authorReference?.display ?? authorString;
      return { text, ...(author !== undefined && { author }) };
    });
}
