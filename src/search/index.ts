/**
 * Search, pure: a query becomes a `SearchRequest` (parse), a resource becomes index entries (extract), and a request
 * becomes a MongoDB filter (plan) or is matched in memory. `store/search` runs it. docs/search.md.
 */
export { describeParameters, type ParameterDescription } from './describe';
export {
  COMMON_TYPES,
  DEPLOYMENT,
  EVERYBODY,
  holderOf,
  indexEntries,
  noEntries,
  viewerPrefix,
} from './entries';
export {
  type Facts,
  containedMatching,
  dependsOnOthers,
  evaluate,
  factsOf,
  matchesInMemory,
  needsDatabase,
} from './evaluate';
export { extractIndex } from './extract';
export { type SharedElements, sharedIndexEntries } from './extract/parts';
export { type IncludeKey, codesOf, includeKeys, referencedBy, referencedIds, refersTo } from './joins';
export { isLean } from './lean';
export { type ListOrder, recordIndexes } from './lists';
export { NOTHING, allOf, anyOf, isNothing, negate } from './matches';
export { parseSearch, selfLink } from './parse';
export { isElementOf } from './parse/elements';
export { escapeValue } from './parse/split';
export { requestOf } from './request';
export {
  checkSearchParameter,
  indexVersion,
  registerSearchParameter,
  registryVersion,
  unregisterSearchParameter,
} from './parameters/registry';
export { indexContent } from './parameters/content';
export * from './plan';
export * from './types';
export { fold as foldText } from './values/text';
