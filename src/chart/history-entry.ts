import type { Reference } from '@medplum/fhirtypes';
import { toSecond } from '../mapping';

export type HistoryType = 'visit' | 'prescription' | 'lab' | 'imaging';

/** One entry before names are looked up. Dermifi, "Get patient medical history". */
export interface HistoryDraft {
  id: string;
  /** As in the resource; undefined when it does not say. */
  date: string | undefined;
  type: HistoryType;
  /** Where it comes from: `Encounter/1`. */
  source: string;
  providers: readonly (Reference | undefined)[];
  /** The fields of its type, in their order. */
  rest: Record<string, unknown>;
}

/** A time as the API shows it; null when there is none. */
export function shownTime(date: string | undefined): string | null {
  const time = Date.parse(date ?? '');
  return Number.isFinite(time) ? toSecond(time) : null;
}
