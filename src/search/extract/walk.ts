/** Walking a resource along the branches of all its fields at once. */
import type { Step } from '../parameters/expression';
import type { Collector } from './collector';
import type { Emit } from './emit';

type Json = Record<string, unknown>;

interface Edge {
  step: Step;
  node: TrieNode;
}

/** What to do at a place of the resource, and the keys to go on by. */
export interface TrieNode {
  edges: Edge[];
  emits: Emit[];
}

export const emptyNode = (): TrieNode => ({ edges: [], emits: [] });

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

function sameStep(a: Step, b: Step): boolean {
  return (
    a.key === b.key &&
    a.first === b.first &&
    a.where?.path === b.where?.path &&
    a.where?.equals === b.where?.equals
  );
}

/** Adds a way to the trie; ways with the same beginning share it. */
export function addWay(root: TrieNode, steps: readonly Step[], emit: Emit): void {
  let node = root;
  for (const step of steps) {
    let edge = node.edges.find((candidate) => sameStep(candidate.step, step));
    if (edge === undefined) {
      edge = { step, node: emptyNode() };
      node.edges.push(edge);
    }
    node = edge.node;
  }
  node.emits.push(emit);
}

function holds(value: unknown, where: NonNullable<Step['where']>): boolean {
  let found: unknown = value;
  for (const key of where.path.split('.')) found = isObject(found) ? found[key] : undefined;
  return found === where.equals;
}

function visit(edge: Edge, value: unknown, out: Collector): void {
  if (value === null || value === undefined) return;
  if (edge.step.where !== undefined && !holds(value, edge.step.where)) return;
  walk(edge.node, value, out);
}

/** Calls every emitter of the trie with the values at its place. */
export function walk(node: TrieNode, value: unknown, out: Collector): void {
  for (const emit of node.emits) emit(value, out);
  if (!isObject(value)) return;
  for (const edge of node.edges) {
    const next = value[edge.step.key];
    if (next === undefined) continue;
    if (Array.isArray(next)) {
      for (const item of edge.step.first === true ? next.slice(0, 1) : next) visit(edge, item, out);
    } else visit(edge, next, out);
  }
}

/** The values at the end of a path. */
export function valuesAt(from: unknown, steps: readonly Step[]): unknown[] {
  let values: unknown[] = [from];
  for (const step of steps) {
    const next: unknown[] = [];
    for (const value of values) {
      if (!isObject(value)) continue;
      const found = value[step.key];
      if (Array.isArray(found)) next.push(...(step.first === true ? found.slice(0, 1) : found));
      else if (found !== undefined) next.push(found);
    }
    const { where } = step;
    values = (where === undefined ? next : next.filter((value) => holds(value, where))).filter(
      (value) => value !== null,
    );
  }
  return values;
}
