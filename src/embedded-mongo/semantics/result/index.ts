export type { DistinctCollector } from './distinct';
export { distinctCollector, distinctValues } from './distinct';
export type { Projection } from './projection';
export { compileProjection } from './projection';
export type { ProjectionLeaf, ProjectionNode } from './projection-tree';
export { addToTree, projectDocument, splitFieldPath } from './projection-tree';
