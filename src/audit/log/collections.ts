/** Where the trail lies in MongoDB. docs/compliance.md, "From access to proof". */
import type { StoreConnection } from '../../store';
import type { mongo } from 'mongoose';
import type { Checkpoint } from '../verify';
import type { InboxDocument } from './inbox';
import type { BlockDocument, SegmentDocument } from './segment';

/** A key that signs. The private part is sealed with the deployment's master key. */
export interface KeyDocument {
  /** The key's thumbprint. RFC 7638 */
  _id: string;
  x: string;
  sealed: string;
  createdAt: Date;
  /** When another key took its place. It still verifies what it signed. */
  retiredAt?: Date;
}

/** A lease, or a setting. */
export interface StateDocument {
  _id: string;
  owner?: string;
  until?: Date;
  years?: number;
  /** Number of the first event that is not searchable yet. */
  next?: number;
}

export interface CheckpointDocument extends Omit<Checkpoint, 'size'> {
  /** Size of the log. */
  _id: number;
  /** Where it has been anchored. */
  anchoredAt?: Date;
}

export interface AuditCollections {
  inbox: mongo.Collection<InboxDocument>;
  segments: mongo.Collection<SegmentDocument>;
  blocks: mongo.Collection<BlockDocument>;
  checkpoints: mongo.Collection<CheckpointDocument>;
  keys: mongo.Collection<KeyDocument>;
  state: mongo.Collection<StateDocument>;
}

/** Opens the collections and makes their indexes. */
export async function openCollections(connection: StoreConnection): Promise<AuditCollections> {
  const collections: AuditCollections = {
    inbox: connection.collection('audit_inbox'),
    segments: connection.collection('audit_segments'),
    blocks: connection.collection('audit_blocks'),
    checkpoints: connection.collection('audit_checkpoints'),
    keys: connection.collection('audit_keys'),
    state: connection.collection('audit_state'),
  };
  await collections.segments.createIndex({ to: 1 });
  await collections.segments.createIndex({ relayed: 1 });
  await collections.keys.createIndex({ createdAt: 1 });
  return collections;
}

/** A write that found its key taken. https://www.mongodb.com/docs/manual/reference/error-codes/ (11000) */
export function isDuplicate(error: unknown): boolean {
  return (error as { code?: unknown }).code === 11_000;
}
