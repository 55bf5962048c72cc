/** The documents that lie in MongoDB, and their way to and from versions. docs/storage.md explains every field. */
import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { type DecimalLiteral, decimalsOf, restoreDecimals } from '../fhir';
import { DEPLOYMENT } from '../search';
import type { IndexFields } from './indexing';
import type { FoundVersion, Interaction, OutboxEvent, StoredVersion, WriteContext } from './types';

/** What the present and the superseded documents of a resource have in common. */
export interface VersionFields {
  version: number;
  lastUpdated: Date;
  deleted: boolean;
  interaction: Interaction;
  author: WriteContext['author'];
  requestId: string;
  resource: Resource;
  /** Literals of decimals that a double cannot carry, by path. */
  decimals?: DecimalLiteral[];
  access: string[];
}

/** Events waiting in a document, and who is at work on them. */
export interface OutboxFields {
  events?: OutboxEvent[];
  /** When a relay may take the events; absent when there are none. */
  due?: Date;
  /** The lease of the relay that has them until `due`. */
  lease?: string;
}

/** The present version: one document a resource, in the collection of its type. `_id` is the FHIR id. */
export interface RecordDocument extends VersionFields, IndexFields, OutboxFields {
  _id: string;
  /** Counts every write of a commit or a grant, also those that make no version; what a write is conditional on. */
  revision: number;
  /** When the first version was written, where this is not it. */
  firstWritten?: Date;
}

/** A superseded version, in `history`. `_id` is `type/id/version`. */
export interface HistoryDocument extends VersionFields {
  _id: string;
  type: ResourceType;
  id: string;
  /** When the next version took its place. */
  until: Date;
}

export function historyId(type: ResourceType, id: string, version: number): string {
  return `${type}/${id}/${version}`;
}

/** The fields of a version for a resource that carries its meta; literals of decimals apart. */
export function contentFields(resource: Resource): Pick<VersionFields, 'resource' | 'decimals'> {
  const decimals = decimalsOf(resource);
  return decimals.length > 0 ? { resource, decimals } : { resource };
}

/** What history keeps of a present document when the next version takes its place. */
export function superseded(type: ResourceType, document: RecordDocument, until: Date): HistoryDocument {
  return {
    _id: historyId(type, document._id, document.version),
    type,
    id: document._id,
    until,
    version: document.version,
    lastUpdated: document.lastUpdated,
    deleted: document.deleted,
    interaction: document.interaction,
    author: document.author,
    requestId: document.requestId,
    resource: document.resource,
    ...(document.decimals === undefined ? {} : { decimals: document.decimals }),
    access: document.access,
  };
}

/** What a search reads of a present document. */
export type FoundDocument = Pick<
  RecordDocument,
  '_id' | 'version' | 'lastUpdated' | 'firstWritten' | 'resource' | 'decimals' | 'access'
>;

/** What a search has found, as the version that it shows; deleted ones are found by none. */
export function foundOf(type: ResourceType, document: FoundDocument): FoundVersion {
  const { _id: id, version, lastUpdated } = document;
  return { type, id, version, lastUpdated, deleted: false, ...shown(document) };
}

/** A document of either kind as the version that services see. */
export function versionOf<T extends Resource = Resource>(
  type: ResourceType,
  id: string,
  document: VersionFields & Pick<RecordDocument, 'firstWritten'>,
): StoredVersion<T> & { interaction: Interaction } {
  const { version, lastUpdated, deleted, author, interaction } = document;
  return { type, id, version, lastUpdated, deleted, ...shown<T>(document), author, interaction };
}

function shown<T extends Resource>({
  resource,
  decimals,
  access,
  firstWritten,
}: Pick<RecordDocument, 'resource' | 'decimals' | 'access' | 'firstWritten'>): Pick<
  StoredVersion<T>,
  'resource' | 'plain' | 'access' | 'firstWritten'
> {
  const plain = decimals === undefined;
  return {
    ...(firstWritten !== undefined && { firstWritten }),
    resource: (plain ? resource : restoreDecimals(resource, decimals)) as T,
    plain,
    access: access.filter((holder) => holder !== DEPLOYMENT),
  };
}
