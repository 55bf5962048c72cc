import {
  bsonType,
  BsonType,
  CommandError,
  compileRegex,
  isDocument,
  notSupported,
  plain,
  regexParts,
  isTruthy,
} from '../value';
import type { CompiledRegex, Document } from '../value';
import type { Filter } from './ast';
import { parseInteger, parseMod, parseTypes } from './operands';

const UNSUPPORTED = new Set([
  '$where',
  '$text',
  '$geoWithin',
  '$geoIntersects',
  '$near',
  '$nearSphere',
  '$within',
  '$jsonSchema',
  '$bitsAllSet',
  '$bitsAnySet',
  '$bitsAllClear',
  '$bitsAnyClear',
  '$maxDistance',
  '$minDistance',
  '$sampleRate',
  '$uniqueDocs',
]);

/**
 * Parses a query document (manual: "Query Predicates") into its {@link Filter}.
 * @throws CommandError 2, 9, 14 as MongoDB for what is no valid query, 238 for what is not supported here
 */
export function parseFilter(query: Document): Filter {
  const filters: Filter[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (name.startsWith('$')) {
      const filter = parseTopLevel(name, value);
      if (filter) filters.push(filter);
    } else filters.push(...parseField(name, value));
  }
  return and(filters);
}

function and(filters: Filter[]): Filter {
  return filters.length === 1 && filters[0] ? filters[0] : { op: 'and', filters };
}

function parseTopLevel(name: string, value: unknown): Filter | undefined {
  switch (name) {
    case '$and':
    case '$or':
    case '$nor':
      return { op: name.slice(1) as 'and' | 'or' | 'nor', filters: parseClauses(name, value) };
    case '$expr':
      return { op: 'expr', expression: value };
    case '$comment':
      return undefined;
    default:
      if (UNSUPPORTED.has(name)) throw notSupported(name);
      throw new CommandError(
        2,
        `unknown top level operator: ${name}. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.`,
      );
  }
}

function parseClauses(name: string, value: unknown): Filter[] {
  if (!Array.isArray(value)) throw new CommandError(2, `${name} must be an array`);
  if (value.length === 0) throw new CommandError(2, '$and/$or/$nor must be a nonempty array');
  return value.map((clause: unknown) => {
    if (!isDocument(clause)) throw new CommandError(2, '$or/$and/$nor entries need to be full objects');
    return parseFilter(plain(clause));
  });
}

/** Whether a value is a document of operators: its first field begins with `$` and it is no DBRef. */
export function isOperatorDocument(value: unknown): value is Document {
  if (!isDocument(value)) return false;
  const first = Object.keys(plain(value))[0];
  return first !== undefined && first.startsWith('$') && !['$ref', '$id', '$db'].includes(first);
}

function parseField(path: string, value: unknown): Filter[] {
  if (isOperatorDocument(value)) return parseOperators(path, value);
  if (bsonType(value) === BsonType.regex) return [{ op: 'regex', path, regex: regexOf(value) }];
  return [{ op: 'eq', path, value: comparable(value) }];
}

function comparable(value: unknown): unknown {
  if (value === undefined) throw new CommandError(2, 'cannot compare to undefined');
  return value;
}

function regexOf(value: unknown): CompiledRegex {
  const { pattern, options } = regexParts(value);
  return compileRegex(pattern, options);
}

/** All predicates of `{ $gt: 1, $lt: 5 }` on one path. */
function parseOperators(path: string, operators: Document): Filter[] {
  const filters: Filter[] = [];
  for (const [name, operand] of Object.entries(operators)) {
    if (name === '$options') {
      if (!('$regex' in operators)) throw new CommandError(2, '$options needs a $regex');
    } else if (name !== '$comment') filters.push(parseOperator(path, name, operand, operators));
  }
  return filters;
}

function parseOperator(path: string, name: string, operand: unknown, operators: Document): Filter {
  switch (name) {
    case '$eq':
      return { op: 'eq', path, value: comparable(operand) };
    case '$ne':
      if (bsonType(operand) === BsonType.regex) throw new CommandError(2, "Can't have regex as arg to $ne.");
      return not({ op: 'eq', path, value: comparable(operand) });
    case '$lt':
    case '$lte':
    case '$gt':
    case '$gte':
      if (bsonType(operand) === BsonType.regex)
        throw new CommandError(2, `Can't have RegEx as arg to predicate over field '${path}'.`);
      return { op: name.slice(1) as 'lt', path, value: comparable(operand) };
    case '$in':
      return parseIn(path, '$in', operand);
    case '$nin':
      return not(parseIn(path, '$nin', operand));
    case '$exists':
      return isTruthy(operand) ? { op: 'exists', path } : not({ op: 'exists', path });
    case '$not':
      return parseNot(path, operand);
    case '$regex':
      return parseRegex(path, operand, operators['$options']);
    case '$all':
      return parseAll(path, operand);
    case '$elemMatch':
      return parseElemMatch(path, operand);
    default:
      return parseRarer(path, name, operand);
  }
}

