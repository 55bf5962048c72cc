export type { CodeTable, Concept } from './code-systems';
export { expand, type ExpandInput } from './expand';
export type { CodeInput } from './known';
export {
  lookup,
  subsumes,
  validateCodeInSystem,
  validateCodeInValueSet,
  type ValidateCodeInput,
} from './operations';
export { membersOfValueSet, relatedCodes } from './search';
export { translate, type TranslateInput } from './translate';
export { compileValueSet, membershipOf, valueSet, type CompiledValueSet, type Member } from './value-sets';
