export * from './canonicals';
export * from './compartments';
export * from './search-parameters';
export * from './types';
