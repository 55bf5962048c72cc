import type { ResourceType, Subscription } from '@medplum/fhirtypes';
import type { OutboxEvent, StoredVersion } from '../store';

/** A committed change as the relay hands it over: the event, what it made and what was before. */
export interface RecordChange {
  event: Extract<OutboxEvent, { kind: 'change' }>;
  current: StoredVersion;
  previous: StoredVersion | undefined;
}

/** Something a subscriber is to be told, before it has a number. */
export interface Notice {
  /** Stable: the same change gives the same id however often it is relayed. */
  eventId: string;
  at: Date;
  /** Notices with one key are delivered in order. */
  key: string;
  focus: { type: ResourceType; id: string; version: number };
  interaction: 'create' | 'update' | 'delete';
  /** Span of the request that made the change, where traces are made. */
  traceparent?: string;
  /** Name and body of a vendor event; the body is fixed when the event happens. */
  vendor?: { event: string; body: string };
}

export type DeliveryState = 'pending' | 'delivered' | 'dead' | 'skipped';

/** A notice on its way to one subscriber. Collection `notify_deliveries`. */
export interface Delivery extends Notice {
  /** `<subscription>:<number>`. */
  _id: string;
  subscription: string;
  /** Counts from 1 for each subscription, without gaps. */
  number: number;
  state: DeliveryState;
  attempts: number;
  /** When the next attempt is due, while pending. */
  nextAt: Date;
  /** Since when it is tried: its beginning, or its last replay. */
  pendingSince: Date;
  /** Once it was delivered or skipped: how long it is kept for `$events` and replay. */
  expiresAt?: Date;
}

/** What became of one attempt. Collection `notify_attempts`; kept for a configurable time. */
export interface Attempt {
  _id: string;
  subscription: string;
  /** First and last event number it carried. */
  from: number;
  to: number;
  at: Date;
  milliseconds: number;
  /** HTTP status, when there was an answer. */
  status?: number;
  /** First bytes of the answer of a failure. */
  answer?: string;
  /** Why there was no answer. */
  error?: string;
  expiresAt: Date;
}

/** The queue of one subscription. Collection `notify_queues`. */
export interface Queue {
  /** Subscription id. */
  _id: string;
  /** Counts whatever makes work: who gives the queue back sees whether something came meanwhile. */
  wakes?: number;
  /** When its next delivery is due; absent when nothing waits. */
  nextAt?: Date;
  /** Who works on it, and until when unless renewed. */
  lease?: string;
  until?: Date;
  /** Since when every call fails; absent while calls succeed. */
  failingSince?: Date;
  /** The receiver asked for no call before then (`Retry-After`). */
  notBefore?: Date;
  /** When the next heartbeat is due, where one was asked for. */
  heartbeatAt?: Date;
  /** A process is shaking hands; until then no other does. */
  handshakeUntil?: Date;
}

export type PayloadContent = 'empty' | 'id-only' | 'full-resource';

/** A Subscription resource, compiled. */
export interface CompiledSubscription {
  id: string;
  version: number;
  status: 'requested' | 'active' | 'error' | 'off';
  /** Practices that see the Subscription: its owner's. Empty: the whole deployment's. */
  practices: readonly string[];
  author: StoredVersion['author'];
  channel: 'rest-hook' | 'websocket';
  endpoint: string;
  /** How it is told: R4's plain channel, the Backport's bundles, or a vendor's own JSON. */
  form:
    | { kind: 'r4'; payload: string | undefined }
    | { kind: 'backport'; topic: string | undefined; content: PayloadContent; payload: string }
    | { kind: 'vendor'; vendor: 'handoffrx'; events: readonly string[] };
  /** Milliseconds a call may take. */
  timeout: number;
  /** Notices that one notification may carry. */
  maxCount: number;
  heartbeatSeconds: number | undefined;
  end: Date | undefined;
  /** Why it is in error, or was turned off. */
  error: string | undefined;
  resource: Subscription;
}
