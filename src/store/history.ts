/** History of a resource, a type, or everything, newest first. https://hl7.org/fhir/R4/http.html#history */
import type { ResourceType } from '@medplum/fhirtypes';
import { ProblemError } from '../fhir';
import { mayRead } from './access';
import { historyId, type VersionFields, versionOf } from './documents';
import { compare, type HistoryVersion, type Position, positionOf, versionsOfType } from './history-sources';
import { isVersionVisible } from './rows';
import { eachIn, inSession, type Scope, VERSION_PROJECTION } from './scope';
import type { HistoryPage, HistoryRequest, Viewer } from './types';

/** Versions of one resource that are looked at in one query. */
const VERSIONS_A_QUERY = 100;

/** @throws ProblemError 400 for a cursor that this store did not make. */
export function history(scope: Scope, viewer: Viewer, request: HistoryRequest): Promise<HistoryPage> {
  return request.type !== undefined && request.id !== undefined
    ? instanceHistory(scope, viewer, request.type, request.id, request)
    : listHistory(scope, viewer, request);
}

/** Of one resource: its versions have no gaps, so they are read by id, from the cursor's downwards. */
async function instanceHistory(
  scope: Scope,
  viewer: Viewer,
  type: ResourceType,
  id: string,
  request: HistoryRequest,
): Promise<HistoryPage> {
  const options = { ...inSession(scope), projection: VERSION_PROJECTION };
  const present = await scope.connection.records(type).findOne({ _id: id }, options);
  if (present === null || !mayRead(viewer, present.access)) return { versions: [], total: 0 };
  const versions: HistoryVersion[] = [];
  let below = request.cursor === undefined ? present.version + 1 : decodeVersion(request.cursor);
  let until: Date | undefined;
  for (let isOver = false; !isOver && below > 1 && versions.length <= request.count;) {
    const low = Math.max(1, below - VERSIONS_A_QUERY);
    const documents = await versionsBetween(scope, type, id, present, low, below - 1);
    for (const document of documents) {
      isOver = isBefore(document, until, request);
      if (isOver) break;
      const version = versionOf(type, id, document);
      const isAsked = request.at === undefined || document.lastUpdated <= request.at.high;
      if (isAsked && mayRead(viewer, document.access) && (await isVersionVisible(scope, viewer, version))) {
        versions.push(version);
      }
      until = document.lastUpdated;
    }
    below = low;
  }
  return pageOf(versions, request, (last) => encode([last.version]));
}

/** True for versions older than what is asked for; `next` is when the version's successor took over, if read. */
function isBefore(document: Row, next: Date | undefined, request: HistoryRequest): boolean {
  if (request.since !== undefined && document.lastUpdated < request.since) return true;
  const until = next ?? document.until;
  return request.at !== undefined && until !== undefined && until <= request.at.low;
}

type Row = VersionFields & { until?: Date };

async function versionsBetween(
  scope: Scope,
  type: ResourceType,
  id: string,
  present: VersionFields,
  low: number,
  high: number,
): Promise<Row[]> {
  const ids: string[] = [];
  for (let version = low; version <= Math.min(high, present.version - 1); version++) {
    ids.push(historyId(type, id, version));
  }
  const rows =
    ids.length === 0
      ? []
      : await scope.connection.history.find({ _id: { $in: ids } }, inSession(scope)).toArray();
  const past = rows.sort((a, b) => b.version - a.version);
  return high >= present.version ? [present, ...past] : past;
}

/** Of a type, or of all types in use: each type's versions come from an index, and are merged here. */
async function listHistory(scope: Scope, viewer: Viewer, request: HistoryRequest): Promise<HistoryPage> {
  const after = request.cursor === undefined ? undefined : decodePosition(request.cursor);
  const types = request.type === undefined ? await scope.connection.typesInUse() : [request.type];
  const found = await eachIn(scope, types, (type) => versionsOfType(scope, viewer, type, request, after));
  const versions = new Map<string, HistoryVersion>();
  for (const version of found.flat())
    versions.set(historyId(version.type, version.id, version.version), version);
  const ordered = [...versions.values()].sort((a, b) => compare(positionOf(a), positionOf(b)));
  return pageOf(ordered, request, (last) => {
    const { time, type, id } = positionOf(last);
    return encode([time, type, id]);
  });
}

function pageOf(
  versions: readonly HistoryVersion[],
  request: HistoryRequest,
  cursorAfter: (last: HistoryVersion) => string,
): HistoryPage {
  const page = versions.slice(0, request.count);
  const last = page.at(-1);
  const isAll = versions.length === page.length;
  if (isAll && request.cursor === undefined) return { versions: page, total: page.length };
  return isAll || last === undefined ? { versions: page } : { versions: page, next: cursorAfter(last) };
}

function encode(values: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

function decode(cursor: string): unknown[] {
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(values)) return values;
  } catch {
    // Refused below, like JSON of another shape.
  }
  throw badCursor();
}

function decodeVersion(cursor: string): number {
  const [version] = decode(cursor);
  if (typeof version !== 'number') throw badCursor();
  return version;
}

function decodePosition(cursor: string): Position {
  const [time, type, id] = decode(cursor);
  if (typeof time !== 'number' || typeof type !== 'string' || typeof id !== 'string') throw badCursor();
  return { time, type, id };
}

function badCursor(): ProblemError {
  return new ProblemError('malformed', 'The page parameter is not one of this server.');
}
