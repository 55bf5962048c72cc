/**
 * The short way of events: what this process has just committed goes to its own relay from memory. The documents
 * are written with a lease on them already; should the process die, the lease runs out and another relay takes over.
 */
import type { ResourceType } from '@medplum/fhirtypes';
import type { RecordDocument } from '../documents';
import type { OutboxEvent } from '../types';

/** A lease that documents are born with. */
export interface Claim {
  lease: string;
  until: Date;
}

/** A committed document whose events this process holds. */
export interface Relayable {
  type: ResourceType;
  document: RecordDocument;
  previous: RecordDocument | undefined;
  events: OutboxEvent[];
  claim: Claim;
}

/** Where events wait: the collection of a type, or the one of events without a document. */
export type OutboxPlace = ResourceType | 'outbox';

/** The relay of this process, as commits see it. */
export interface LocalReceiver {
  /** How many more documents it takes into memory. */
  room(): number;
  /** A lease of its own for so many documents about to be written. */
  claim(count: number): Claim;
  take(documents: readonly Relayable[]): void;
  /** Events that it has not got in memory wait there. */
  wake(place: OutboxPlace): void;
}

export interface LocalOutbox {
  attach(receiver: LocalReceiver): void;
  detach(receiver: LocalReceiver): void;
  /** A claim on `count` documents; undefined when there is no relay here, or it has enough to do. */
  claim(count: number): Claim | undefined;
  /** Called once a commit is acknowledged, with all places it left events in. */
  committed(documents: readonly Relayable[], places: readonly OutboxPlace[]): void;
}

export function createLocalOutbox(): LocalOutbox {
  let receiver: LocalReceiver | undefined;
  return {
    attach: (joined) => {
      receiver = joined;
    },
    detach: (left) => {
      if (receiver === left) receiver = undefined;
    },
    claim: (count) =>
      receiver !== undefined && receiver.room() >= count ? receiver.claim(count) : undefined,
    committed: (documents, places) => {
      if (receiver === undefined) return;
      if (documents.length > 0) receiver.take(documents);
      for (const place of places) receiver.wake(place);
    },
  };
}
