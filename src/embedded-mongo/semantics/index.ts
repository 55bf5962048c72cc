/**
 * MongoDB's semantics as pure functions: the order of BSON values and their index keys, queries, updates,
 * projections, sorts and aggregation. What is accepted means exactly what MongoDB's manual says; all else is a
 * CommandError with MongoDB's code, or 238 (NotImplemented) naming what this server does not have.
 *
 * Documents are plain objects as `bson` deserializes them with `promoteValues: false, bsonRegExp: true`, so that
 * 1, 1.0, NumberLong(1) and NumberDecimal("1") keep their types. That form costs nothing: decoding a resource
 * document of 2.5 KB takes the same time promoted or exact. Promoted numbers are understood too, with the type that
 * the driver's serializer would give them (int32 where it fits, otherwise double). Arithmetic answers in wrappers.
 *
 * Two things that JavaScript objects cannot keep: a document with fields named like array positions ("0", "17")
 * has these first, in numeric order, and of two fields with one name the last stays.
 */
export {
  CommandError,
  compareBson,
  compileSort,
  type Document,
  encodeKey,
  equalBson,
  indexKeys,
  isDocument,
  numericOf,
  parseKeyPattern,
  Rank,
  rankOf,
} from './value';
export {
  compileBytes,
  compileFilter,
  type Filter,
  type MatchDetails,
  type Matcher,
  parseFilter,
  type PathFilter,
} from './filter';
export { compileUpdate, type Update, upsertDocument } from './update';
export { compileProjection, distinctCollector } from './result';
export { compileExpression } from './expression';
export { compilePipeline, type PipelineContext, runPipeline, Sorter } from './pipeline';
