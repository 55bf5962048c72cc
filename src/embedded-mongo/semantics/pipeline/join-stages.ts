import { compileExpression } from '../expression';
import type { Filter } from '../filter';
import { arrayIndex, CommandError, field, isDocument, MISSING, plain, typeName } from '../value';
import type { Document } from '../value';
import { addFieldAt, splitFieldPath } from '../result';
import { scopeOf } from './simple-stages';
import type { Batches, PipelineContext, Stage, StageParser } from './stage';
import { Memory, Pacer } from './stage';

/** Compiles and runs nested pipelines; given by the pipeline compiler. */
export interface Nested {
  readonly compile: (stages: unknown, variables: ReadonlySet<string>) => readonly Stage[];
  readonly run: (stages: readonly Stage[], input: Batches, context: PipelineContext) => Batches;
}

interface Lookup {
  readonly from: string;
  readonly as: readonly string[];
  readonly localField: readonly string[] | undefined;
  readonly foreignField: string | undefined;
  readonly bindings: readonly (readonly [string, ReturnType<typeof compileExpression>])[];
  readonly pipeline: readonly Stage[];
}

const LOOKUP_FIELDS = ['from', 'as', 'localField', 'foreignField', 'let', 'pipeline'];

/** `$lookup` by equality, by a pipeline with `let`, or both. */
export function lookupParser(nested: Nested): StageParser {
  return (argument, variables) => {
    const lookup = parseLookup(argument, variables, nested);
    const collections = [lookup.from, ...lookup.pipeline.flatMap((stage) => stage.collections ?? [])];
    return {
      name: '$lookup',
      collections,
      run: (input, context) => runLookup(input, context, lookup, nested),
    };
  };
}

function parseLookup(argument: unknown, variables: ReadonlySet<string>, nested: Nested): Lookup {
  if (!isDocument(argument))
    throw new CommandError(9, `the $lookup specification must be an Object, but found ${typeName(argument)}`);
  const spec = plain(argument);
  for (const name of Object.keys(spec))
    if (!LOOKUP_FIELDS.includes(name)) throw new CommandError(9, `unknown argument to $lookup: ${name}`);
  const text = (name: string): string | undefined => {
    const value = spec[name];
    if (value !== undefined && typeof value !== 'string')
      throw new CommandError(9, `$lookup argument '${name}' must be a string, is type ${typeName(value)}`);
    return value;
  };
  const [from, as, localField, foreignField] = [
    text('from'),
    text('as'),
    text('localField'),
    text('foreignField'),
  ];
  if (from === undefined) throw new CommandError(9, "must specify 'from' field for a $lookup");
  if (as === undefined) throw new CommandError(9, "must specify 'as' field for a $lookup");
  if ((localField === undefined) !== (foreignField === undefined))
    throw new CommandError(
      9,
      "$lookup requires both or neither of 'localField' and 'foreignField' to be specified",
    );
  if (localField === undefined && !('pipeline' in spec))
    throw new CommandError(
      9,
      "$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be specified",
    );
  if ('let' in spec && !('pipeline' in spec))
    throw new CommandError(9, "$lookup with a 'let' argument must also specify 'pipeline'");
  const bindings = parseLet(spec['let'], variables);
  const names = new Set([...variables, ...bindings.map(([name]) => name)]);
  const pipeline = 'pipeline' in spec ? nested.compile(spec['pipeline'], names) : [];
  return {
    from,
    as: splitFieldPath(as),
    localField: localField === undefined ? undefined : splitFieldPath(localField),
    foreignField,
    bindings,
    pipeline,
  };
}

function parseLet(spec: unknown, variables: ReadonlySet<string>): Lookup['bindings'] {
  if (spec === undefined) return [];
  if (!isDocument(spec))
    throw new CommandError(9, `$lookup argument 'let' must be an object, is type ${typeName(spec)}`);
  return Object.entries(plain(spec)).map(([name, value]) => {
    if (!/^[a-z\u0080-\uffff]\w*$/.test(name))
      throw new CommandError(16867, `'${name}' starts with an invalid character for a user variable name`);
    return [name, compileExpression(value, variables)] as const;
  });
}

