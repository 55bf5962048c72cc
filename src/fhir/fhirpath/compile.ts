/** FHIRPath syntax trees to closures. */
import { filterByType, FUNCTIONS, testType } from './functions';
import { freeNode, isObject, isOfType, pushChildren, resourceNode, typeNameOf, type Node } from './nodes';
import { EAGER, LOGIC } from './operators';
import type { Expression } from './parse';
import { NotCompiled, NOTHING, numberOf, single, type Evaluate, type Scope } from './scope';

const own = <T>(table: Record<string, T>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

const focus: Evaluate = (input) => input;

/** A name at the start of a path: a type that the focus has (`Patient.name`), else a child. */
function startingMember(name: string): Evaluate {
  const child = childrenNamed(focus, name);
  if (!/^[A-Z]/.test(name)) return child;
  return (input, scope) => {
    if (input.length === 1 && input[0]?.type === name) return input;
    const typed = input.filter((node) => isOfType(node.type, name));
    return typed.length > 0 ? typed : child(input, scope);
  };
}

function childrenNamed(target: Evaluate, name: string): Evaluate {
  return (input, scope) => {
    const nodes = target(input, scope);
    if (nodes.length === 0) return NOTHING;
    const found: Node[] = [];
    for (const node of nodes) pushChildren(node, name, found);
    return found;
  };
}

const SYSTEMS: Record<string, string> = {
  sct: 'http://snomed.info/sct',
  loinc: 'http://loinc.org',
  ucum: 'http://unitsofmeasure.org',
};

function nodesOf(value: unknown): readonly Node[] {
  if (value === undefined || value === null) return NOTHING;
  if (Array.isArray(value)) return value.flatMap(nodesOf);
  if (isObject(value))
    return [typeof value['resourceType'] === 'string' ? resourceNode(value) : freeNode(value, 'Element')];
  return [freeNode(value, typeof value)];
}

function variable(name: string): Evaluate {
  if (name === 'resource') return (_input, scope) => [scope.resource];
  if (name === 'rootResource') return (_input, scope) => [scope.root];
  if (name === 'context') return (_input, scope) => [scope.context];
  const system = own(SYSTEMS, name);
  if (system !== undefined) return () => [freeNode(system, 'string')];
  const [, kind, rest = ''] = /^(vs|ext)-(.*)$/.exec(name) ?? [];
  if (kind !== undefined) {
    const folder = kind === 'vs' ? 'ValueSet' : 'StructureDefinition';
    return () => [freeNode(`http://hl7.org/fhir/${folder}/${rest}`, 'string')];
  }
  return (_input, scope) => nodesOf(own(scope.variables as Record<string, unknown>, name));
}

function special(name: string): Evaluate {
  if (name === '$this') return (_input, scope) => scope.self;
  if (name === '$index') return (_input, scope) => [freeNode(scope.index, 'integer')];
  if (name === '$total') return (_input, scope) => scope.total;
  throw new NotCompiled(name);
}

function dottedName(expression: Expression | undefined): string {
  if (expression?.kind !== 'member') throw new NotCompiled('type');
  return expression.target === undefined
    ? expression.name
    : `${dottedName(expression.target)}.${expression.name}`;
}

function call({ target, name, args }: Extract<Expression, { kind: 'call' }>): Evaluate {
  const compiledTarget = target === undefined ? focus : compile(target);
  if (name === 'as' || name === 'ofType')
    return filterByType(compiledTarget, typeNameOf(dottedName(args[0])));
  if (name === 'is') return testType(compiledTarget, typeNameOf(dottedName(args[0])));
  const compiler = own(FUNCTIONS, name);
  if (compiler === undefined) throw new NotCompiled(name);
  return compiler(compiledTarget, args.map(compile));
}

function binary({ operator, left, right }: Extract<Expression, { kind: 'binary' }>): Evaluate {
  // Units are converted, and dates moved, by the general evaluator only.
  if (left.kind === 'quantity' || right.kind === 'quantity') throw new NotCompiled('quantity');
  const [a, b] = [compile(left), compile(right)];
  const logic = own(LOGIC, operator);
  if (logic !== undefined) return logic(a, b);
  const eager = own(EAGER, operator);
  if (eager === undefined) throw new NotCompiled(operator);
  return (input, scope) => eager(a(input, scope), b(input, scope));
}

function indexed(target: Evaluate, index: Evaluate): Evaluate {
  return (input, scope) => {
    const at = numberOf(index(scope.self, scope)) ?? -1;
    const node = target(input, scope)[at];
    return node === undefined ? NOTHING : [node];
  };
}

function negated(operand: Evaluate): Evaluate {
  return (input, scope) => {
    const node = single(operand(input, scope));
    return node === undefined ? NOTHING : [freeNode(-Number(node.value), node.type)];
  };
}

/** @throws NotCompiled for what only the general evaluator knows. */
export function compile(expression: Expression): Evaluate {
  switch (expression.kind) {
    case 'literal': {
      const constant = [freeNode(expression.value, expression.type)];
      return () => constant;
    }
    case 'quantity': {
      const constant = [freeNode({ value: expression.value, unit: expression.unit }, 'Quantity')];
      return () => constant;
    }
    case 'empty':
      return () => NOTHING;
    case 'special':
      return special(expression.name);
    case 'env':
      return variable(expression.name);
    case 'member':
      return expression.target === undefined
        ? startingMember(expression.name)
        : childrenNamed(compile(expression.target), expression.name);
    case 'call':
      return call(expression);
    case 'index':
      return indexed(compile(expression.target), compile(expression.index));
    case 'binary':
      return binary(expression);
    case 'negate':
      return negated(compile(expression.operand));
    case 'type': {
      const operand = compile(expression.operand);
      const type = typeNameOf(expression.type);
      return expression.operator === 'is' ? testType(operand, type) : filterByType(operand, type);
    }
  }
}

/** A fresh scope for one evaluation. */
export function scopeOf(
  context: Node,
  resource: Node,
  root: Node,
  variables: Readonly<Record<string, unknown>>,
): Scope {
  return { resource, root, context, variables, self: [context], index: 0, total: NOTHING, steps: 0 };
}
