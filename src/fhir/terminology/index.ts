export { codeTable, conceptOf, type CodeTable, type Concept } from './code-systems';
export {
  expand,
  isInValueSet,
  lookup,
  membersOfValueSet,
  relatedCodes,
  subsumes,
  validateCodeInSystem,
  validateCodeInValueSet,
  type CodeInput,
  type ExpandInput,
  type ValidateCodeInput,
} from './operations';
export { translate, type TranslateInput } from './translate';
export { compileValueSet, membershipOf, valueSet, type CompiledValueSet, type Member } from './value-sets';
