/** Running searches on MongoDB. The pure half lies in the search room; docs/search.md explains both. */
import {
  type OrderField,
  type Position,
  type SearchRequest,
  decodePosition,
  encodePosition,
  orderOf,
  reversed,
  viewerPrefix,
} from '../../search';
import { foundOf } from '../documents';
import type { Scope } from '../scope';
import type { FoundVersion, SearchPage, Viewer } from '../types';
import { containedVersions } from './contained';
import { include } from './includes';
import { countRows, positionOf, runOf } from './rows';
import { targetsOf } from './targets';
import type { Row, Run, Target } from './run';
import { findSeveral } from './several';

export { type Explanation, explain } from './explain';

interface Page {
  rows: Row[];
  next?: string;
  previous?: string;
}

function cursorAt(
  row: Row | undefined,
  order: readonly OrderField[],
  side: Position['side'],
  isSeveral: boolean,
): string | undefined {
  if (row === undefined) return undefined;
  const position = positionOf(row.document, order, side);
  return encodePosition(isSeveral ? { ...position, type: row.type } : position);
}

async function page(run: Run, request: SearchRequest, targets: readonly Target[]): Promise<Page> {
  const order = orderOf(request.sort);
  const fields = order.filter(({ path }) => path !== '_id').length;
  const from = request.cursor === undefined ? undefined : decodePosition(request.cursor, fields);
  const isBackwards = from?.side === 'before';
  const found = await findSeveral(run, {
    targets,
    order: isBackwards ? reversed(order) : order,
    limit: request.count,
    isSorted: request.sort.length > 0,
    ...(request.includes.length > 0 ? { read: 'whole' as const } : {}),
    ...(from === undefined ? {} : { from }),
    ...(request.offset === undefined ? {} : { skip: request.offset }),
  });
  const rows = isBackwards ? [...found.rows].reverse() : found.rows;
  const isSeveral = targets.length > 1;
  const hasNext = isBackwards || found.more;
  const hasPrevious = isBackwards ? found.more : from !== undefined;
  const next = hasNext ? cursorAt(rows.at(-1), order, 'after', isSeveral) : undefined;
  const previous = hasPrevious ? cursorAt(rows[0], order, 'before', isSeveral) : undefined;
  return { rows, ...(next === undefined ? {} : { next }), ...(previous === undefined ? {} : { previous }) };
}

function versionsOf(rows: readonly Row[]): FoundVersion[] {
  return rows.map(({ type, document }) => foundOf(type, document));
}

/** Includes show what may be read; searches look only through what may be searched. */
function includingViewer(viewer: Viewer): Viewer {
  return viewer.included === undefined ? viewer : { ...viewer, rows: viewer.included };
}

async function countTargets(run: Run, targets: readonly Target[]): Promise<number> {
  let total = 0;
  for (const { type, match } of targets)
    total += await countRows(run, { type, match, order: orderOf([]), limit: 0 });
  return total;
}

const wantsTotal = ({ total, count, summary }: SearchRequest): boolean =>
  total === 'accurate' || total === 'estimate' || count === 0 || summary === 'count';

/** The total, when it was asked for or the page shows that there are no others. */
async function totalOf(
  run: Run,
  request: SearchRequest,
  targets: readonly Target[],
  found: Page,
): Promise<number | undefined> {
  const isStart = found.previous === undefined && (request.offset ?? 0) === 0;
  const isWhole = isStart && found.next === undefined && request.count > 0;
  if (isWhole && request.summary !== 'count') return found.rows.length;
  return wantsTotal(request) ? countTargets(run, targets) : undefined;
}

/**
 * Runs a search with the viewer's eyes: access and scope rows hold for matches, chains, `_has`, `_list` and includes.
 * @throws ProblemError 400 for a cursor that is not of this search; 422 when includes add too much.
 */
export async function search(scope: Scope, viewer: Viewer, request: SearchRequest): Promise<SearchPage> {
  const run = runOf(scope, viewer);
  const targets = await targetsOf(run, request);
  const isCountOnly = request.count === 0 || request.summary === 'count';
  const found: Page = isCountOnly ? { rows: [] } : await page(run, request, targets);
  const included =
    request.includes.length === 0 || found.rows.length === 0
      ? []
      : await include(runOf(scope, includingViewer(viewer)), {
          includes: request.includes,
          matches: found.rows,
          prefixOf: (type) => viewerPrefix(type, viewer.practice),
          types: () => scope.connection.typesInUse(),
        });
  const total = isCountOnly ? await countTargets(run, targets) : await totalOf(run, request, targets, found);
  const { rows, ...links } = found;
  const matches = versionsOf(rows);
  const isContained = request.contained !== 'false' && request.containedType === 'contained';
  return {
    matches: isContained ? containedVersions(targets, matches) : matches,
    included: versionsOf(included),
    ...(total === undefined ? {} : { total }),
    ...links,
  };
}

/** The number of all matches, whatever page the request is about. */
export async function count(scope: Scope, viewer: Viewer, request: SearchRequest): Promise<number> {
  const run = runOf(scope, viewer);
  return countTargets(run, await targetsOf(run, request));
}
