/** What a change makes of a document, decided without the database. */
import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { ProblemError } from '../fhir';
import { mayRead, mayWrite } from './access';
import { sameContent } from './content';
import { type RecordDocument, versionOf } from './documents';
import { requireId } from './ids';
import type { Change, Committed, Interaction, Viewer } from './types';

/** One change, decided: what will be written (nothing when the outcome is `none`). */
export interface Planned {
  type: ResourceType;
  id: string;
  outcome: Committed['outcome'];
  previous: RecordDocument | undefined;
  /** The next version's content with its meta; undefined when nothing is written. */
  next: NextVersion | undefined;
}

export interface NextVersion {
  version: number;
  lastUpdated: Date;
  deleted: boolean;
  interaction: Interaction;
  resource: Resource;
  /** Practices that the caller shares it with. */
  share: readonly string[];
}

export interface PlanContext {
  viewer: Viewer;
  /** Documents, as `type/id`, that SMART row limits hide from the viewer. */
  hidden: ReadonlySet<string>;
  now: Date;
  newId: () => string;
}

export function typeOf(change: Change): ResourceType {
  return change.kind === 'delete' ? change.type : change.resource.resourceType;
}

/** The id that a change names; undefined when the server assigns one. */
export function idOf(change: Change): string | undefined {
  return change.kind === 'put' ? change.resource.id : change.id;
}

/** @throws ProblemError 404 hidden, 403 not the practice's to change, 412 another version, 400 an impossible id. */
export function planChange(
  change: Change,
  previous: RecordDocument | undefined,
  context: PlanContext,
): Planned {
  switch (change.kind) {
    case 'create':
      return planCreate(change, context);
    case 'put':
      return planPut(change, previous, context);
    case 'delete':
      return planDelete(change, previous, context);
  }
}

function isVisible(type: ResourceType, previous: RecordDocument, context: PlanContext): boolean {
  return mayRead(context.viewer, previous.access) && !context.hidden.has(`${type}/${previous._id}`);
}

function planCreate(change: Change & { kind: 'create' }, context: PlanContext): Planned {
  const id = change.id ?? context.newId();
  requireId(id);
  return first(change.resource, id, change.share ?? [], context);
}

function first(resource: Resource, id: string, share: readonly string[], context: PlanContext): Planned {
  const next = nextVersion(resource, id, undefined, 'create', share, context.now);
  return { type: resource.resourceType, id, outcome: 'created', previous: undefined, next };
}

function planPut(
  change: Change & { kind: 'put' },
  previous: RecordDocument | undefined,
  context: PlanContext,
): Planned {
  const { resource, ifVersion, share = [] } = change;
  const { resourceType: type, id } = resource;
  requireId(id);
  if (previous === undefined) {
    if (ifVersion !== undefined && ifVersion > 0) throw stale();
    return first(resource, id, share, context);
  }
  if (!isVisible(type, previous, context)) throw hidden();
  if (ifVersion === 0 && !previous.deleted)
    throw new ProblemError('precondition-failed', 'The resource exists already.');
  if (ifVersion !== undefined && ifVersion > 0 && ifVersion !== previous.version) throw stale();
  if (!mayWrite(context.viewer, previous.access)) throw notYours();
  if (!previous.deleted && sameContent(previous, resource)) {
    return { type, id, outcome: 'none', previous, next: undefined };
  }
  const interaction = previous.deleted ? 'create' : 'update';
  const next = nextVersion(resource, id, previous, interaction, share, context.now);
  return { type, id, outcome: previous.deleted ? 'created' : 'updated', previous, next };
}

function planDelete(
  change: Change & { kind: 'delete' },
  previous: RecordDocument | undefined,
  context: PlanContext,
): Planned {
  const { type, id, ifVersion } = change;
  const seen = previous !== undefined && isVisible(type, previous, context) ? previous : undefined;
  if (ifVersion !== undefined && ifVersion !== (seen?.version ?? 0)) throw stale();
  if (seen === undefined || seen.deleted)
    return { type, id, outcome: 'none', previous: seen, next: undefined };
  if (!mayWrite(context.viewer, seen.access)) throw notYours();
  const rest = { resourceType: type, id } as Resource;
  const next = nextVersion(rest, id, seen, 'delete', [], context.now);
  return { type, id, outcome: 'deleted', previous: seen, next };
}

function nextVersion(
  content: Resource,
  id: string,
  previous: RecordDocument | undefined,
  interaction: Interaction,
  share: readonly string[],
  now: Date,
): NextVersion {
  const version = (previous?.version ?? 0) + 1;
  // Versions of one resource never share a time, whatever the clocks of several processes say: history sorts by it.
  const lastUpdated = new Date(Math.max(now.getTime(), (previous?.lastUpdated.getTime() ?? 0) + 1));
  const meta = { ...content.meta, versionId: String(version), lastUpdated: lastUpdated.toISOString() };
  const server = { id, meta };
  // Type, id and meta come first, as everywhere in FHIR JSON; the literals of decimals come along.
  const resource = Object.assign(
    { resourceType: content.resourceType, ...server },
    content,
    server,
  ) as Resource;
  return { version, lastUpdated, deleted: interaction === 'delete', interaction, resource, share };
}

/** The answer to the caller, from what is now stored. */
export function committedOf(planned: Planned, document: RecordDocument | undefined): Committed {
  const { type, id, outcome, previous } = planned;
  if (document === undefined) {
    const resource = { resourceType: type, id } as Resource;
    return { type, id, version: 0, lastUpdated: new Date(0), deleted: true, resource, access: [], outcome };
  }
  const version = versionOf(type, id, document);
  return { ...version, outcome, ...(previous === undefined ? {} : { previousVersion: previous.version }) };
}

function stale(): ProblemError {
  return new ProblemError('precondition-failed', 'The resource has another version now.');
}

function hidden(): ProblemError {
  return new ProblemError('not-found', 'The resource is not known.');
}

function notYours(): ProblemError {
  return new ProblemError('forbidden', 'The resource belongs to another practice.');
}
