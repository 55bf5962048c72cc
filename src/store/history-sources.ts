/** Where versions of a type are found, newest first: present ones in the type's collection, superseded ones in history. */
import type { ResourceType } from '@medplum/fhirtypes';
import type { mongo } from 'mongoose';
import { holderOf } from '../search';
import { type HistoryDocument, type RecordDocument, versionOf } from './documents';
import { isVersionVisible, rowLimit } from './rows';
import { inSession, type Scope, VERSION_PROJECTION } from './scope';
import type { HistoryPage, HistoryRequest, StoredVersion, Viewer } from './types';

export type HistoryVersion = HistoryPage['versions'][number];

/** A place in the order of history: newest first, then type and id from the end of the alphabet. */
export interface Position {
  time: number;
  type: string;
  id: string;
}

export function compare(a: Position, b: Position): number {
  if (a.time !== b.time) return b.time - a.time;
  if (a.type !== b.type) return a.type < b.type ? 1 : -1;
  return a.id === b.id ? 0 : a.id < b.id ? 1 : -1;
}

export function positionOf(version: StoredVersion): Position {
  return { time: version.lastUpdated.getTime(), type: version.type, id: version.id };
}

interface Raw {
  version: HistoryVersion;
  position: Position;
}

type Fetch = (after: Position | undefined, limit: number) => Promise<Raw[]>;

/** Times within which a version of the request must have come to be; `_at` asks for those current in between. */
function timeFilter(request: HistoryRequest): mongo.Document {
  const since = request.since;
  const high = request.at?.high;
  return { ...(since === undefined ? {} : { $gte: since }), ...(high === undefined ? {} : { $lte: high }) };
}

/** What comes behind a position, for documents of a type; `idField` is where the id lies. */
function behind(after: Position, type: string, idField: '_id' | 'id'): mongo.Document {
  const time = new Date(after.time);
  if (type === after.type) {
    return { $or: [{ lastUpdated: { $lt: time } }, { lastUpdated: time, [idField]: { $lt: after.id } }] };
  }
  return { lastUpdated: type > after.type ? { $lt: time } : { $lte: time } };
}

function filterOf(parts: mongo.Document[]): mongo.Document {
  const filled = parts.filter((part) => Object.keys(part).length > 0);
  return filled.length === 1 ? (filled[0] ?? {}) : { $and: filled };
}

function presentVersions(scope: Scope, viewer: Viewer, type: ResourceType, request: HistoryRequest): Fetch {
  const times = timeFilter(request);
  return async (after, limit) => {
    const filter = filterOf([
      { access: holderOf(type, viewer.practice) },
      Object.keys(times).length > 0 ? { lastUpdated: times } : {},
      after === undefined ? {} : behind(after, type, '_id'),
    ]);
    const documents = await scope.connection
      .records(type)
      .find(filter as mongo.Filter<RecordDocument>, { ...inSession(scope), projection: VERSION_PROJECTION })
      .sort({ lastUpdated: -1, _id: -1 })
      .limit(limit)
      .toArray();
    return documents.map((document) => rawOf(versionOf(type, document._id, document)));
  };
}

function supersededVersions(
  scope: Scope,
  viewer: Viewer,
  type: ResourceType,
  request: HistoryRequest,
): Fetch {
  const times = timeFilter(request);
  return async (after, limit) => {
    const filter = filterOf([
      { access: holderOf(type, viewer.practice), type },
      Object.keys(times).length > 0 ? { lastUpdated: times } : {},
      request.at === undefined ? {} : { until: { $gt: request.at.low } },
      after === undefined ? {} : behind(after, type, 'id'),
    ]);
    const rows = await scope.connection.history
      .find(filter as mongo.Filter<HistoryDocument>, inSession(scope))
      .sort({ lastUpdated: -1, id: -1 })
      .limit(limit)
      .toArray();
    return rows.map((row) => rawOf(versionOf(type, row.id, row)));
  };
}

function rawOf(version: HistoryVersion): Raw {
  return { version, position: positionOf(version) };
}

/** Drops rows that a lost race left: those that are not below the present version. */
async function withoutPhantoms(scope: Scope, type: ResourceType, rows: readonly Raw[]): Promise<Raw[]> {
  if (rows.length === 0) return [];
  const ids = [...new Set(rows.map(({ version }) => version.id))];
  const documents = await scope.connection
    .records(type)
    .find({ _id: { $in: ids } }, { ...inSession(scope), projection: { version: 1 } })
    .toArray();
  const present = new Map(documents.map((document) => [document._id, document.version]));
  return rows.filter(({ version }) => version.version < (present.get(version.id) ?? 0));
}

/** Fetches until `wanted` versions that the viewer may see are there, or no more. */
async function collect(
  fetch: Fetch,
  keep: (rows: readonly Raw[]) => Promise<Raw[]>,
  after: Position | undefined,
  wanted: number,
): Promise<HistoryVersion[]> {
  const found: HistoryVersion[] = [];
  let position = after;
  for (;;) {
    const rows = await fetch(position, wanted);
    for (const { version } of await keep(rows)) found.push(version);
    position = rows.at(-1)?.position;
    if (found.length >= wanted || rows.length < wanted) return found;
  }
}

/**
 * The next versions of a type behind a position, not yet in order. Present ones are read first: a version that is
 * superseded in between is then met twice, and not missed.
 */
export async function versionsOfType(
  scope: Scope,
  viewer: Viewer,
  type: ResourceType,
  request: HistoryRequest,
  after: Position | undefined,
): Promise<HistoryVersion[]> {
  if (rowLimit(viewer, type) === 'none') return [];
  const wanted = request.count + 1;
  const inRows = async (rows: readonly Raw[]): Promise<Raw[]> => {
    const kept: Raw[] = [];
    for (const row of rows) if (await isVersionVisible(scope, viewer, row.version)) kept.push(row);
    return kept;
  };
  const present = await collect(presentVersions(scope, viewer, type, request), inRows, after, wanted);
  const past = await collect(
    supersededVersions(scope, viewer, type, request),
    async (rows) => inRows(await withoutPhantoms(scope, type, rows)),
    after,
    wanted,
  );
  return [...present, ...past];
}
