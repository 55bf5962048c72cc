export * from './value';
export * from './filter';
export * from './update';
export type { DistinctCollector, Projection, Sort } from './result';
export { compileProjection, compileSort, distinctCollector, distinctValues } from './result';
