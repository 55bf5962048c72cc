import type { Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import type { Directory } from '../directory';
import { ProblemError, referencedId } from '../fhir';
import { EVERYBODY, parseSearch } from '../search';
import {
  type Change,
  type Committed,
  EVERYTHING,
  type FoundVersion,
  type Store,
  type StoreTransaction,
  type Viewer,
  type WriteContext,
} from '../store';
import { draftReferral, type NewReferral, type Party, type ReferralParty } from './create';
import { findReferrals, type FoundReferrals, type ReferralSearch } from './find';
import { referralMapping, type ReferralContext, type ReferralResources, type ReferralView } from './mapping';
import { type LoadedReferral, loadReferral, readRelated } from './load';
import { patched, type ReferralPatch } from './patch';
import { requireSound } from './sound';
import { listCode, type ReferralStatus } from './status';
import { type ReferralStep, timelineOf } from './timeline';

/** What an answer shows, and which resources it shows it from. */
export interface Shown<T = ReferralView> {
  view: T;
  /** Of everything that it is shown from: another one after any change. */
  version: string;
  resources: string[];
  patients: string[];
}

export interface ReferralList {
  referrals: ReferralView[];
  /** Of all matches. */
  count: number;
  resources: string[];
  patients: string[];
}

export interface Referrals {
  /**
   * Makes a referral: ServiceRequest, Task, Patient and Coverage in one transaction.
   * @param id the referral's id; when `resumed` and it is there already, that referral is the answer
   * @param contextOf the context of the commit; gets the ids of the patients concerned
   */
  create(
    party: ReferralParty,
    input: NewReferral,
    contextOf: ContextOf,
    claim?: { id: string; resumed: boolean },
  ): Promise<Shown>;
  /** Sent by or to the practice, newest first. */
  list(
    party: ReferralParty,
    page: { status?: ReferralStatus; limit: number; offset: number },
  ): Promise<ReferralList>;
  /** @throws ProblemError not-found */
  read(party: ReferralParty, id: string): Promise<Shown>;
  /**
   * Changes status, adds a note, or both. Changes of several callers are applied one after the other.
   * @param ifVersion change it only when this is its version still
   * @throws ProblemError not-found, invalid when the present status does not allow the change, or precondition-failed.
   */
  update(
    party: ReferralParty,
    id: string,
    patch: ReferralPatch,
    contextOf: ContextOf,
    ifVersion?: string,
  ): Promise<Shown>;
  /** Those that fit, newest first, a page at a time. */
  find(party: ReferralParty, wanted: ReferralSearch): Promise<FoundReferrals>;
  /** What happened to a referral, oldest first. @throws ProblemError not-found */
  timeline(party: ReferralParty, id: string): Promise<Omit<Shown<ReferralStep[]>, 'version'>>;
}

/** Makes the context of a commit, given what its audit entry must say besides the versions written. */
export type ContextOf = (patients: readonly string[]) => WriteContext;

export interface ReferralServices {
  store: Store;
  directory: Directory;
  /** A practice with keys or users by name, case and spacing aside; they come before others of the directory. */
  practiceNamed(name: string): Promise<Party | undefined>;
  clock?: () => Date;
}

/** The referral service. HandoffRx, "Referrals"; decisions, "HandoffRx". */
export function createReferrals(services: ReferralServices): Referrals {
  const { store, directory, clock = () => new Date() } = services;

  /** Names of the directory, where one of the referrals does not say its practice's itself. */
  const contextFor = async (
    requests: readonly Pick<FoundVersion, 'id' | 'resource' | 'firstWritten'>[],
  ): Promise<ReferralContext> => {
    const firstWritten = (id: string): Date | undefined =>
      requests.find((one) => one.id === id)?.firstWritten;
    const isNamed = ({ performer }: ServiceRequest): boolean => performer?.[0]?.display !== undefined;
    if (requests.every(({ resource }) => isNamed(resource as ServiceRequest)))
      return { ...NO_NAMES, firstWritten };
    const view = await directory.current();
    return {
      organizationName: (id) => view.organizationName(id),
      practiceOf: (id) => view.byId(id)?.practice,
      firstWritten,
    };
  };

  const shown = async ({ resources, ...times }: LoadedReferral): Promise<Shown> => ({
    view: referralMapping.read(
      boundOf(resources),
      'detail',
      await contextFor([{ id: resources.sr.id ?? '', resource: resources.sr, ...times }]),
    ),
    version: versionIn(resources),
    resources: referencesOf(resources),
    patients: patientsOf(resources),
  });

  const receiverNamed = async (name: string): Promise<string | undefined> => {
    const practice = await services.practiceNamed(name);
    return practice?.id ?? (await directory.current()).organizationNamed(name);
  };

  return {
    async create(party, input, contextOf, claim) {
      const receiver = await receiverNamed(input.sent_to_practice);
      const id = claim?.id ?? randomUUID();
      const at = clock();
      const resources = await store.transaction(async (tx) => {
        const made = claim?.resumed === true ? await loadReferral(tx, party.viewer, id) : undefined;
        if (made !== undefined) return made.resources;
        const draft = await draftReferral(tx, {
          input,
          sender: party,
          receiver,
          viewer: party.viewer,
          at,
          id,
        });
        requireSound(draft.resources);
        const context = contextOf([draft.resources.patient.id ?? '']);
        return withVersions(draft.resources, await tx.commit(draft.changes, context));
      });
      return shown({ resources });
    },

    async list(party, { status, limit, offset }) {
      const query = new URLSearchParams({
        _tag: listCode(status),
        _sort: '-created',
        _count: String(limit),
        _total: 'accurate',
      });
      const request = { ...parseSearch('ServiceRequest', query.toString()), offset };
      const page = await store.search(party.viewer, request);
      const requests = page.matches.map((match) => match.resource as ServiceRequest);
      const related = await readRelated(store, party.viewer, requests);
      const context = await contextFor(page.matches);
      return {
        referrals: requests.map((sr) => referralMapping.read(boundOf(related(sr)), 'list', context)),
        count: page.total ?? offset + requests.length,
        resources: requests.map((sr) => `ServiceRequest/${sr.id ?? ''}`),
        patients: [...new Set(requests.flatMap((sr) => referencedId(sr.subject, 'Patient') ?? []))],
      };
    },

    async read(party, id) {
      return shown(found(await loadReferral(store, party.viewer, id)));
    },

    find: (party, wanted) => findReferrals(store, party, wanted, contextFor),

    async timeline(party, id) {
      const { resources } = found(await loadReferral(store, party.viewer, id));
      return {
        view: await timelineOf(store, party.viewer, resources),
        resources: referencesOf(resources),
        patients: patientsOf(resources),
      };
    },

    async update(party, id, patch, contextOf, ifVersion) {
      const loaded = await store.transaction(async (tx): Promise<LoadedReferral> => {
        await tx.lock(`referral ${id}`);
        const { resources: present, ...times } = found(await loadReferral(tx, party.viewer, id));
        if (ifVersion !== undefined && ifVersion !== versionIn(present))
          throw new ProblemError('precondition-failed', 'The referral has been changed meanwhile');
        const changed = patched(present, patch, party, clock());
        if (changed === present) return { resources: present, ...times };
        requireSound(changed);
        const context = contextOf(patientsOf(present));
        const committed = await commitPatch(tx, party, { present, changed }, context);
        return { resources: withVersions(changed, committed), ...times };
      });
      return shown(loaded);
    },
  };
}

/**
 * Commits what a patch changed. Either party may patch, also where an EHR keeps the Task to itself: then it is changed by
 * the right of who holds it, the party comes to see it, and the request follows by the referral's rules.
 */
async function commitPatch(
  tx: StoreTransaction,
  { id, viewer }: ReferralParty,
  { present, changed }: Record<'present' | 'changed', ReferralResources>,
  context: WriteContext,
): Promise<Committed[]> {
  const holder = await holderOfHidden(tx, viewer, present.task);
  const { task, sr } = changed;
  if (holder !== undefined && task !== undefined)
    return tx.commit([{ ...putting(task), share: [id] }], { ...context, viewer: holder });
  const changes = [task, sr].flatMap((one) =>
    one === undefined || one === present.sr ? [] : [putting(one)],
  );
  return tx.commit(changes, context);
}

function putting(resource: ServiceRequest | Task): Extract<Change, { kind: 'put' }> {
  return { kind: 'put', interaction: 'patch', resource: { ...resource, id: resource.id ?? '' } };
}

/** Somebody who may change a Task that the viewer does not see; undefined for one that it sees. */
async function holderOfHidden(
  tx: StoreTransaction,
  viewer: Viewer,
  task: Task | undefined,
): Promise<Viewer | undefined> {
  if (task?.id === undefined || (await tx.read(viewer, 'Task', task.id)) !== undefined) return undefined;
  const held = await tx.read(EVERYTHING, 'Task', task.id);
  const practice = held?.access.find((one) => one !== '' && one !== EVERYBODY);
  return practice === undefined ? EVERYTHING : { practice };
}

const NO_NAMES = { organizationName: () => undefined, practiceOf: () => undefined };

function boundOf(resources: ReferralResources): Record<string, unknown> {
  return { ...resources };
}

function found(loaded: LoadedReferral | undefined): LoadedReferral {
  if (loaded === undefined) throw new ProblemError('not-found', 'Referral not found');
  return loaded;
}

/** What has been committed instead of what was meant to be: with its version and time. */
function withVersions(resources: ReferralResources, committed: readonly Committed[]): ReferralResources {
  const versions = new Map(committed.map((one) => [`${one.type}/${one.id}`, one.resource]));
  const present = Object.entries(resources).map(([name, resource]: [string, Resource]) => {
    return [name, versions.get(`${resource.resourceType}/${resource.id ?? ''}`) ?? resource];
  });
  return Object.fromEntries(present) as ReferralResources;
}

/** Versions of all resources that a referral is shown from, in their order. */
function versionIn({ sr, task, patient, coverage }: ReferralResources): string {
  return [sr, task, patient, coverage].map((resource) => resource?.meta?.versionId ?? '0').join('.');
}

function patientsOf({ patient }: ReferralResources): string[] {
  return patient?.id === undefined ? [] : [patient.id];
}

function referencesOf(resources: ReferralResources): string[] {
  return Object.values(resources).flatMap((resource: Resource | undefined) =>
    resource?.id === undefined ? [] : [`${resource.resourceType}/${resource.id}`],
  );
}
