export { bearerOf } from './bearer';
export * from './exchange';
export { mountFace, type Face, type Route, type ServeContext } from './serve';
