export { codeTable, conceptOf, type CodeTable, type Concept } from './code-systems';
export { expand, type ExpandInput } from './expand';
export type { CodeInput } from './known';
export {
  lookup,
  subsumes,
  validateCodeInSystem,
  validateCodeInValueSet,
  type ValidateCodeInput,
} from './operations';
export { isInValueSet, membersOfValueSet, relatedCodes } from './search';
export { translate, type TranslateInput } from './translate';
export { compileValueSet, membershipOf, valueSet, type CompiledValueSet, type Member } from './value-sets';
