import { Int32 } from 'bson';
import { CommandError, compareBson, isDocument, isTruthy, MISSING, plain } from '../value';
import type { Document } from '../value';
import type { Compile, Evaluate, OperatorTable } from './evaluation';
import { argumentList, positional } from './evaluation';

/** Whether a value is null, undefined or missing. */
export function isNullish(value: unknown): boolean {
  return value === null || value === undefined || value === MISSING;
}

/** Missing orders before everything but MinKey, undefined included. */
function compareValues(a: unknown, b: unknown): number {
  if (a === MISSING || b === MISSING) {
    if (a === b) return 0;
    return a === MISSING ? compareBson(undefined, b) || -1 : compareBson(a, undefined) || 1;
  }
  return compareBson(a, b);
}

function comparison(test: (order: number) => boolean): OperatorTable[string] {
  return positional(2, 2, ([a, b]) => test(compareValues(a, b)));
}

export const logicOperators: OperatorTable = {
  $literal: (argument) => () => argument,
  $const: (argument) => () => argument,
  $and: (argument, compile, name) => {
    const terms = argumentList(name, argument, 0, Infinity).map(compile);
    return (scope) => terms.every((term) => isTruthy(term(scope)));
  },
  $or: (argument, compile, name) => {
    const terms = argumentList(name, argument, 0, Infinity).map(compile);
    return (scope) => terms.some((term) => isTruthy(term(scope)));
  },
  $not: positional(1, 1, ([value]) => !isTruthy(value)),
  $eq: comparison((order) => order === 0),
  $ne: comparison((order) => order !== 0),
  $gt: comparison((order) => order > 0),
  $gte: comparison((order) => order >= 0),
  $lt: comparison((order) => order < 0),
  $lte: comparison((order) => order <= 0),
  $cmp: positional(2, 2, ([a, b]) => new Int32(Math.sign(compareValues(a, b)))),
  $cond: compileCond,
  $ifNull: (argument, compile) => {
    if (!Array.isArray(argument) || argument.length < 2)
      throw new CommandError(
        1257300,
        `$ifNull needs at least two arguments, had: ${Array.isArray(argument) ? argument.length : 1}`,
      );
    const terms = (argument as unknown[]).map(compile);
    return (scope) => {
      let value: unknown = MISSING;
      for (const term of terms) {
        value = term(scope);
        if (!isNullish(value)) return value;
      }
      return value;
    };
  },
  $switch: compileSwitch,
};

function compileCond(argument: unknown, compile: Compile): Evaluate {
  const [condition, then, otherwise] = condParts(argument).map(compile) as [Evaluate, Evaluate, Evaluate];
  return (scope) => (isTruthy(condition(scope)) ? then(scope) : otherwise(scope));
}

function condParts(argument: unknown): unknown[] {
  if (!isDocument(argument)) return argumentList('$cond', argument, 3, 3);
  const parts = plain(argument);
  for (const name of Object.keys(parts))
    if (!['if', 'then', 'else'].includes(name))
      throw new CommandError(17083, `Unrecognized parameter to $cond: ${name}`);
  const codes: Record<string, number> = { if: 17080, then: 17081, else: 17082 };
  for (const [name, code] of Object.entries(codes))
    if (!(name in parts)) throw new CommandError(code, `Missing '${name}' parameter to $cond`);
  return [parts['if'], parts['then'], parts['else']];
}

function compileSwitch(argument: unknown, compile: Compile): Evaluate {
  if (!isDocument(argument)) throw new CommandError(40060, '$switch requires an object as an argument');
  const spec = plain(argument);
  for (const name of Object.keys(spec))
    if (name !== 'branches' && name !== 'default')
      throw new CommandError(40067, `$switch found an unknown argument: ${name}`);
  const list = spec['branches'];
  if (!Array.isArray(list)) throw new CommandError(40061, "$switch expected an array for 'branches'");
  if (list.length === 0) throw new CommandError(40068, '$switch requires at least one branch.');
  const branches = (list as unknown[]).map((branch) => compileBranch(branch, compile));
  const otherwise = 'default' in spec ? compile(spec['default']) : undefined;
  return (scope) => {
    for (const { condition, then } of branches) if (isTruthy(condition(scope))) return then(scope);
    if (otherwise) return otherwise(scope);
    throw new CommandError(
      40066,
      '$switch could not find a matching branch for an input, and no default was specified.',
    );
  };
}

function compileBranch(branch: unknown, compile: Compile): { condition: Evaluate; then: Evaluate } {
  if (!isDocument(branch)) throw new CommandError(40062, '$switch expected each branch to be an object');
  const parts: Document = plain(branch);
  for (const name of Object.keys(parts))
    if (name !== 'case' && name !== 'then')
      throw new CommandError(40063, `$switch found an unknown argument to a branch: ${name}`);
  if (!('case' in parts))
    throw new CommandError(40064, "$switch requires each branch have a 'case' expression");
  if (!('then' in parts))
    throw new CommandError(40065, "$switch requires each branch have a 'then' expression.");
  return { condition: compile(parts['case']), then: compile(parts['then']) };
}
