export type { DistinctCollector } from './distinct';
export { distinctCollector } from './distinct';
export type { Projection } from './projection';
export { compileProjection, parseProjectStage } from './projection';
export type { ProjectionNode } from './projection-tree';
export { addFieldAt, addToTree, projectDocument, splitFieldPath } from './projection-tree';
