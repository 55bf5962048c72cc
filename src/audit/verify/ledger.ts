/** Holds what stands in the file against the signed selection, and says of each difference what it is. */
import { countOf, inRuns, type Run } from './selection';

export interface Finding {
  how: 'altered' | 'missing' | 'added' | 'out of order';
  id?: string;
  sequence?: number;
  /** Place in the file, from 1; for a missing event where it should stand. */
  position: number;
  /** Of an event out of order: the one whose place it has taken. */
  instead?: string;
}

/** An event of the file, checked on its own. */
export interface Checked {
  position: number;
  id: string | undefined;
  sequence: number | undefined;
  /** Id that its proof names as the next of the export. */
  next: string | undefined;
  /** Whether its proof leads to the signed root. */
  holds: boolean;
}

interface Suspect {
  position: number;
  id: string | undefined;
  /** The number that it claims or that its place suggests. */
  sequence: number | undefined;
}

export interface Ledger {
  readonly runs: readonly Run[];
  /** Numbers of the events that hold and are selected, each once, and their places, in the order of the file. */
  readonly sequences: number[];
  readonly positions: number[];
  readonly seen: Set<number>;
  /** Events of the log that stand here a second time, or that the filter had left out. */
  readonly surplus: Finding[];
  readonly suspects: Suspect[];
  /** Ids of numbers whose event did not come next, from the proofs of their predecessors. */
  readonly hints: Map<number, string>;
  /** The number that should come next and the id it was announced under. */
  expected: { sequence: number | undefined; id: string | undefined };
  /** Places of the first pair that is out of order. */
  misplaced(): ReadonlySet<number>;
}

/** How many findings are told in full. */
const TOLD = 100;

export function createLedger(runs: readonly Run[], firstId: string | undefined): Ledger {
  const ledger: Ledger = {
    runs,
    sequences: [],
    positions: [],
    seen: new Set(),
    surplus: [],
    suspects: [],
    hints: new Map(),
    expected: { sequence: runs[0]?.[0], id: firstId },
    misplaced: () => new Set(disorder(ledger)?.places),
  };
  return ledger;
}

/** The number that follows in the selection. */
function successor(runs: readonly Run[], sequence: number): number | undefined {
  if (inRuns(runs, sequence + 1)) return sequence + 1;
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((runs[middle]?.[0] ?? Infinity) > sequence) high = middle;
    else low = middle + 1;
  }
  return runs[low]?.[0];
}

/** Takes the next event of the file. */
export function compare(ledger: Ledger, checked: Checked): void {
  const { expected, runs } = ledger;
  const { position, id, sequence, next } = checked;
  const holds = checked.holds && announcesRightly(runs, sequence, next);
  const inPlace = holds && sequence === expected.sequence;
  if (expected.sequence !== undefined && expected.id !== undefined && !(inPlace && id === expected.id)) {
    ledger.hints.set(expected.sequence, expected.id);
  }
  if (holds && sequence !== undefined) {
    if (ledger.seen.has(sequence) || !inRuns(runs, sequence)) {
      ledger.surplus.push({ how: 'added', position, sequence, ...(id === undefined ? {} : { id }) });
      return;
    }
    ledger.seen.add(sequence);
    // A wrong announcement: the predecessor's proof has been tampered with.
    if (inPlace && expected.id !== undefined && expected.id !== id) tampered(ledger);
    ledger.sequences.push(sequence);
    ledger.positions.push(position);
    ledger.expected = { sequence: successor(runs, sequence), id: next };
    return;
  }
  const claimed = sequence !== undefined && inRuns(runs, sequence) ? sequence : expected.sequence;
  ledger.suspects.push({ position, id, sequence: claimed });
  if (claimed !== undefined) ledger.expected = { sequence: successor(runs, claimed), id: next };
}

/** The last event announces none, every other one does. */
function announcesRightly(
  runs: readonly Run[],
  sequence: number | undefined,
  next: string | undefined,
): boolean {
  if (sequence === undefined || !inRuns(runs, sequence)) return true;
  return (successor(runs, sequence) === undefined) === (next === undefined);
}

function tampered(ledger: Ledger): void {
  const { sequence } = ledger.expected;
  if (sequence !== undefined) ledger.hints.delete(sequence);
  const before = ledger.sequences.at(-1);
  if (before === undefined) return;
  ledger.suspects.push({ position: ledger.positions.at(-1) ?? 0, id: undefined, sequence: before });
  ledger.sequences.pop();
  ledger.positions.pop();
  ledger.seen.delete(before);
}

/**
 * Everything that is wrong, in the order of the file.
 * @param ids ids at the places that `misplaced` asked for.
 */
export function judge(
  ledger: Ledger,
  ids: ReadonlyMap<number, string>,
): { findings: Finding[]; wrong: number } {
  const { surplus, suspects, expected } = ledger;
  // The file ended although another event was announced.
  if (expected.sequence !== undefined && expected.id !== undefined)
    ledger.hints.set(expected.sequence, expected.id);
  const present = new Set(ledger.seen);
  const findings: Finding[] = [];
  let wrong = 0;
  const tell = (finding: Finding): void => {
    wrong += 1;
    if (findings.length < TOLD) findings.push(finding);
  };
  surplus.forEach(tell);
  for (const { position, id, sequence } of suspects) {
    const altered = sequence !== undefined && !present.has(sequence);
    if (altered) present.add(sequence);
    const named = altered ? (ledger.hints.get(sequence) ?? id) : id;
    tell({
      how: altered ? 'altered' : 'added',
      position,
      ...(named === undefined ? {} : { id: named }),
      ...(altered ? { sequence } : {}),
    });
  }
  eachMissing(ledger, present, (sequence, position) => {
    const id = ledger.hints.get(sequence);
    tell({ how: 'missing', sequence, position, ...(id === undefined ? {} : { id }) });
  });
  const pair = disorder(ledger);
  if (pair !== undefined) tell(outOfOrder(pair, ids));
  return { findings: findings.sort((a, b) => a.position - b.position), wrong };
}

function outOfOrder({ places, sequence }: Disorder, ids: ReadonlyMap<number, string>): Finding {
  const [place, home] = places;
  const id = ids.get(place);
  const instead = ids.get(home);
  return {
    how: 'out of order',
    sequence,
    position: place,
    ...(id === undefined ? {} : { id }),
    ...(instead === undefined ? {} : { instead }),
  };
}

function eachMissing(
  ledger: Ledger,
  present: ReadonlySet<number>,
  found: (sequence: number, position: number) => void,
): void {
  let position = 1;
  let missing = countOf(ledger.runs) - present.size;
  for (const [first, last] of ledger.runs) {
    for (let sequence = first; sequence <= last && missing > 0; sequence += 1) {
      if (present.has(sequence)) {
        position += 1;
      } else {
        missing -= 1;
        found(sequence, position);
      }
    }
  }
}

interface Disorder {
  /** Place of the event, and the place where the one stands that should be there. */
  places: [number, number];
  sequence: number;
}

/** The first event that stands where another one should. */
function disorder({ sequences, positions }: Ledger): Disorder | undefined {
  if (sequences.every((sequence, i) => i === 0 || (sequences[i - 1] ?? 0) <= sequence)) return undefined;
  const sorted = [...sequences].sort((a, b) => a - b);
  const at = sequences.findIndex((sequence, i) => sequence !== sorted[i]);
  const home = sequences.indexOf(sorted[at] ?? -1);
  return { places: [positions[at] ?? 0, positions[home] ?? 0], sequence: sequences[at] ?? 0 };
}
