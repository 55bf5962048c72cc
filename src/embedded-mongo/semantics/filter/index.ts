export type { Comparison, Filter, PathFilter } from './ast';
export type { FilterScope, Matcher } from './compile';
export { compileFilter } from './compile';
export { isOperatorDocument, parseFilter } from './parse';
export type { MatchDetails } from './paths';
