/** The record: FHIR resources in MongoDB. docs/storage.md describes what is stored and what is guaranteed. */
export * from './types';
export { connectStore, type ConnectOptions, type StoreConnection, StoreUnreachable } from './connection';
export { createStore, sessionOf, type StoreOptions } from './store';
export {
  createRelay,
  type ChangeVersions,
  type Relay,
  type RelayHandlers,
  type RelayOptions,
} from './outbox/relay';
export { outboxDepth, untilRelayed } from './outbox/depth';
export { clearEvents, type LeasedEvents, leaseEvents } from './outbox/lease';
export { reindex, type ReindexOptions, type ReindexProgress } from './reindex';
export { traced } from './traced';
export { explain, type Explanation } from './search';
export { type Appended, appendRecords } from './append';
export { gathered } from './gather';
export { pagesOf } from './pages';
export { type Lookup, lookUpMany } from './lookup';
