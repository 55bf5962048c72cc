/** A document met in an index: its _id key, its bytes when the index is the documents themselves, its place in the order. */
export interface IndexRow {
  id: Buffer;
  bytes: Buffer | undefined;
  /** Set where streams are merged: the bytes that follow the fixed fields. */
  order: Buffer | undefined;
}

interface Head {
  row: IndexRow;
  rest: Iterator<IndexRow>;
}

/** Merges streams that are each in the order of their rows' `order` bytes, with a binary heap of their heads. */
export function* mergeSorted(
  streams: readonly Iterable<IndexRow>[],
  reverse: boolean,
): Generator<IndexRow, void, void> {
  const heap: Head[] = [];
  const before = (a: Head, b: Head): boolean => {
    const order = (a.row.order as Buffer).compare(b.row.order as Buffer);
    return reverse ? order > 0 : order < 0;
  };
  for (const stream of streams) {
    const rest = stream[Symbol.iterator]();
    const first = rest.next();
    if (first.done !== true) heap.push({ row: first.value, rest });
  }
  for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(heap, i, before);
  while (heap.length > 0) {
    const top = heap[0] as Head;
    yield top.row;
    const next = top.rest.next();
    if (next.done === true) {
      const last = heap.pop() as Head;
      if (heap.length > 0) heap[0] = last;
    } else top.row = next.value;
    sink(heap, 0, before);
  }
}

function sink(heap: Head[], from: number, before: (a: Head, b: Head) => boolean): void {
  for (let at = from; ;) {
    const left = 2 * at + 1;
    const right = left + 1;
    let least = at;
    for (const child of [left, right]) {
      if (child < heap.length && before(heap[child] as Head, heap[least] as Head)) least = child;
    }
    if (least === at) return;
    [heap[at], heap[least]] = [heap[least] as Head, heap[at] as Head];
    at = least;
  }
}
