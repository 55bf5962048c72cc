export type { EmbeddedMongo, EmbeddedMongoOptions } from './process';
export { startEmbeddedMongo } from './process';
export { findEmbeddedMongo } from './socket';
