/** What FHIR R4 is: definitions, JSON and XML, dates, references, FHIRPath, validation, patch, terminology. Pure. */
export * from './dates';
export * from './definitions';
export {
  compileFhirPath,
  compileTypedFhirPath,
  FhirPathError,
  FhirPathSyntaxError,
  type FhirPathVariables,
  type TypedValue,
} from './fhirpath';
export * from './in-use';
export * from './json';
export * from './patients';
export * from './patch';
export * from './problem';
export * from './references';
export * from './terminology';
export { requireValid, validateResource, type ValidationOptions } from './validation';
export * from './xml';
