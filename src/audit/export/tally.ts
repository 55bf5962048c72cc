/** Counts of an export, for its one-page summary. */
import { actionOf, interactionOf, outcomeOf, recordedOf } from './peek';

export interface Tally {
  events: number;
  actions: Record<string, number>;
  outcomes: Record<string, number>;
  interactions: Record<string, number>;
  /** When the earliest and the latest of the accesses happened. */
  earliest?: string;
  latest?: string;
}

/** A tally that takes events as canonical JSON. */
export function createTally(): Tally & { add(text: string): void } {
  const count = (counts: Record<string, number>, key: string): void => {
    counts[key] = (counts[key] ?? 0) + 1;
  };
  return {
    events: 0,
    actions: {},
    outcomes: {},
    interactions: {},
    add(text) {
      this.events += 1;
      count(this.actions, actionOf(text));
      count(this.outcomes, outcomeOf(text));
      count(this.interactions, interactionOf(text));
      const recorded = recordedOf(text);
      if (this.earliest === undefined || recorded < this.earliest) this.earliest = recorded;
      if (this.latest === undefined || recorded > this.latest) this.latest = recorded;
    },
  };
}
