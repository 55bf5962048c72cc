import { BSONRegExp } from 'bson';
import type { CollectionDefinition } from '../catalog/definitions';
import type { Document } from '../semantics';
import type { FieldBounds, IndexScan } from './index-scan';
import { multikeyPathsOf } from './index-scan';
import type { Range } from './ranges';
import { EVERYTHING } from './ranges';
import type { PreparedQuery } from './search';

/** The stages of a plan in MongoDB's shape (manual: "Explain Results"), outermost first. */
export function describePlan({ collection, query, plan }: PreparedQuery): Document {
  let stage = accessStage(collection, plan, query.filter);
  if (plan.sortsInMemory && query.sort) {
    stage = { stage: 'SORT', sortPattern: query.sort, type: 'simple', ...limited(query), inputStage: stage };
  }
  if (query.skip) stage = { stage: 'SKIP', skipAmount: query.skip, inputStage: stage };
  if (query.limit) stage = { stage: 'LIMIT', limitAmount: query.limit, inputStage: stage };
  return stage;
}

function limited({ skip = 0, limit = 0 }: PreparedQuery['query']): Document {
  return limit > 0 ? { limitAmount: skip + limit } : {};
}

function accessStage(
  collection: CollectionDefinition | undefined,
  plan: PreparedQuery['plan'],
  filter: Document,
): Document {
  const { access } = plan;
  const residual = plan.residual ? { filter } : {};
  if (!collection) return { stage: 'EOF' };
  switch (access.kind) {
    case 'none':
      return { stage: 'EOF' };
    case 'collection':
      return { stage: 'COLLSCAN', ...residual, direction: access.reverse ? 'backward' : 'forward' };
    case 'index':
      if (isIdLookup(access.scan)) return { stage: 'IDHACK' };
      return { stage: 'FETCH', ...residual, inputStage: scanStage(access.scan) };
    case 'union': {
      const inputStages = access.scans.map(scanStage);
      const union = access.merge ? { stage: 'SORT_MERGE', inputStages } : { stage: 'OR', inputStages };
      return { stage: 'FETCH', ...residual, inputStage: union };
    }
  }
}

function isIdLookup({ index, bounds }: IndexScan): boolean {
  const ranges = bounds[0]?.ranges;
  return index.table === 'documents' && ranges?.length === 1 && ranges[0]?.point === true;
}

function scanStage(scan: IndexScan): Document {
  const { index, bounds, order } = scan;
  const stage = {
    stage: 'IXSCAN',
    keyPattern: Object.fromEntries(index.pattern),
    indexName: index.name,
    isMultiKey: index.multikeyPaths.length > 0,
    multiKeyPaths: Object.fromEntries(index.pattern.map(([path]) => [path, multikeyPathsOf(index, path)])),
    isUnique: index.unique,
    isSparse: index.sparse,
    isPartial: index.partial,
    indexVersion: 2,
    direction: order?.reverse ? 'backward' : 'forward',
    indexBounds: Object.fromEntries(index.pattern.map(([path], i) => [path, showBounds(bounds[i])])),
  };
  return order?.mergeAfter === undefined ? stage : { stage: 'SORT_MERGE', inputStages: [stage] };
}

function showBounds(bounds: FieldBounds | undefined): string[] {
  return (bounds?.ranges ?? EVERYTHING).map(showRange);
}

function showRange({ from, to }: Range): string {
  return `${from.inclusive ? '[' : '('}${show(from.value)}, ${show(to.value)}${to.inclusive ? ']' : ')'}`;
}

/** A value as MongoDB writes it in index bounds. */
function show(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === Infinity) return 'inf.0';
  if (value === -Infinity) return '-inf.0';
  if (value instanceof BSONRegExp) return `/${value.pattern}/${value.options}`;
  if (value instanceof Date) return `new Date(${value.getTime()})`;
  const tag = (value as { _bsontype?: string })._bsontype;
  if (tag === 'ObjectId') return `ObjectId('${String(value)}')`;
  if (tag === 'MinKey' || tag === 'MaxKey') return tag;
  return tag === undefined || tag === 'Object' ? JSON.stringify(value) : String(value);
}
