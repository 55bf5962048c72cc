/**
 * Which events an export holds, as runs of sequence numbers. Signed with the manifest, so that taking an event out of
 * a filtered export is seen: the number is still in the selection.
 */

/** Runs `[first, last]`, ascending, with a gap between each two. */
export type Run = readonly [first: number, last: number];

/** Collects ascending sequence numbers into runs. */
export class SelectionBuilder {
  private readonly firsts: number[] = [];
  private readonly lasts: number[] = [];

  add(seq: number): void {
    const end = this.lasts.length - 1;
    if (end >= 0 && this.lasts[end] === seq - 1) {
      this.lasts[end] = seq;
    } else {
      this.firsts.push(seq);
      this.lasts.push(seq);
    }
  }

  runs(): Run[] {
    return this.firsts.map((first, i) => [first, this.lasts[i] ?? first]);
  }
}

/** Base64 of variable-length numbers: for every run the gap since the last one and its length less one. */
export function encodeRuns(runs: readonly Run[]): string {
  const bytes: number[] = [];
  let next = 0;
  for (const [first, last] of runs) {
    pushVarint(bytes, first - next);
    pushVarint(bytes, last - first);
    next = last + 1;
  }
  return Buffer.from(bytes).toString('base64');
}

export function decodeRuns(text: string): Run[] {
  const bytes = Buffer.from(text, 'base64');
  const runs: Run[] = [];
  let at = 0;
  let next = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte % 128) * scale;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const first = next + varint();
    const last = first + varint();
    runs.push([first, last]);
    next = last + 1;
  }
  return runs;
}

function pushVarint(bytes: number[], value: number): void {
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  bytes.push(left);
}

export function countOf(runs: readonly Run[]): number {
  return runs.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** Whether the number lies in one of the runs. */
export function inRuns(runs: readonly Run[], seq: number): boolean {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const run = runs[middle];
    if (run === undefined) return false;
    if (seq < run[0]) high = middle;
    else if (seq > run[1]) low = middle + 1;
    else return true;
  }
  return false;
}