async function* runLookup(
  input: Batches,
  context: PipelineContext,
  lookup: Lookup,
  nested: Nested,
): AsyncGenerator<Document[]> {
  const pacer = new Pacer();
  for await (const batch of input)
    for (const document of batch) {
      const scope = { root: document, ...scopeOf(context) };
      const bound = lookup.bindings.map(([name, evaluate]) => [name, evaluate(scope)] as const);
      const variables = { ...scope.variables, ...Object.fromEntries(bound) };
      const matches = nested.run(lookup.pipeline, context.find(lookup.from, joinFilter(document, lookup)), {
        ...context,
        variables,
      });
      const memory = new Memory('$lookup', context);
      const joined: Document[] = [];
      for await (const found of matches)
        for (const one of found) {
          memory.add(one);
          joined.push(one);
        }
      yield [addFieldAt(document, lookup.as, joined)];
      const pause = pacer.pause();
      if (pause) await pause;
    }
}

/** Any of the local values, null when there is none; a pattern is a value here, no search. */
function joinFilter(document: Document, { localField, foreignField }: Lookup): Filter {
  if (!localField || foreignField === undefined) return { op: 'and', filters: [] };
  const values: unknown[] = [];
  collectValues(document, localField, 0, values);
  return { op: 'in', path: foreignField, values: values.length === 0 ? [null] : values, regexes: [] };
}

function collectValues(value: unknown, parts: readonly string[], from: number, into: unknown[]): void {
  if (from === parts.length) {
    if (Array.isArray(value)) into.push(...(value as unknown[]));
    else into.push(value);
    return;
  }
  const name = parts[from] as string;
  if (isDocument(value)) {
    const inner = field(plain(value), name);
    if (inner !== MISSING) collectValues(inner, parts, from + 1, into);
  } else if (Array.isArray(value)) {
    const index = arrayIndex(name);
    if (index >= 0 && index < value.length) collectValues(value[index], parts, from + 1, into);
    for (const element of value as unknown[])
      if (isDocument(element)) collectValues(element, parts, from, into);
  }
}

/** `$facet` holds its input and runs each pipeline over it. */
export function facetParser(nested: Nested): StageParser {
  return (argument, variables) => {
    if (!isDocument(argument) || Object.keys(argument).length === 0)
      throw new CommandError(40169, 'the $facet specification must be a non-empty object');
    const facets = Object.entries(plain(argument)).map(([name, stages]) => {
      splitFieldPath(name);
      if (name.includes('.'))
        throw new CommandError(16412, `FieldPath field names may not contain '.'. Found '${name}'`);
      if (!Array.isArray(stages))
        throw new CommandError(
          40170,
          `arguments to $facet must be arrays, ${name} is type ${typeName(stages)}`,
        );
      const compiled = nested.compile(stages, variables);
      if (compiled.some((stage) => stage.name === '$facet'))
        throw new CommandError(40600, '$facet is not allowed to be used within a $facet stage');
      return { name, stages: compiled };
    });
    const collections = facets.flatMap(({ stages }) => stages.flatMap((stage) => stage.collections ?? []));
    return {
      name: '$facet',
      collections,
      run: (input, context) => runFacets(input, context, facets, nested),
    };
  };
}

async function* runFacets(
  input: Batches,
  context: PipelineContext,
  facets: readonly { name: string; stages: readonly Stage[] }[],
  nested: Nested,
): AsyncGenerator<Document[]> {
  const memory = new Memory('$facet', context);
  const held: (readonly Document[])[] = [];
  for await (const batch of input) {
    for (const document of batch) memory.add(document);
    held.push(batch);
  }
  const result: Document = {};
  for (const { name, stages } of facets) {
    const documents: Document[] = [];
    for await (const batch of nested.run(stages, replay(held), context)) {
      for (const document of batch) memory.add(document);
      documents.push(...batch);
    }
    result[name] = documents;
  }
  yield [result];
}

async function* replay(held: readonly (readonly Document[])[]): AsyncGenerator<readonly Document[]> {
  yield* held;
}
