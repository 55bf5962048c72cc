/** A block is split when it outgrows this: inserting moves at most so many references. */
const BLOCK = 512;

/** Keys (latin1 strings, whose order is the order of their bytes) kept sorted under many insertions. */
export class SortedKeys {
  private blocks: string[][] = [];

  add(key: string): void {
    const at = this.blockOf(key);
    const block = this.blocks[at];
    if (!block) {
      this.blocks.push([key]);
      return;
    }
    const index = lowerBound(block, key);
    if (block[index] === key) return;
    block.splice(index, 0, key);
    if (block.length > BLOCK) this.blocks.splice(at + 1, 0, block.splice(BLOCK >> 1));
  }

  /** Keys from `low` (inclusive) to `high` (exclusive). */
  *between(low: string, high: string, reverse: boolean): Generator<string, void, void> {
    const step = reverse ? -1 : 1;
    for (let at = this.blockOf(reverse ? high : low); at >= 0 && at < this.blocks.length; at += step) {
      const block = this.blocks[at] ?? [];
      const from = lowerBound(block, low);
      const to = lowerBound(block, high);
      for (let i = reverse ? to - 1 : from; reverse ? i >= from : i < to; i += step) yield block[i] as string;
      if (reverse ? from > 0 : to < block.length) return;
    }
  }

  /** The last block whose first key is not greater than `key`. */
  private blockOf(key: string): number {
    let low = 0;
    let high = this.blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.blocks[middle]?.[0] ?? '') <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

function lowerBound(block: readonly string[], key: string): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((block[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
