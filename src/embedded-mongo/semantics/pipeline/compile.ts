import { CommandError, isDocument, notSupported, plain } from '../value';
import type { Document } from '../value';
import { groupStages, sortByCountStages } from './group-stages';
import type { Nested } from './join-stages';
import { facetParser, lookupParser } from './join-stages';
import { shapeStages } from './shape-stages';
import { simpleStages, sortThenLimit } from './simple-stages';
import type { Batches, PipelineContext, Stage, StageParser } from './stage';

const UNSUPPORTED = new Set(
  (
    'bucket bucketAuto changeStream changeStreamSplitLargeEvent collStats currentOp densify documents fill geoNear ' +
    'graphLookup indexStats listLocalSessions listSampledQueries listSearchIndexes listSessions merge out ' +
    'planCacheStats redact sample search searchMeta setWindowFields shardedDataDistribution unionWith vectorSearch'
  )
    .split(' ')
    .map((name) => `$${name}`),
);

const NESTED: Nested = {
  compile: (stages, variables) => compileStages(stages, variables),
  run: (stages, input, context) => runPipeline(stages, input, context),
};

const PARSERS = new Map<string, StageParser>([
  ...Object.entries(simpleStages),
  ...Object.entries(shapeStages),
  ...Object.entries(groupStages),
  ['$lookup', lookupParser(NESTED)],
  ['$facet', facetParser(NESTED)],
]);

/**
 * Compiles an aggregation pipeline (manual: "Aggregation Stages").
 * @throws CommandError 14, 40323, 40324 for what is no pipeline, 238 for stages that are not supported
 */
export function compilePipeline(stages: unknown): readonly Stage[] {
  return compileStages(stages, new Set());
}

function compileStages(stages: unknown, variables: ReadonlySet<string>): readonly Stage[] {
  if (!Array.isArray(stages)) throw new CommandError(14, "'pipeline' option must be specified as an array");
  const compiled = (stages as unknown[]).flatMap((stage) => {
    if (!isDocument(stage))
      throw new CommandError(14, "Each element of the 'pipeline' array must be an object");
    return compileStage(plain(stage), variables);
  });
  return compiled.map((stage, i) => {
    const next = compiled[i + 1];
    return stage.name === '$sort' && next?.name === '$limit' && next.count !== undefined
      ? sortThenLimit(stage, next.count)
      : stage;
  });
}

function compileStage(stage: Document, variables: ReadonlySet<string>): Stage[] {
  const entries = Object.entries(stage);
  const [name, argument] = entries[0] ?? ['', undefined];
  if (entries.length !== 1)
    throw new CommandError(40323, 'A pipeline stage specification object must contain exactly one field.');
  if (name === '$sortByCount')
    return sortByCountStages(argument).flatMap((expanded) => compileStage(expanded, variables));
  const parse = PARSERS.get(name);
  if (parse) return [parse(argument, variables)];
  if (UNSUPPORTED.has(name)) throw notSupported(`The stage ${name}`);
  throw new CommandError(40324, `Unrecognized pipeline stage name: '${name}'`);
}

/** Runs compiled stages over batches of documents. Nothing is read until the result is; closing it closes all. */
export async function* runPipeline(
  stages: readonly Stage[],
  input: Batches,
  context: PipelineContext,
): AsyncGenerator<readonly Document[]> {
  let batches: Batches = input;
  for (const stage of stages) batches = stage.run(batches, context);
  yield* batches;
}
