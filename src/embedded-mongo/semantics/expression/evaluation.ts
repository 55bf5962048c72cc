import type { Document } from '../value';
import { CommandError } from '../value';

/** What an expression sees: the document, its variables (without `$$`) and the time of the command. */
export interface Scope {
  readonly root: Document;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly now: Date;
}

/** A compiled expression. The result is a BSON value, or MISSING. */
export type Evaluate = (scope: Scope) => unknown;

/** Compiles a nested expression. */
export interface Compile {
  (expression: unknown): Evaluate;
  /** The same with more variables in scope. @throws CommandError 16867 for a name that is none */
  readonly binding: (names: readonly string[]) => Compile;
}

/** An operator: takes its argument unevaluated and gives the compiled expression. */
export type Operator = (argument: unknown, compile: Compile, name: string) => Evaluate;

/** Operators by name. */
export type OperatorTable = Readonly<Record<string, Operator>>;

/** A positional argument list: a list is the arguments, anything else the only one. */
export function argumentList(name: string, argument: unknown, least: number, most: number): unknown[] {
  const list: unknown[] = Array.isArray(argument) ? argument : [argument];
  if (list.length >= least && list.length <= most) return list;
  if (least === most)
    throw new CommandError(
      16020,
      `Expression ${name} takes exactly ${least} arguments. ${list.length} were passed in.`,
    );
  throw new CommandError(
    28667,
    `Expression ${name} takes at least ${least} arguments, and at most ${most}, but ${list.length} were passed in.`,
  );
}

/** An operator over evaluated positional arguments. */
export function positional(
  least: number,
  most: number,
  apply: (values: unknown[], name: string, scope: Scope) => unknown,
): Operator {
  return (argument, compile, name) => {
    const evaluates = argumentList(name, argument, least, most).map(compile);
    return (scope) =>
      apply(
        evaluates.map((evaluate) => evaluate(scope)),
        name,
        scope,
      );
  };
}
