import type { Resource, ResourceType } from '@medplum/fhirtypes';
import type { SearchRequest } from '../search';

/** Whose eyes a read uses. Made by identity from a principal; the store knows no tokens. */
export interface Viewer {
  /** Organization id whose record is seen; undefined sees the whole deployment. */
  practice?: string;
  /**
   * What SMART scopes leave of a type: true all rows, false none, a list: rows that match one of the searches.
   * Undefined means all types.
   */
  rows?: (type: ResourceType) => boolean | readonly SearchRequest[];
  /** The same for what `_include` and `_revinclude` bring, where more may be read than searched. Default `rows`. */
  included?: (type: ResourceType) => boolean | readonly SearchRequest[];
}

/** The viewer of the server itself: seeds, imports, workers. */
export const EVERYTHING: Viewer = {};

/** How a version came to be. */
export type Interaction = 'create' | 'update' | 'delete';

/** One stored version of a resource. `resource.meta` carries versionId and lastUpdated. */
export interface StoredVersion<T extends Resource = Resource> {
  type: ResourceType;
  id: string;
  version: number;
  lastUpdated: Date;
  /** Of a present version: when the first one was written, where that is another. */
  firstWritten?: Date;
  deleted: boolean;
  /** The resource; of a deleted version the last content's id and meta only. */
  resource: T;
  /** JavaScript writes all its numbers as they came: none has a literal of its own to be looked for. */
  plain?: boolean;
  /** Practices (Organization ids) that may see it, or EVERYBODY. */
  access: readonly string[];
  /** Who wrote this version. */
  author?: WriteContext['author'];
}

/** One change of one resource. Ids are FHIR ids, versions count from 1. */
export type Change =
  | { kind: 'create'; resource: Resource; id?: string; share?: readonly string[] }
  | {
      kind: 'put';
      resource: Resource & { id: string };
      /** Only when this is the present version (If-Match). 0: only when there is none (If-None-Match: *). */
      ifVersion?: number;
      /** How a change is named in events and audit. */
      interaction?: 'update' | 'patch';
      share?: readonly string[];
    }
  | { kind: 'delete'; type: ResourceType; id: string; ifVersion?: number };
/* `share`: practices that get to see the resource besides the writer and those it addresses. */

export interface Committed<T extends Resource = Resource> extends StoredVersion<T> {
  /** What happened: `none` is an update with identical content, which makes no version. */
  outcome: 'created' | 'updated' | 'deleted' | 'none';
  previousVersion?: number;
}

/** What the committed documents carry besides the resources, durable with them (architecture: a write, end to end). */
export interface WriteContext {
  viewer: Viewer;
  requestId: string;
  /** Span of the request, where traces are made: what the change causes later belongs to its trace. */
  traceparent?: string;
  /** Reference of who wrote: `Practitioner/x`, `Device/x`, a display; kept with history (who changed it). */
  author: {
    id: string;
    name: string;
    kind: string;
    /** The way it came: `handoffrx`, `dermifi`, `fhir`, `portal` (a page of the dashboard), `command`. */
    face?: string;
    /** Name of the practice that it was done for. */
    practice?: string;
  };
  /**
   * Audit entries of this commit, as the audit room's drafts; called once the ids and versions are known.
   * Each is stored in the document of the change it names by index.
   */
  audit?: (committed: readonly Committed[]) => { change: number; draft: object }[];
}

/** An event waiting in the document that caused it, until the relay has taken it. */
export type OutboxEvent =
  | { id: string; kind: 'audit'; draft: object }
  | {
      id: string;
      kind: 'change';
      interaction: Interaction;
      version: number;
      previousVersion?: number;
      at: Date;
      requestId: string;
      traceparent?: string;
      author: WriteContext['author'];
    };

/**
 * A rule of a domain that every write of its type passes through, whichever face it comes from: it may refuse
 * (throw a ProblemError), amend the change, or add changes that must become true in the same transaction.
 *
 * Rules run before anything of the commit is written, inside its transaction. A change they return for a document
 * that the commit changes too (a `put` of the same type and id) takes that change's content, so that it stays one
 * version; others are added to the commit. What rules return passes no rules itself.
 */
export interface WriteRule {
  type: ResourceType;
  apply(change: {
    previous: StoredVersion | undefined;
    /** Content to be written, its id given; undefined when it is deleted. */
    next: Resource | undefined;
    /** All changes of the commit, creates with their ids given: what `tx` does not show yet. */
    commit: readonly Change[];
    context: WriteContext;
    tx: StoreTransaction;
  }): Promise<Change[]>;
}

/** What a search reads of a version: not who wrote it. */
export type FoundVersion<T extends Resource = Resource> = Omit<StoredVersion<T>, 'author'>;

export interface SearchPage {
  /** Matches of this page in order. */
  matches: FoundVersion[];
  /** Resources added by _include and _revinclude, each once. */
  included: FoundVersion[];
  /** Number of all matches, when asked for or when the page holds them all. */
  total?: number;
  /** Opaque keyset cursor of the next/previous page. */
  next?: string;
  previous?: string;
}

export interface HistoryRequest {
  type?: ResourceType;
  id?: string;
  since?: Date;
  at?: { low: Date; high: Date };
  count: number;
  cursor?: string;
}

export interface HistoryPage {
  /** Newest first. */
  versions: (StoredVersion & { interaction: Interaction })[];
  total?: number;
  next?: string;
}

/** Reading and writing, the same inside and outside a transaction. */
export interface StoreAccess {
  /** The present version (a deleted one with deleted: true); undefined when unknown or not to be seen. */
  read<T extends Resource = Resource>(
    viewer: Viewer,
    type: ResourceType,
    id: string,
  ): Promise<StoredVersion<T> | undefined>;
  /** Many at once, by type and id, one query a type; missing and hidden ones are left out. */
  readMany(
    viewer: Viewer,
    references: readonly { type: ResourceType; id: string }[],
  ): Promise<StoredVersion[]>;
  readVersion(
    viewer: Viewer,
    type: ResourceType,
    id: string,
    version: number,
  ): Promise<StoredVersion | undefined>;
  search(viewer: Viewer, request: SearchRequest): Promise<SearchPage>;
  count(viewer: Viewer, request: SearchRequest): Promise<number>;
  history(viewer: Viewer, request: HistoryRequest): Promise<HistoryPage>;
  /** All or nothing; in order of the list. One change is one document write, several are one MongoDB transaction. */
  commit(changes: readonly Change[], context: WriteContext): Promise<Committed[]>;
}

export interface StoreTransaction extends StoreAccess {
  /**
   * Serializes transactions that name one of the same keys (conditional creates, find-or-create). Keys that are known
   * together belong into one call: it is one command, and in one order for all, so that none waits in a circle.
   */
  lock(...keys: string[]): Promise<void>;
  /** Tells every process that what the key stands for is being written (`Store.marks`); nobody waits for it. */
  mark(key: string): Promise<void>;
}

export interface Store extends StoreAccess {
  /** Runs the work in one MongoDB transaction, again on a transient conflict; work must be repeatable. */
  transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T>;
  /** How many committed transactions have marked the key: a version of what it stands for. */
  marks(key: string): Promise<number>;
  /** The next number of a named sequence, unique across processes (gaps happen). */
  nextNumber(sequence: string): Promise<number>;
}
