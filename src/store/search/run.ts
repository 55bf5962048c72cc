/** What a running search carries with it, and the rows it finds. */
import type { ResourceType } from '@medplum/fhirtypes';
import {
  type Match,
  type OrderField,
  type Position,
  type SearchRequest,
  allOf,
  anyOf,
  NOTHING,
} from '../../search';
import type { RecordDocument } from '../documents';
import type { Scope } from '../scope';
import type { Viewer } from '../types';

/** One type that a search looks at, with what is searched in it. */
export type Target = SearchRequest['targets'][number];

export interface Run {
  scope: Scope;
  viewer: Viewer;
  /** When the search is given up, in milliseconds since the epoch. */
  until: number;
  /** Searches within the search: chains, includes. Under the same viewer's limits. */
  find: (question: Question) => Promise<Found>;
}

export interface Found {
  rows: Row[];
  /** There are more than were asked for. */
  more: boolean;
  /** What stands before the keys of the viewer's entries. */
  prefix: string;
}

export interface Row {
  type: ResourceType;
  document: RecordDocument;
}

/** What is asked of one type. */
export interface Question {
  type: ResourceType;
  match: Match;
  order: readonly OrderField[];
  /** Rows wanted; one more is looked for, to know whether there are more. */
  limit: number;
  /** Rows left out before them. */
  skip?: number;
  from?: Position;
  /** Rows at the position itself count as behind it. */
  inclusive?: boolean;
  /**
   * What is read of the documents: whole without their entries by default, whole with them, only the entries, or
   * only the id.
   */
  read?: 'whole' | 'entries' | 'id';
}

/** What the viewer's scopes leave of a type, as part of the match: holds in chains and includes as in the search. */
export function within(viewer: Viewer, type: ResourceType, match: Match): Match {
  const rows = viewer.rows?.(type) ?? true;
  if (rows === true) return match;
  if (rows === false) return NOTHING;
  const allowed = rows.flatMap(({ targets }) => targets.filter((target) => target.type === type));
  return allOf([anyOf(allowed.map((target) => target.match)), match]);
}
