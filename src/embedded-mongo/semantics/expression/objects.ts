import { CommandError, field, isDocument, MISSING, plain, setField, typeName } from '../value';
import type { Document } from '../value';
import type { Compile, Evaluate, OperatorTable } from './evaluation';
import { positional } from './evaluation';
import { isNullish } from './logic';
import { namedArguments } from './strings';

/** Later fields win, at the place of the first of their name. */
export function mergeInto(target: Document, value: unknown): void {
  if (isNullish(value)) return;
  if (!isDocument(value))
    throw new CommandError(
      40400,
      `$mergeObjects requires object inputs, but input is of type ${typeName(value)}`,
    );
  for (const [name, inner] of Object.entries(plain(value))) setField(target, name, inner);
}

function getField(argument: unknown, compile: Compile, name: string): Evaluate {
  const isSpec = isDocument(argument) && 'field' in argument;
  const spec = isSpec
    ? namedArguments(name, argument, ['field', 'input'], ['field', 'input'], 3041701)
    : { field: argument };
  const key = compile(spec['field']);
  const input = isSpec ? compile(spec['input']) : undefined;
  return (scope) => {
    const named = key(scope);
    if (typeof named !== 'string')
      throw new CommandError(
        5654602,
        `$getField requires 'field' to evaluate to type String, but got ${typeName(named)}`,
      );
    const value = input ? input(scope) : scope.root;
    if (isNullish(value)) return value === MISSING ? MISSING : null;
    return isDocument(value) ? field(plain(value), named) : MISSING;
  };
}

export const objectOperators: OperatorTable = {
  $mergeObjects: positional(0, Infinity, (values) => {
    const result: Document = {};
    for (const value of values) mergeInto(result, value);
    return result;
  }),
  $getField: getField,
};
