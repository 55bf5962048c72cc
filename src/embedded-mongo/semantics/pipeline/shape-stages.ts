import { Long } from 'bson';
import { compileExpression } from '../expression';
import type { ProjectionNode } from '../result';
import { addToTree, parseProjectStage, projectDocument, splitFieldPath } from '../result';
import {
  CommandError,
  field,
  isDocument,
  isOperatorName,
  MISSING,
  plain,
  setField,
  typeName,
} from '../value';
import type { Document } from '../value';
import { scopeOf } from './simple-stages';
import type { Stage, StageParser } from './stage';
import { eachDocument } from './stage';

const parseProject: StageParser = (argument, variables) => {
  if (!isDocument(argument)) throw new CommandError(15969, '$project specification must be an object');
  if (Object.keys(argument).length === 0)
    throw new CommandError(
      51272,
      'Invalid $project :: caused by :: projection specification must have at least one field',
    );
  const project = parseProjectStage(plain(argument), variables);
  return eachDocument('$project', (context) => {
    const scope = scopeOf(context);
    return (document, emit) => emit(project(document, { root: document, ...scope }));
  });
};

const parseAddFields =
  (name: string): StageParser =>
  (argument, variables) => {
    if (!isDocument(argument))
      throw new CommandError(
        40272,
        `${name} specification stage must be an object, got ${typeName(argument)}`,
      );
    const tree: ProjectionNode = { children: new Map() };
    for (const [path, value] of Object.entries(plain(argument)))
      addComputedField(tree, path, value, variables);
    return eachDocument(name, (context) => {
      const scope = scopeOf(context);
      return (document, emit) =>
        emit(
          projectDocument(document, tree, {
            inclusion: false,
            inPlace: true,
            scope: { root: document, ...scope },
          }),
        );
    });
  };

/** A nested document that is no operator adds fields below; other values are computed. */
function addComputedField(
  tree: ProjectionNode,
  path: string,
  value: unknown,
  variables: ReadonlySet<string>,
): void {
  if (isDocument(value) && !isOperatorName(Object.keys(plain(value))[0])) {
    const fields = Object.entries(plain(value));
    if (fields.length === 0)
      throw new CommandError(
        40180,
        `an empty object is not a valid value. Found empty object at path ${path}`,
      );
    for (const [name, inner] of fields) addComputedField(tree, `${path}.${name}`, inner, variables);
  } else addToTree(tree, path, { kind: 'computed', evaluate: compileExpression(value, variables) });
}

const parseUnset: StageParser = (argument) => {
  const paths: unknown[] = Array.isArray(argument) ? argument : [argument];
  if (paths.length === 0)
    throw new CommandError(
      31119,
      '$unset specification must be a string or an array with at least one field',
    );
  const tree: ProjectionNode = { children: new Map() };
  for (const path of paths) {
    if (typeof path !== 'string')
      throw new CommandError(
        31120,
        '$unset specification must be a string or an array containing only string values',
      );
    addToTree(tree, path, { kind: 'exclude' });
  }
  return eachDocument('$unset', (context) => {
    const scope = scopeOf(context);
    return (document, emit) =>
      emit(
        projectDocument(document, tree, {
          inclusion: false,
          inPlace: false,
          scope: { root: document, ...scope },
        }),
      );
  });
};

interface Unwind {
  readonly parts: readonly string[];
  readonly index: readonly string[] | undefined;
  readonly preserve: boolean;
}

const parseUnwind: StageParser = (argument) => {
  const unwind = unwindSpec(argument);
  return eachDocument('$unwind', () => (document, emit) => unwindDocument(document, unwind, emit));
};

function unwindSpec(argument: unknown): Unwind {
  const spec: Document =
    typeof argument === 'string' ? { path: argument } : isDocument(argument) ? plain(argument) : {};
  for (const name of Object.keys(spec))
    if (!['path', 'preserveNullAndEmptyArrays', 'includeArrayIndex'].includes(name))
      throw new CommandError(28811, `unrecognized option to $unwind stage: ${name}`);
  const { path, preserveNullAndEmptyArrays: preserve = false, includeArrayIndex: index } = spec;
  if (path === undefined && typeof argument !== 'string' && !isDocument(argument))
    throw new CommandError(
      15981,
      `expected either a string or an object as specification for $unwind stage, got ${typeName(argument)}`,
    );
  if (path === undefined) throw new CommandError(28812, 'no path specified to $unwind stage');
  if (typeof path !== 'string')
    throw new CommandError(28808, `expected a string as the path for $unwind stage, got ${typeName(path)}`);
  if (!path.startsWith('$'))
    throw new CommandError(28818, `path option to $unwind stage should be prefixed with a '$': ${path}`);
  if (typeof preserve !== 'boolean')
    throw new CommandError(
      28809,
      'expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage',
    );
  if (index !== undefined && (typeof index !== 'string' || index === ''))
    throw new CommandError(
      28810,
      'expected a non-empty string for the includeArrayIndex  option to $unwind stage',
    );
  return {
    parts: splitFieldPath(path.slice(1)),
    index: index === undefined ? undefined : splitFieldPath(index),
    preserve,
  };
}

function unwindDocument(document: Document, unwind: Unwind, emit: (document: Document) => void): void {
  const value = nested(document, unwind.parts);
  const withIndex = (result: Document, index: unknown): Document =>
    unwind.index ? withValue(result, unwind.index, index) : result;
  if (Array.isArray(value) && value.length > 0)
    value.forEach((element: unknown, i) =>
      emit(withIndex(withValue(document, unwind.parts, element), Long.fromNumber(i))),
    );
  else if (value === null || value === undefined || value === MISSING || Array.isArray(value)) {
    if (!unwind.preserve) return;
    const kept = Array.isArray(value) ? withValue(document, unwind.parts, MISSING) : document;
    emit(withIndex(kept, null));
  } else emit(withIndex(document, null));
}

/** Through documents only. */
function nested(document: Document, parts: readonly string[]): unknown {
  let value: unknown = document;
  for (const part of parts) value = isDocument(value) ? field(plain(value), part) : MISSING;
  return value;
}

function withValue(document: Document, parts: readonly string[], value: unknown): Document {
  const [name = '', ...rest] = parts;
  const copy: Document = {};
  for (const key of Object.keys(document))
    if (key !== name || value !== MISSING || rest.length > 0) setField(copy, key, document[key]);
  const inner = field(document, name);
  if (rest.length > 0) setField(copy, name, withValue(isDocument(inner) ? plain(inner) : {}, rest, value));
  else if (value !== MISSING) setField(copy, name, value);
  return copy;
}

/** Stages that change each document's shape. */
export const shapeStages: Readonly<Record<string, StageParser>> = {
  $project: parseProject,
  $set: parseAddFields('$set'),
  $addFields: parseAddFields('$addFields'),
  $unset: parseUnset,
  $unwind: parseUnwind,
} satisfies Record<string, (argument: unknown, variables: ReadonlySet<string>) => Stage>;
