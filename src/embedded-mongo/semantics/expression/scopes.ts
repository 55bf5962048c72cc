import {
  CommandError,
  compareBson,
  compileSort,
  isDocument,
  isNumber,
  isTruthy,
  MISSING,
  numericOf,
  plain,
  toDouble,
  typeName,
} from '../value';
import type { Document } from '../value';
import type { Compile, Evaluate, OperatorTable, Scope } from './evaluation';
import { isNullish } from './logic';
import { namedArguments } from './strings';

function bind(scope: Scope, values: Record<string, unknown>): Scope {
  return { ...scope, variables: { ...scope.variables, ...values } };
}

function elementsOf(value: unknown, code: number, message: string): unknown[] {
  if (!Array.isArray(value)) throw new CommandError(code, `${message} ${typeName(value)}`);
  return value as unknown[];
}

/** The variable that `as` names, "this" without it. */
function variableName(spec: Document): string {
  const name = 'as' in spec ? spec['as'] : 'this';
  if (typeof name !== 'string') throw new CommandError(16866, 'empty variable names are not allowed');
  return name;
}

function map(argument: unknown, compile: Compile, name: string): Evaluate {
  const spec = namedArguments(name, argument, ['input', 'as', 'in'], ['input', 'in'], 16879);
  const as = variableName(spec);
  const input = compile(spec['input']);
  const each = compile.binding([as])(spec['in']);
  return (scope) => {
    const value = input(scope);
    if (isNullish(value)) return null;
    return elementsOf(value, 16883, 'input to $map must be an array not').map((element) => {
      const result = each(bind(scope, { [as]: element }));
      return result === MISSING ? null : result;
    });
  };
}

function filter(argument: unknown, compile: Compile, name: string): Evaluate {
  const spec = namedArguments(name, argument, ['input', 'as', 'cond', 'limit'], ['input', 'cond'], 28647);
  const as = variableName(spec);
  const input = compile(spec['input']);
  const condition = compile.binding([as])(spec['cond']);
  const limit = 'limit' in spec ? compile(spec['limit']) : undefined;
  return (scope) => {
    const value = input(scope);
    if (isNullish(value)) return null;
    const most = limit ? filterLimit(limit(scope)) : Infinity;
    const kept: unknown[] = [];
    for (const element of elementsOf(value, 28651, 'input to $filter must be an array not')) {
      if (kept.length >= most) break;
      if (isTruthy(condition(bind(scope, { [as]: element })))) kept.push(element);
    }
    return kept;
  };
}

function filterLimit(value: unknown): number {
  if (isNullish(value)) return Infinity;
  const limit = isNumber(value) ? toDouble(numericOf(value)) : Number.NaN;
  if (!Number.isInteger(limit))
    throw new CommandError(327391, '$filter: limit must be represented as a 32-bit integral value');
  if (limit <= 0) throw new CommandError(327392, '$filter: limit must be greater than 0');
  return limit;
}

function reduce(argument: unknown, compile: Compile, name: string): Evaluate {
  const fields = ['input', 'initialValue', 'in'];
  const spec = namedArguments(name, argument, fields, fields, 40076);
  const input = compile(spec['input']);
  const initial = compile(spec['initialValue']);
  const step = compile.binding(['this', 'value'])(spec['in']);
  return (scope) => {
    const list = input(scope);
    if (isNullish(list)) return null;
    let value = initial(scope);
    for (const element of elementsOf(list, 40080, "$reduce requires that 'input' be an array, found:"))
      value = step(bind(scope, { this: element, value }));
    return value;
  };
}

function bindLet(argument: unknown, compile: Compile, name: string): Evaluate {
  const spec = namedArguments(name, argument, ['vars', 'in'], ['vars', 'in'], 16874);
  const vars = spec['vars'];
  if (!isDocument(vars)) throw new CommandError(16876, 'invalid parameter: expected an object ($let.vars)');
  const entries = Object.entries(plain(vars)).map(([as, value]) => [as, compile(value)] as const);
  const body = compile.binding(entries.map(([as]) => as))(spec['in']);
  return (scope) => body(bind(scope, Object.fromEntries(entries.map(([as, value]) => [as, value(scope)]))));
}

function sortArray(argument: unknown, compile: Compile, name: string): Evaluate {
  const spec = namedArguments(name, argument, ['input', 'sortBy'], ['input', 'sortBy'], 2942500);
  const input = compile(spec['input']);
  const compare = elementOrder(spec['sortBy']);
  return (scope) => {
    const value = input(scope);
    if (isNullish(value)) return null;
    return [
      ...elementsOf(value, 2942504, 'The input argument to $sortArray must be an array, but was of type:'),
    ].sort(compare);
  };
}

function elementOrder(sortBy: unknown): (a: unknown, b: unknown) => number {
  if (isDocument(sortBy)) {
    const sort = compileSort(plain(sortBy));
    const keyOf = (element: unknown): readonly unknown[] =>
      isDocument(element) ? sort.keyOf(plain(element)) : sort.fields.map(() => null);
    return (a, b) => sort.compareKeys(keyOf(a), keyOf(b));
  }
  const sign = isNumber(sortBy) ? toDouble(numericOf(sortBy)) : 0;
  if (sign !== 1 && sign !== -1)
    throw new CommandError(2942504, '$sortArray requires sortBy to be an object, 1 or -1');
  return (a, b) => sign * compareBson(a, b);
}

/** Operators that bind variables or evaluate an expression for each element. */
export const scopeOperators: OperatorTable = {
  $map: map,
  $filter: filter,
  $reduce: reduce,
  $let: bindLet,
  $sortArray: sortArray,
};
