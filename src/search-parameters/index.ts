import type { ResourceType, SearchParameter } from '@medplum/fhirtypes';
import type { mongo } from 'mongoose';
import {
  checkSearchParameter,
  parseSearch,
  registerSearchParameter,
  unregisterSearchParameter,
} from '../search';
import {
  EVERYTHING,
  reindex,
  type Committed,
  type Store,
  type StoreConnection,
  type StoreTransaction,
  type WriteRule,
} from '../store';

/** Refuses a SearchParameter that this server could not search by, before it is stored. */
export const searchParameterRules: readonly WriteRule[] = [
  {
    type: 'SearchParameter',
    apply: ({ next }) => {
      if (next !== undefined && isUsed(next as SearchParameter))
        checkSearchParameter(next as SearchParameter);
      return Promise.resolve([]);
    },
  },
];

/** How far the reindex behind a posted parameter is. Collection `reindex_jobs`. */
export interface ReindexStatus {
  /** SearchParameter id. */
  id: string;
  state: 'waiting' | 'running' | 'done' | 'failed';
  /** Documents looked at so far, by type. */
  types: { type: ResourceType; done: number; finished: boolean }[];
}

interface JobDocument {
  _id: string;
  /** Version of the SearchParameter that the job is for. */
  version: number;
  state: ReindexStatus['state'];
  types: ReindexStatus['types'];
  /** A running job whose process died is taken over after this time. */
  until: Date;
}

/** The SearchParameters that clients post: in use in every process, and indexed for what was there before them. */
export interface SearchParameters {
  /** Takes the stored ones into use and follows changes of other processes. */
  start(): Promise<void>;
  /** The same store; a SearchParameter written through it is in use as soon as the write is acknowledged. */
  followed(store: Store): Store;
  status(id: string): Promise<ReindexStatus | undefined>;
  stop(): Promise<void>;
}

const POLL_MS = 2_000;
const OVERLAP_MS = 10_000;
const LEASE_MS = 30_000;

/** Nothing is in use before `start`; reindexing goes on in the background, in whichever process holds the job's lease. */
export function createSearchParameters(store: Store, connection: StoreConnection): SearchParameters {
  const jobs = connection.collection<JobDocument>('reindex_jobs');
  const versions = new Map<string, number>();
  const working = new Set<Promise<void>>();
  const ending = new AbortController();
  let seen = 0;
  let timer: NodeJS.Timeout | undefined;

  const take = (parameter: Pick<Committed, 'id' | 'version' | 'deleted' | 'resource'>): ResourceType[] => {
    if (versions.get(parameter.id) === parameter.version) return [];
    versions.set(parameter.id, parameter.version);
    const resource = parameter.resource as SearchParameter;
    if (parameter.deleted || !isUsed(resource)) {
      unregisterSearchParameter(parameter.id);
      return [];
    }
    return registerSearchParameter({ ...resource, id: parameter.id });
  };
  const work = (id: string): void => {
    const running = runJob({ jobs, connection, signal: ending.signal }, id)
      .catch(() => undefined) // the next look takes it up again
      .finally(() => working.delete(running));
    working.add(running);
  };
  const committed = async (changes: readonly Committed[]): Promise<void> => {
    for (const change of changes) {
      if (change.type !== 'SearchParameter') continue;
      const types = take(change);
      if (types.length === 0) continue;
      await jobs.replaceOne({ _id: change.id }, newJob(change.version, types), { upsert: true });
      work(change.id);
    }
  };
  const look = async (): Promise<void> => {
    const since = seen === 0 ? '' : `&_lastUpdated=ge${new Date(seen - OVERLAP_MS).toISOString()}`;
    const { matches } = await store.search(EVERYTHING, parseSearch('SearchParameter', `_count=1000${since}`));
    for (const match of matches) {
      seen = Math.max(seen, match.lastUpdated.getTime());
      take(match);
    }
    const open = await jobs
      .find(
        { state: { $in: ['waiting', 'running'] }, until: { $lt: new Date() } },
        { projection: { _id: 1 } },
      )
      .toArray();
    for (const { _id } of open) work(_id);
  };
  return {
    async start() {
      await look();
      timer = setInterval(() => void look().catch(() => undefined), POLL_MS);
      timer.unref();
    },
    followed: (followed) => follow(followed, committed),
    async status(id) {
      const job = await jobs.findOne({ _id: id });
      return job === null ? undefined : { id, state: job.state, types: job.types };
    },
    async stop() {
      clearInterval(timer);
      ending.abort();
      await Promise.all(working);
    },
  };
}

/** `draft` and `active` ones are in use. */
function isUsed({ status }: SearchParameter): boolean {
  return status === 'draft' || status === 'active';
}

function newJob(version: number, types: readonly ResourceType[]): Omit<JobDocument, '_id'> {
  return {
    version,
    state: 'waiting',
    until: new Date(0),
    types: types.map((type) => ({ type, done: 0, finished: false })),
  };
}

interface Work {
  jobs: mongo.Collection<JobDocument>;
  connection: StoreConnection;
  signal: AbortSignal;
}

/** Runs a job under a lease. What is indexed by the present definitions already is passed over, so repeating is cheap. */
async function runJob({ jobs, connection, signal }: Work, id: string): Promise<void> {
  const job = await jobs.findOneAndUpdate(
    { _id: id, state: { $in: ['waiting', 'running'] }, until: { $lt: new Date() } },
    { $set: { state: 'running', until: new Date(Date.now() + LEASE_MS) } },
    { returnDocument: 'after' },
  );
  if (job === null) return;
  for (const [i, { type }] of job.types.entries()) {
    await reindex({
      connection,
      type,
      signal,
      onProgress: async ({ done }) => {
        await jobs.updateOne(
          { _id: id },
          { $set: { [`types.${i}.done`]: done, until: new Date(Date.now() + LEASE_MS) } },
        );
      },
    });
    if (signal.aborted) return;
    await jobs.updateOne({ _id: id }, { $set: { [`types.${i}.finished`]: true } });
  }
  await jobs.updateOne({ _id: id, version: job.version }, { $set: { state: 'done' } });
}

/** A store that tells of what it commits, once it is committed. */
function follow(store: Store, committed: (changes: readonly Committed[]) => Promise<void>): Store {
  return {
    ...store,
    async commit(changes, context) {
      const made = await store.commit(changes, context);
      await committed(made);
      return made;
    },
    async transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T> {
      let made: Committed[] = [];
      const result = await store.transaction((tx) => {
        made = []; // a repeated run starts anew
        const { commit } = tx;
        tx.commit = async (changes, context) => {
          const some = await commit(changes, context);
          made.push(...some);
          return some;
        };
        return work(tx);
      });
      await committed(made);
      return result;
    },
  };
}
