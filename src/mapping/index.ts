/** The mapping language: `mappings/*.yaml` compiled to functions that map vendor objects to FHIR and back. Pure. */
export { checkMapping } from './check';
export { REFUSED, toSecond, type Codec, type CodecMaker } from './codecs';
export type { Derive, FieldIssue } from './fields';
export {
  compileMapping,
  loadMapping,
  type Bound,
  type Mapping,
  type MappingOptions,
  type Written,
} from './mapping';
export { mapped, requireSound } from './sound';
export { parseTable, type Table } from './table';
export { codeMapOf, profileTerminology, type CodeMap, type Terminology } from './terminology';
