export * from './value';
export * from './filter';
