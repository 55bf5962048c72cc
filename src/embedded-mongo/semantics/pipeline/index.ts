export { compilePipeline, runPipeline } from './compile';
export { Sorter } from './sorter';
export type { Batches, PipelineContext, Stage } from './stage';
