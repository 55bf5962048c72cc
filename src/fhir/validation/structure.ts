/** Structure: elements, cardinality, types, lexical forms and required bindings, compiled to closures by type. */
import {
  isResourceType,
  propertiesOf,
  typeDefinition,
  type ElementDefinition,
  type Property,
} from '../definitions';
import { bindingCheck, type ValueCheck } from './bindings';
import { isObject, report, type Context, type Json } from './context';
import { extensionCheck } from './extensions';
import { invariantCheck } from './invariants';
import { PRIMITIVES } from './primitives';
import { referenceCheck } from './references';

/** How one JSON key is checked. */
interface KeyCheck {
  /** Element name in paths: `value` for `valueQuantity`. */
  name: string;
  /** Bit of the required element that this key satisfies, else 0. */
  requiredBit: number;
  /** Position among the choices of the type, else -1. */
  choice: number;
  /** Only for `_key`: the key itself. */
  siblingOf: string | undefined;
  isList: boolean;
  max: number;
  check: ValueCheck;
}

interface CompiledType {
  keys: ReadonlyMap<string, KeyCheck>;
  required: { name: string; bit: number }[];
  allRequired: number;
  isResource: boolean;
  invariants: ((value: unknown, context: Context) => void) | undefined;
}

const ELE_1 = 'ele-1: All FHIR elements must have a value or children';
const PLAIN_NAME = /^_?[A-Za-z][A-Za-z0-9]{0,63}$/;

const stemOf = (element: ElementDefinition): string =>
  element.name.endsWith('[x]') ? element.name.slice(0, -3) : element.name;

function primitiveCheck(type: string, property: Property): ValueCheck {
  const lexical = PRIMITIVES[type];
  const { binding } = property.element;
  const bound = binding?.strength === 'required' ? bindingCheck(type, binding.valueSet) : undefined;
  return (value, context) => {
    const problem = lexical?.(value);
    if (problem !== undefined)
      report(context, problem.startsWith('must be a JSON') ? 'structure' : 'value', `The value ${problem}.`);
    else bound?.(value, context);
  };
}

function complexCheck(type: string, property: Property): ValueCheck {
  const { binding, constraints } = property.element;
  const extra: ValueCheck[] = [];
  const bound = binding?.strength === 'required' ? bindingCheck(type, binding.valueSet) : undefined;
  if (bound !== undefined) extra.push(bound);
  if (type === 'Reference') extra.push(referenceCheck(property.reference?.targets));
  const invariants = constraints === undefined ? undefined : invariantCheck(constraints, type);
  let compiled: CompiledType | undefined;
  return (value, context) => {
    if (!isObject(value)) {
      report(context, 'structure', 'A JSON object is expected here.');
      return;
    }
    compiled ??= compiledType(type);
    checkObject(value, compiled, context);
    for (const check of extra) check(value, context);
    if (!context.invariants) return;
    if (type === 'Extension') extensionCheck(value, context);
    invariants?.(value, context);
  };
}

/** `contained`, `Bundle.entry.resource`, `Parameters.parameter.resource`. */
function resourceCheck(property: Property): ValueCheck {
  const isContained = property.element.name === 'contained';
  return (value, context) => {
    const type = isObject(value) ? value['resourceType'] : undefined;
    if (!isObject(value) || typeof type !== 'string' || !isResourceType(type)) {
      report(context, 'structure', 'A FHIR resource with a resourceType of R4 is expected here.');
      return;
    }
    const { root, resource } = context;
    context.resource = value;
    if (!isContained) context.root = value;
    if (isContained && value['id'] === undefined)
      report(context, 'required', 'A contained resource needs an id.', 'id');
    checkObject(value, compiledType(type), context);
    context.root = root;
    context.resource = resource;
  };
}

function valueCheckOf(property: Property): ValueCheck {
  if (property.type === 'Resource') return resourceCheck(property);
  return PRIMITIVES[property.type] === undefined
    ? complexCheck(property.type, property)
    : primitiveCheck(property.type, property);
}

/** The `_key` of a primitive: an Element with id and extensions only. */
function siblingCheck(): ValueCheck {
  let compiled: CompiledType | undefined;
  return (value, context) => {
    if (!isObject(value)) {
      report(context, 'structure', 'An object with id or extension is expected beside the value.');
      return;
    }
    compiled ??= compiledType('Element');
    // It may be empty: the value beside it is the content that ele-1 asks for (checkKey sees to it).
    checkObject(value, compiled, context, true);
  };
}

