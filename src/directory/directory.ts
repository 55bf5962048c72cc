import type { HealthcareService, Location, Organization, Resource } from '@medplum/fhirtypes';
import { referencedId } from '../fhir';
import { parseSearch } from '../search';
import { EVERYTHING, pagesOf, type Store, type WriteRule } from '../store';
import { providerOf, type Provider } from './provider';
import { fold } from './scorer';

/** Types that make the directory. */
const TYPES = ['Organization', 'Location', 'HealthcareService'] as const;

/** What every write of the directory marks: the marks are the directory's version. */
const DIRECTORY = 'directory';

/**
 * Makes each write of the directory count its version up in the same transaction, so that every process notices it
 * at its next look.
 */
export const directoryRules: readonly WriteRule[] = TYPES.map((type) => ({
  type,
  apply: async ({ tx }) => {
    await tx.mark(DIRECTORY);
    return [];
  },
}));

/** The directory as it is at this moment, in memory. */
export interface DirectoryView {
  /** By name, then id. */
  providers: readonly Provider[];
  byId(id: string): Provider | undefined;
  organizationName(id: string): string | undefined;
  /** The Organization of that name, case and spacing aside; of several the first by id. */
  organizationNamed(name: string): string | undefined;
}

export interface Directory {
  /** One read of the version; what changed since the last call is loaded first. */
  current(): Promise<DirectoryView>;
  /**
   * Builds the projection now and follows what any process writes, so that calls find it ready. They are right without
   * it too; only the first one after a change waits.
   */
  follow(): void;
  /** Resolves when nothing of it is at work any more. */
  stop(): Promise<void>;
}

/** How often the version is looked at while following. */
const FOLLOW_MS = 1_000;

/** Versions written so long before the newest known one are looked at again. */
const OVERLAP_MS = 120_000;
const PAGE = 1_000;
/** Pages of changes of one type that are followed. */
const MOST_PAGES = 2;

/** What is kept of the resources. */
interface Held {
  services: Map<string, HealthcareService>;
  organizations: Map<string, Organization>;
  locations: Map<string, Location>;
  /** Versions known, by `Type/id`. */
  versions: Map<string, number>;
  /** Providers made of them; what has changed is made anew. */
  providers: Map<string, Provider>;
  newest: Date | undefined;
}

/** A projection of the directory in this process, never behind a write that was acknowledged before the call. */
export function createDirectory(store: Store): Directory {
  const held: Held = {
    services: new Map(),
    organizations: new Map(),
    locations: new Map(),
    versions: new Map(),
    providers: new Map(),
    newest: undefined,
  };
  let known = -1;
  let view = viewOf(held);
  let running: Promise<void> | undefined;

  const refresh = async (): Promise<void> => {
    // Read before the content: what is written meanwhile is loaded twice, never missed.
    const version = await store.marks(DIRECTORY);
    const isFollowed = held.newest !== undefined && (await loadChanges(store, held, held.newest));
    if (!isFollowed) await loadAll(store, held);
    view = viewOf(held);
    known = version;
  };

  const current = async (): Promise<DirectoryView> => {
    const version = await store.marks(DIRECTORY);
    while (known < version) {
      running ??= refresh().finally(() => (running = undefined));
      await running;
    }
    return view;
  };
  return { current, ...following(current) };
}

/** Asks for the present directory again and again; a database that does not answer is asked again the next time. */
function following(current: () => Promise<unknown>): Pick<Directory, 'follow' | 'stop'> {
  let timer: NodeJS.Timeout | undefined;
  let asked: Promise<unknown> = Promise.resolve();
  let isStopped = false;
  const look = (): void => {
    asked = current()
      .catch(() => undefined)
      .then(() => {
        if (!isStopped) timer = setTimeout(look, FOLLOW_MS).unref();
      });
  };
  return {
    follow: look,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await asked;
    },
  };
}

async function loadAll(store: Store, held: Held): Promise<void> {
  // Until it is done, nothing is known: a failure on the way begins anew.
  held.newest = undefined;
  for (const map of [held.services, held.organizations, held.locations, held.versions, held.providers])
    map.clear();
  let newest = new Date(0);
  for (const type of TYPES) {
    const request = parseSearch(type, `_count=${PAGE}&_sort=_id`);
    for await (const { matches } of pagesOf(store, EVERYTHING, request)) {
      for (const { id, version, resource, lastUpdated } of matches) {
        keep(held, type, id, version, resource);
        if (lastUpdated > newest) newest = lastUpdated;
      }
    }
  }
  held.newest = newest;
}

