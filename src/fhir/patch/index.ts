export { applyFhirPathPatch } from './fhirpath-patch';
export { applyJsonPatch } from './json-patch';
export { applyMergePatch } from './merge-patch';
