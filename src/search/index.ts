/**
 * Search, pure: a query becomes a `SearchRequest` (parse), a resource becomes index entries (extract), and a request
 * becomes a MongoDB filter (plan) or is matched in memory. `store/search` runs it. docs/search.md.
 */
export { COMMON_TYPES, indexEntries, noEntries } from './entries';
export { extractIndex } from './extract';
export { LISTS, type ListOrder, recordIndexes } from './lists';
export { parseSearch, selfLink } from './parse';
export {
  indexVersion,
  registerSearchParameter,
  registryVersion,
  unregisterSearchParameter,
} from './parameters/registry';
export * from './types';
