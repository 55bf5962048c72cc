import { CommandError, isNumber, numericOf, toDouble } from '../value';

/** Compiles the argument of find's `$slice`: a count from either end, or `[skip, limit]`. */
export function compileSlice(argument: unknown): (array: readonly unknown[]) => unknown[] {
  if (isNumber(argument)) {
    const count = whole(argument);
    return (array) => (count >= 0 ? array.slice(0, count) : array.slice(count));
  }
  if (!Array.isArray(argument) || argument.length !== 2 || !argument.every(isNumber))
    throw new CommandError(
      28667,
      'Invalid $slice syntax: $slice only supports numbers and [skip, limit] arrays in find()',
    );
  const [skip = 0, limit = 0] = (argument as unknown[]).map(whole);
  if (limit <= 0) throw new CommandError(28724, '$slice limit must be positive');
  return (array) => {
    const start = skip < 0 ? Math.max(0, array.length + skip) : skip;
    return array.slice(start, start + limit);
  };
}

function whole(value: unknown): number {
  return Math.trunc(toDouble(numericOf(value)));
}