function parseRarer(path: string, name: string, operand: unknown): Filter {
  switch (name) {
    case '$type':
      return { op: 'type', path, types: parseTypes(operand) };
    case '$size':
      return { op: 'size', path, size: parseInteger('$size', operand) };
    case '$mod':
      return { op: 'mod', path, ...parseMod(operand) };
    default:
      if (UNSUPPORTED.has(name)) throw notSupported(name);
      throw new CommandError(2, `unknown operator: ${name}`);
  }
}

function not(filter: Filter): Filter {
  return { op: 'not', filter };
}

function parseIn(path: string, name: string, operand: unknown): Filter {
  if (!Array.isArray(operand)) throw new CommandError(2, `${name} needs an array`);
  const values: unknown[] = [];
  const regexes: CompiledRegex[] = [];
  for (const member of operand as unknown[]) {
    if (isOperatorDocument(member)) throw new CommandError(2, 'cannot nest $ under $in');
    if (bsonType(member) === BsonType.regex) regexes.push(regexOf(member));
    else values.push(member === undefined ? comparable(member) : member);
  }
  return { op: 'in', path, values, regexes };
}

function parseNot(path: string, operand: unknown): Filter {
  if (bsonType(operand) === BsonType.regex) return not({ op: 'regex', path, regex: regexOf(operand) });
  if (!isDocument(operand)) throw new CommandError(2, '$not needs a regex or a document');
  if (Object.keys(operand).length === 0) throw new CommandError(2, '$not cannot be empty');
  return not(and(parseOperators(path, operand)));
}

function parseRegex(path: string, operand: unknown, options: unknown): Filter {
  if (options !== undefined && typeof options !== 'string')
    throw new CommandError(2, '$options has to be a string');
  if (bsonType(operand) === BsonType.regex) {
    const parts = regexParts(operand);
    if (options !== undefined && parts.options !== '')
      throw new CommandError(51075, 'options set in both $regex and $options');
    return { op: 'regex', path, regex: compileRegex(parts.pattern, options ?? parts.options) };
  }
  if (typeof operand !== 'string') throw new CommandError(2, '$regex has to be a string');
  return { op: 'regex', path, regex: compileRegex(operand, options ?? '') };
}

function parseAll(path: string, operand: unknown): Filter {
  if (!Array.isArray(operand)) throw new CommandError(2, '$all needs an array');
  if (operand.length === 0) return { op: 'never' };
  const members = operand as unknown[];
  const elemMatch = isOperatorDocument(members[0]) && Object.keys(members[0])[0] === '$elemMatch';
  return and(
    members.map((member): Filter => {
      const isElemMatch = isOperatorDocument(member) && Object.keys(member)[0] === '$elemMatch';
      if (isElemMatch !== elemMatch)
        throw new CommandError(
          2,
          elemMatch ? '$all/$elemMatch has to be consistent' : 'no $ expressions in $all',
        );
      if (isElemMatch) return parseElemMatch(path, (member as Document)['$elemMatch']);
      if (isOperatorDocument(member)) throw new CommandError(2, 'no $ expressions in $all');
      if (bsonType(member) === BsonType.regex) return { op: 'regex', path, regex: regexOf(member) };
      return { op: 'eq', path, value: comparable(member) };
    }),
  );
}

const LOGICAL = new Set(['$and', '$or', '$nor', '$where', '$expr', '$comment']);

function parseElemMatch(path: string, operand: unknown): Filter {
  if (!isDocument(operand)) throw new CommandError(2, '$elemMatch needs an Object');
  const first = Object.keys(plain(operand))[0] ?? '';
  if (isOperatorDocument(operand) && !LOGICAL.has(first))
    return { op: 'elemMatchValue', path, filters: parseOperators('', operand) };
  if ('$expr' in operand) throw new CommandError(2, '$expr can only be applied to the top-level document');
  return { op: 'elemMatchObject', path, filter: parseFilter(plain(operand)) };
}
