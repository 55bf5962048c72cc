export type { Comparison, Filter, PathFilter } from './ast';
export type { BytesVerdict } from './bytes';
export { compileBytes } from './bytes';
export type { FilterScope, Matcher } from './compile';
export { compileFilter } from './compile';
export { isOperatorDocument, parseFilter } from './parse';
export type { MatchDetails } from './paths';
