import type { Actor as ProvenanceActor } from '../provenance';
import type { Viewer, WriteContext } from '../store';

/** The user who does something, and how what is written for it is signed and audited. */
export interface Actor extends ProvenanceActor {
  viewer: Viewer;
  /** Context of the commit that carries the request's audit entry. */
  context(patients: readonly string[]): WriteContext;
  /** Context of the other commits of the same request. */
  step(): WriteContext;
}

/** What an answer shows, and which resources it shows it from. */
export interface Shown<T = Record<string, unknown>> {
  view: T;
  resources: string[];
  patients: string[];
}
