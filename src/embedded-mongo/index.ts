export type { EmbeddedMongo, EmbeddedMongoOptions } from './process';
export { startEmbeddedMongo } from './process';
