/** Ready reports: tables drawn from the log. decisions.md, "Reports" */
import type { EventShape } from '../verify';

export type ReportName = 'brokering' | 'access' | 'refusals';

export interface Report {
  name: ReportName;
  title: string;
  /** What it answers, in a sentence. */
  about: string;
  origin: string;
  generated: string;
  filter: Record<string, string>;
  /** The log that it was drawn from. */
  log: { size: number; root: string };
  columns: readonly string[];
  rows: string[][];
  /** What cells of each row say in words, as data: in JSON alone. */
  details?: object[];
  /** Counts by heading: the break-down. */
  counts: { heading: string; values: [name: string, count: number][] }[];
}

/** Draws one report from events. */
export interface ReportDrawer {
  title: string;
  about: string;
  columns: readonly string[];
  take(event: EventShape): void;
  finish(): Promise<Pick<Report, 'rows' | 'details' | 'counts'>>;
}

/** Counts what it is told, and lists it, the most frequent first. */
export function createCounter(heading: string): {
  add(name: string): void;
  result(): Report['counts'][number];
} {
  const counts = new Map<string, number>();
  return {
    add: (name) => void counts.set(name, (counts.get(name) ?? 0) + 1),
    result: () => ({ heading, values: [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)) }),
  };
}

/** Who acted: name and what it signs in with. */
export function actorOf({ agent = [] }: EventShape): {
  name: string;
  id: string;
  practice: string;
  address: string;
} {
  const acting = agent.find(({ requestor }) => requestor === true);
  return {
    name: acting?.name ?? '',
    id: acting?.altId ?? '',
    practice: agent.find(({ type }) => type?.coding?.[0]?.code === 'PROV')?.name ?? '',
    address: agent.find(({ network }) => network !== undefined)?.network?.address ?? '',
  };
}

/** References touched, without versions, of one type or all. */
export function touchedBy({ entity = [] }: EventShape, type?: string): string[] {
  const references = entity.flatMap(({ what }) =>
    what?.reference === undefined ? [] : [what.reference.replace(/\/_history\/.*$/, '')],
  );
  return [...new Set(references)].filter(
    (reference) => type === undefined || reference.startsWith(`${type}/`),
  );
}

/** The facts of an event as `name: value`. */
export function factsOf({ entity = [] }: EventShape): string[] {
  return entity
    .flatMap(({ detail = [] }) => detail)
    .map(({ type = '', valueString = '' }) => `${type}: ${valueString}`);
}

/** The fact of that name, such as the e-mail address that a failed login tried. */
export function factOf({ entity = [] }: EventShape, name: string): string | undefined {
  return entity.flatMap(({ detail = [] }) => detail).find(({ type }) => type === name)?.valueString;
}

export function interactionsOf({ subtype = [] }: EventShape): string[] {
  return subtype.flatMap(({ code }) => code ?? []);
}
