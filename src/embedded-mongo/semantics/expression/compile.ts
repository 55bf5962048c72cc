import {
  bsonType,
  BsonType,
  CommandError,
  field,
  isDocument,
  MISSING,
  notSupported,
  plain,
  setField,
} from '../value';
import type { Document } from '../value';
import { arithmeticOperators } from './arithmetic';
import { arrayOperators } from './arrays';
import { conversionOperators } from './conversions';
import { dateOperators } from './dates';
import type { Compile, Evaluate, Operator, Scope } from './evaluation';
import { logicOperators } from './logic';
import { objectOperators } from './objects';
import { scopeOperators } from './scopes';
import { setOperators } from './sets';
import { stringOperators } from './strings';
import { summaryOperators } from './summaries';

const OPERATORS = new Map<string, Operator>(
  [
    logicOperators,
    arithmeticOperators,
    stringOperators,
    arrayOperators,
    scopeOperators,
    setOperators,
    objectOperators,
    conversionOperators,
    dateOperators,
    summaryOperators,
  ].flatMap((table) => Object.entries(table)),
);

/** Operators that MongoDB has and this server does not: refused by name. */
const UNSUPPORTED = new Set(
  (
    'accumulator acos acosh asin asinh atan atan2 atanh avg binarySize bitAnd bitNot bitOr bitXor bsonSize cos cosh ' +
    'dateFromParts dateFromString dateToParts degreesToRadians firstN function indexOfBytes integral lastN maxN ' +
    'median meta minN percentile radiansToDegrees rand regexFindAll sampleRate setField sin sinh stdDevPop ' +
    'stdDevSamp tan tanh toHashedIndexKey tsIncrement tsSecond unsetField derivative covariancePop covarianceSamp'
  )
    .split(' ')
    .map((name) => `$${name}`),
);

/** Variables that are always there; the value of NOW is the same for a whole command. */
const SYSTEM_VARIABLES = new Set(['ROOT', 'CURRENT', 'REMOVE', 'NOW']);

/**
 * Compiles an aggregation expression (manual: "Expressions"). Evaluated exactly on BSON values: integers overflow
 * into long, documents compare in field order, missing is not null.
 * @param variables names that are bound when it runs, by `let` or an enclosing operator
 * @throws CommandError 168 for an unknown operator, 17276 for an unknown variable, 238 for what is not supported
 */
export function compileExpression(expression: unknown, variables: ReadonlySet<string> = new Set()): Evaluate {
  return compileIn(expression, variables);
}

function compileIn(expression: unknown, variables: ReadonlySet<string>): Evaluate {
  if (typeof expression === 'string' && expression.startsWith('$')) return compilePath(expression, variables);
  if (Array.isArray(expression)) {
    const elements = expression.map((element: unknown) => compileIn(element, variables));
    return (scope) =>
      elements.map((evaluate) => {
        const value = evaluate(scope);
        return value === MISSING ? null : value;
      });
  }
  if (bsonType(expression) === BsonType.object)
    return compileDocument(plain(expression as object), variables);
  return () => expression;
}

function compileDocument(document: Document, variables: ReadonlySet<string>): Evaluate {
  const names = Object.keys(document);
  const [first] = names;
  if (first?.startsWith('$')) {
    if (names.length > 1)
      throw new CommandError(
        15983,
        'an expression specification must contain exactly one field, the name of the expression.',
      );
    return compileOperator(first, document[first], variables);
  }
  const fields = names.map((name) => {
    if (name.includes('.'))
      throw new CommandError(
        16412,
        "FieldPath field names may not contain '.'. Consider using $getField or $setField.",
      );
    return [name, compileIn(document[name], variables)] as const;
  });
  return (scope) => {
    const result: Document = {};
    for (const [name, evaluate] of fields) {
      const value = evaluate(scope);
      if (value !== MISSING) setField(result, name, value);
    }
    return result;
  };
}

function compileOperator(name: string, argument: unknown, variables: ReadonlySet<string>): Evaluate {
  const operator = OPERATORS.get(name);
  if (operator) return operator(argument, compiler(variables), name);
  if (UNSUPPORTED.has(name)) throw notSupported(`The expression ${name}`);
  throw new CommandError(168, `Unrecognized expression '${name}'`);
}

function compiler(variables: ReadonlySet<string>): Compile {
  const binding = (names: readonly string[]): Compile => {
    for (const name of names)
      if (!/^[a-z\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*$/.test(name) && name !== 'CURRENT')
        throw new CommandError(16867, `'${name}' starts with an invalid character for a user variable name`);
    return compiler(new Set([...variables, ...names]));
  };
  return Object.assign((inner: unknown) => compileIn(inner, variables), { binding });
}

function compilePath(path: string, variables: ReadonlySet<string>): Evaluate {
  if (path === '$') throw new CommandError(16872, "'$' by itself is not a valid FieldPath");
  const isVariable = path.startsWith('$$');
  const parts = path.slice(isVariable ? 2 : 1).split('.');
  if (parts.includes(''))
    throw path.endsWith('.')
      ? new CommandError(40353, "FieldPath must not end with a '.'.")
      : new CommandError(15998, 'FieldPath field names may not be empty strings.');
  if (parts.slice(isVariable ? 1 : 0).some((part) => part.startsWith('$')))
    throw new CommandError(
      16410,
      "FieldPath field names may not start with '$'. Consider using $getField or $setField.",
    );
  if (!isVariable)
    return variables.has('CURRENT')
      ? fromVariable('CURRENT', parts)
      : (scope) => valueAtPath(scope.root, parts, 0);
  const [name = '', ...rest] = parts;
  if (variables.has(name)) return fromVariable(name, rest);
  if (!SYSTEM_VARIABLES.has(name)) throw unknownVariable(name);
  if (name === 'REMOVE') return () => MISSING;
  if (name === 'NOW') return (scope) => (rest.length === 0 ? scope.now : MISSING);
  return (scope) => valueAtPath(scope.root, rest, 0);
}

function unknownVariable(name: string): CommandError {
  if (['CLUSTER_TIME', 'USER_ROLES', 'SEARCH_META', 'DESCEND', 'PRUNE', 'KEEP'].includes(name))
    return notSupported(`The variable $$${name}`);
  return new CommandError(17276, `Use of undefined variable: ${name}`);
}

function fromVariable(name: string, rest: readonly string[]): Evaluate {
  return (scope: Scope) => {
    const value = Object.hasOwn(scope.variables, name) ? scope.variables[name] : MISSING;
    return valueAtPath(value, rest, 0);
  };
}

/** Follows a path: documents by name, arrays into each document in them (numbers are no positions here). */
function valueAtPath(value: unknown, parts: readonly string[], from: number): unknown {
  if (from === parts.length) return value;
  if (isDocument(value)) return valueAtPath(field(plain(value), parts[from] as string), parts, from + 1);
  if (!Array.isArray(value)) return MISSING;
  const values: unknown[] = [];
  for (const element of value as unknown[]) {
    if (!isDocument(element)) continue;
    const inner = valueAtPath(element, parts, from);
    if (inner !== MISSING) values.push(inner);
  }
  return values;
}