/**
 * Takes what changed since the newest version known, newest first, and a while before: clocks differ, and a transaction
 * that was begun earlier may commit later than what is known already.
 * @returns false when so much has changed that reading everything is the shorter way
 */
async function loadChanges(store: Store, held: Held, newest: Date): Promise<boolean> {
  const since = new Date(newest.getTime() - OVERLAP_MS);
  let latest = newest;
  for (const type of TYPES) {
    const met = new Set<string>();
    let cursor: string | undefined;
    let pages = 0;
    do {
      if (pages++ === MOST_PAGES) return false;
      const from = cursor === undefined ? {} : { cursor };
      const page = await store.history(EVERYTHING, { type, since, count: PAGE, ...from });
      for (const { id, version, resource, deleted, lastUpdated } of page.versions) {
        // The first version met is the present one.
        const isPresent = !met.has(id) && held.versions.get(`${type}/${id}`) !== version;
        if (isPresent) keep(held, type, id, version, deleted ? undefined : resource);
        met.add(id);
        if (lastUpdated > latest) latest = lastUpdated;
      }
      cursor = page.next;
    } while (cursor !== undefined);
  }
  held.newest = latest;
  return true;
}

/** Keeps of a resource what the directory shows. */
function keep(
  held: Held,
  type: (typeof TYPES)[number],
  id: string,
  version: number,
  resource: Resource | undefined,
): void {
  held.versions.set(`${type}/${id}`, version);
  if (type === 'HealthcareService') {
    put(held.services, id, resource as HealthcareService | undefined);
    held.providers.delete(id);
  }
  if (type === 'Organization') {
    const { name } = (resource ?? {}) as Organization;
    if (name !== held.organizations.get(id)?.name) forget(held, (service) => organizationOf(service) === id);
    put(held.organizations, id, resource && { resourceType: type, ...(name !== undefined && { name }) });
  }
  if (type === 'Location') {
    const { address } = (resource ?? {}) as Location;
    const district = address?.district;
    if (district !== held.locations.get(id)?.address?.district)
      forget(held, (service) => locationOf(service) === id);
    put(
      held.locations,
      id,
      resource && { resourceType: type, ...(district !== undefined && { address: { district } }) },
    );
  }
}

/** Forgets the providers made of services that the test holds for. */
function forget(held: Held, isMeant: (service: HealthcareService) => boolean): void {
  for (const id of held.providers.keys()) {
    const service = held.services.get(id);
    if (service !== undefined && isMeant(service)) held.providers.delete(id);
  }
}

function put<T>(into: Map<string, T>, id: string, value: T | undefined): void {
  if (value === undefined) into.delete(id);
  else into.set(id, value);
}

function viewOf(held: Held): DirectoryView {
  for (const [id, service] of held.services)
    if (!held.providers.has(id)) held.providers.set(id, made(held, service));
  const byId = new Map(held.providers);
  const providers = [...byId.values()].sort((a, b) => compare(a.practice, b.practice) || compare(a.id, b.id));
  const names = new Map<string, string>();
  const ids = new Map<string, string>();
  for (const [id, { name }] of [...held.organizations].sort(([a], [b]) => compare(a, b))) {
    if (name === undefined) continue;
    names.set(id, name);
    if (!ids.has(fold(name))) ids.set(fold(name), id);
  }
  return {
    providers,
    byId: (id) => byId.get(id),
    organizationName: (id) => names.get(id),
    organizationNamed: (name) => ids.get(fold(name)),
  };
}

function made({ organizations, locations }: Held, service: HealthcareService): Provider {
  const organization = organizations.get(organizationOf(service) ?? '');
  const location = locations.get(locationOf(service) ?? '');
  return providerOf({ service, ...(organization && { organization }), ...(location && { location }) });
}

const organizationOf = (service: HealthcareService): string | undefined =>
  referencedId(service.providedBy, 'Organization');
const locationOf = (service: HealthcareService): string | undefined =>
  referencedId(service.location?.[0], 'Location');

/** Code unit order: the same everywhere. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