function compile(typeName: string): CompiledType {
  const definition = typeDefinition(typeName);
  const keys = new Map<string, KeyCheck>();
  const required: CompiledType['required'] = [];
  const bits = new Map<ElementDefinition, number>();
  const choices = new Map<ElementDefinition, number>();
  for (const element of definition?.elements ?? []) {
    if (element.min > 0) {
      bits.set(element, 1 << required.length);
      required.push({ name: stemOf(element), bit: 1 << required.length });
    }
    if (element.name.endsWith('[x]')) choices.set(element, choices.size);
  }
  for (const [key, property] of propertiesOf(typeName)) {
    const { element, isList } = property;
    const common = {
      name: stemOf(element),
      requiredBit: bits.get(element) ?? 0,
      choice: choices.get(element) ?? -1,
      isList,
      max: element.max ?? Infinity,
    };
    keys.set(key, { ...common, siblingOf: undefined, check: valueCheckOf(property) });
    const isPrimitive =
      PRIMITIVES[property.type] !== undefined && element.attribute !== true && property.type !== 'xhtml';
    if (isPrimitive) keys.set(`_${key}`, { ...common, siblingOf: key, check: siblingCheck() });
  }
  return {
    keys,
    required,
    allRequired: required.reduce((mask, { bit }) => mask | bit, 0),
    isResource: definition?.kind === 'resource',
    invariants: invariantCheck(definition?.constraints ?? [], typeName),
  };
}

const compiledTypes = new Map<string, CompiledType>();

function compiledType(name: string): CompiledType {
  const known = compiledTypes.get(name);
  if (known !== undefined) return known;
  const made = compile(name);
  compiledTypes.set(name, made);
  return made;
}

/** An item that is `null` in one of `given` and `_given` must be there in the other. */
function hasCounterpart(object: Json, key: string, siblingOf: string | undefined, index: number): boolean {
  const other = object[siblingOf ?? `_${key}`];
  return Array.isArray(other) && other[index] !== null && other[index] !== undefined;
}

function checkList(list: unknown[], key: string, object: Json, keyCheck: KeyCheck, context: Context): void {
  if (list.length === 0) report(context, 'structure', 'A list must not be empty.');
  if (list.length > keyCheck.max) report(context, 'structure', `At most ${keyCheck.max} are allowed.`);
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    context.path.push(i);
    if (item !== null) keyCheck.check(item, context);
    else if (!hasCounterpart(object, key, keyCheck.siblingOf, i))
      report(context, 'structure', 'null is not allowed here.');
    context.path.pop();
  }
}

function checkKey(value: unknown, key: string, object: Json, keyCheck: KeyCheck, context: Context): void {
  context.path.push(keyCheck.name);
  if (keyCheck.isList) {
    if (Array.isArray(value)) checkList(value, key, object, keyCheck, context);
    else report(context, 'structure', 'A list (JSON array) is expected here.');
  } else if (Array.isArray(value))
    report(context, 'structure', 'A single value, not a list, is expected here.');
  else if (value === null) report(context, 'structure', 'null is not allowed here.');
  else {
    keyCheck.check(value, context);
    const isAlone = keyCheck.siblingOf !== undefined && object[keyCheck.siblingOf] === undefined;
    if (isAlone && isObject(value) && value['extension'] === undefined) report(context, 'invariant', ELE_1);
  }
  context.path.pop();
}

function reportUnknown(key: string, context: Context): void {
  const name = PLAIN_NAME.test(key) ? key : undefined;
  report(context, 'structure', 'The element is not defined here.', name);
}

/** Checks an object against a type; every problem is reported, none stops the others. */
function checkObject(object: Json, compiled: CompiledType, context: Context, mayBeEmpty = false): void {
  let seen = 0;
  let count = 0;
  let choices: Map<number, string> | undefined;
  for (const key in object) {
    const value = object[key];
    if (value === undefined) continue;
    const keyCheck = compiled.keys.get(key);
    if (keyCheck === undefined) {
      if (!(key === 'resourceType' && compiled.isResource)) reportUnknown(key, context);
      continue;
    }
    if (key !== 'id') count++;
    seen |= keyCheck.requiredBit;
    if (keyCheck.choice >= 0) {
      choices ??= new Map();
      const stated = keyCheck.siblingOf ?? key;
      const before = choices.get(keyCheck.choice);
      if (before !== undefined && before !== stated)
        report(context, 'structure', 'Only one of the choice is allowed.', keyCheck.name);
      choices.set(keyCheck.choice, stated);
    }
    checkKey(value, key, object, keyCheck, context);
  }
  if (count === 0 && !compiled.isResource && !mayBeEmpty) report(context, 'invariant', ELE_1);
  if (seen !== compiled.allRequired) {
    for (const { name, bit } of compiled.required) {
      if ((seen & bit) === 0) report(context, 'required', 'The element is required.', name);
    }
  }
  if (context.invariants) compiled.invariants?.(object, context);
}

/** Checks a whole resource of a known type. */
export function checkStructure(resource: Json, type: string, context: Context): void {
  checkObject(resource, compiledType(type), context);
}
