/**
 * The Merkle tree over the events. RFC 9162 section 2.1 (the tree of RFC 6962): leaves are hashed behind a zero byte,
 * nodes behind a one byte, so that no node can pass as a leaf. Hashes are Buffers of 32 bytes; positions count from 0
 * and may pass 2^31, so they are divided, never shifted.
 */
import { hash } from 'node:crypto';

export const HASH_BYTES = 32;

/** The root of a tree without leaves: the hash of nothing. */
export const EMPTY_ROOT = sha256(Buffer.alloc(0));

/** Where the hash chain begins. */
export const CHAIN_START = Buffer.alloc(HASH_BYTES);

function sha256(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/** Hash of one event's canonical JSON. */
export function leafHash(canonical: string): Buffer {
  const bytes = Buffer.allocUnsafe(1 + Buffer.byteLength(canonical));
  bytes[0] = 0;
  bytes.write(canonical, 1);
  return sha256(bytes);
}

function pairHash(prefix: number, left: Buffer, right: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(1 + 2 * HASH_BYTES);
  bytes[0] = prefix;
  left.copy(bytes, 1);
  right.copy(bytes, 1 + HASH_BYTES);
  return sha256(bytes);
}

export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return pairHash(1, left, right);
}

/** The next link of the hash chain: over the link before and the leaf. */
export function chainHash(previous: Buffer, leaf: Buffer): Buffer {
  return pairHash(2, previous, leaf);
}

/** A perfect subtree at the right edge of a growing tree. */
export interface Peak {
  level: number;
  hash: Buffer;
}

/**
 * Appends a leaf to the perfect subtrees of a tree, left to right, in place.
 * @param made is told of every perfect subtree that comes to be, smallest first.
 */
export function appendLeaf(peaks: Peak[], leaf: Buffer, made?: (peak: Peak) => void): void {
  let peak: Peak = { level: 0, hash: leaf };
  for (let last = peaks.at(-1); last !== undefined && last.level === peak.level; last = peaks.at(-1)) {
    peaks.pop();
    peak = { level: peak.level + 1, hash: nodeHash(last.hash, peak.hash) };
    made?.(peak);
  }
  peaks.push(peak);
}

/** Root of the tree that these perfect subtrees make. */
export function rootOf(peaks: readonly Peak[]): Buffer {
  const last = peaks.at(-1);
  if (last === undefined) return EMPTY_ROOT;
  return peaks.slice(0, -1).reduceRight((right, peak) => nodeHash(peak.hash, right), last.hash);
}

/** Checks inclusion proofs against one root. RFC 9162 section 2.1.3.2 */
export interface ProofChecker {
  /** Whether the leaf at this position leads to the root along its path. */
  holds(leaf: Buffer, position: number, path: Buffer): boolean;
}

/**
 * Neighbours share the upper part of their paths: once the way of one has been proven, the way of the next is followed
 * only to where they meet, provided that the rest of its path is the same to the last byte.
 */
export function createProofChecker(size: number, root: Buffer): ProofChecker {
  /** By level: the last node there that was proven, and the rest of the path from it on. */
  const proven: Way[] = [];
  return {
    holds: (leaf, position, path) => {
      if (position >= size || path.length % HASH_BYTES !== 0) return false;
      const way: [level: number, Way][] = [];
      let [node, last, level, hashed] = [position, size - 1, 0, leaf];
      const up = (): void => {
        [node, last, level] = [half(node), half(last), level + 1];
      };
      const prove = (): true => {
        for (const [at, step] of way) proven[at] = step;
        return true;
      };
      for (let at = 0; at < path.length; at += HASH_BYTES) {
        const rest = path.subarray(at);
        const known = proven[level];
        if (known?.node === node && known.hash.equals(hashed) && known.rest.equals(rest)) return prove();
        way.push([level, { node, hash: hashed, rest }]);
        if (last === 0) return false;
        const sibling = path.subarray(at, at + HASH_BYTES);
        const fromLeft = node % 2 === 1 || node === last;
        hashed = fromLeft ? nodeHash(sibling, hashed) : nodeHash(hashed, sibling);
        while (fromLeft && node % 2 === 0 && node !== 0) up();
        up();
      }
      return last === 0 && hashed.equals(root) && prove();
    },
  };
}

interface Way {
  node: number;
  hash: Buffer;
  rest: Buffer;
}

function half(n: number): number {
  return Math.floor(n / 2);
}
