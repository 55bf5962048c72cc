export type { ApplyOptions, Update } from './compile';
export { compileUpdate, upsertDocument } from './compile';
