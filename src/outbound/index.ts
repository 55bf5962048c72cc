export * from './client';
export * from './policy';
export { tracedOutbound } from './traced';
