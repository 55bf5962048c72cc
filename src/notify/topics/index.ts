/** Subscription topics: what they say, when they fire, which there are. */
export * from './catalogue';
export * from './check';
export * from './shape';
export * from './topic';
export * from './trigger';
