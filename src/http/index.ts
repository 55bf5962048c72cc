export { bearerOf, challengeOf } from './bearer';
export { compressed } from './compress';
export { crossOrigin } from './cors';
export * from './exchange';
export { mountFace, type Face, type MountedFace, type Route, type ServeContext } from './serve';
