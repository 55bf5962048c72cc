import type { Filter } from '../filter';
import { compileFilter, parseFilter } from '../filter';
import { CommandError, isDocument, plain } from '../value';

/** The condition of each `$[identifier]`. */
export type ArrayFilters = ReadonlyMap<string, (element: unknown) => boolean>;

/**
 * Compiles the option `arrayFilters` (manual: "$[<identifier>]"): one condition per identifier.
 * @throws CommandError 2, 9 as MongoDB
 */
export function parseArrayFilters(filters: readonly unknown[]): ArrayFilters {
  const compiled = new Map<string, (element: unknown) => boolean>();
  for (const condition of filters) {
    if (!isDocument(condition)) throw new CommandError(14, 'Each array filter must be an object');
    const filter = parseFilter(plain(condition));
    const names = new Set<string>();
    collectNames(filter, names);
    const [identifier, other] = [...names];
    if (identifier === undefined)
      throw new CommandError(9, 'Cannot use an expression without a top-level field name in arrayFilters');
    if (other !== undefined)
      throw new CommandError(
        9,
        `Error parsing array filter :: caused by :: Expected a single top-level field name, found '${identifier}' and '${other}'`,
      );
    if (!/^[a-z][a-zA-Z0-9]*$/.test(identifier))
      throw new CommandError(
        2,
        `Error parsing array filter :: caused by :: The top-level field name must be an alphanumeric string beginning with a lowercase letter, found '${identifier}'`,
      );
    if (compiled.has(identifier))
      throw new CommandError(
        9,
        `Found multiple array filters with the same top-level field name ${identifier}`,
      );
    const matches = compileFilter(filter);
    compiled.set(identifier, (element) => matches({ [identifier]: element }));
  }
  return compiled;
}

function collectNames(filter: Filter, names: Set<string>): void {
  switch (filter.op) {
    case 'and':
    case 'or':
    case 'nor':
      for (const inner of filter.filters) collectNames(inner, names);
      return;
    case 'not':
      return collectNames(filter.filter, names);
    case 'expr':
      throw new CommandError(224, '$expr is not allowed in this context');
    case 'never':
      return;
    default:
      names.add(filter.path.split('.')[0] ?? '');
  }
}
