export * from './value';
export * from './filter';
export * from './update';
export type { DistinctCollector, Projection } from './result';
export { compileProjection, distinctCollector, distinctValues } from './result';
export { compileExpression } from './expression';
export type { Batches, PipelineContext, Stage } from './pipeline';
export { compilePipeline, runPipeline, Sorter } from './pipeline';
