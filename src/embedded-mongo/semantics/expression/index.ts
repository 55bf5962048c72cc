export { compileExpression } from './compile';
export type { Evaluate, Scope } from './evaluation';
export { isNullish } from './logic';
export { mergeInto } from './objects';
export { distinctKey, Total } from './totals';
