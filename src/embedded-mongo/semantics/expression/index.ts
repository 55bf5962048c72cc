export { compileExpression, valueAtPath } from './compile';
export type { Evaluate, Scope } from './evaluation';
export { compareValues, isNullish } from './logic';
export { mergeInto } from './objects';
export { distinctKey, Total } from './totals';
