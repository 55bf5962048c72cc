export { add, decimalOf, integer, multiply } from './arithmetic';
export { divideDecimals, encodeDecimal } from './decimal';
export { CommandError, notSupported } from './command-error';
export { compareBson, compareStrings, equalBson, isAmong, regexParts } from './compare';
export { encodeKey } from './encode-key';
export type { IndexKeys, KeyPattern } from './index-keys';
export { indexKeys, parseKeyPattern } from './index-keys';
export type { ExpandedKeys, KeyTuple } from './key-paths';
export type { ExactDecimal, Numeric } from './numbers';
export { exactDecimal, numericOf, toDouble, truncated } from './numbers';
export type { CompiledRegex } from './regex';
export { compileRegex } from './regex';
export type { Sort } from './sort';
export { compileSort } from './sort';
export type { Document } from './types';
export {
  arrayIndex,
  bsonType,
  BsonType,
  copyDocument,
  field,
  isDocument,
  isNumber,
  isOperatorName,
  isTruthy,
  MISSING,
  plain,
  Rank,
  rankOf,
  setField,
  typeName,
} from './types';
export { identical } from './identical';
