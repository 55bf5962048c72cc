/** Rules of the domains, applied to what is about to be written. */
import type { ResourceType } from '@medplum/fhirtypes';
import { keyOf, type Met } from './commit';
import { versionOf } from './documents';
import type { Planned } from './plan';
import type { Change, StoreTransaction, WriteContext, WriteRule } from './types';

export type RuleTable = ReadonlyMap<ResourceType, readonly WriteRule[]>;

export function rulesByType(rules: readonly WriteRule[]): RuleTable {
  const byType = new Map<ResourceType, WriteRule[]>();
  for (const rule of rules) byType.set(rule.type, [...(byType.get(rule.type) ?? []), rule]);
  return byType;
}

export interface RuleRun {
  rules: RuleTable;
  tx: StoreTransaction;
  /** The whole commit, ids given. */
  commit: readonly Change[];
  context: WriteContext;
}

/** One change of the commit, as rules have left it. */
interface Ruled {
  change: Change;
  planned: Planned;
}

/**
 * Asks the rules of each type that is written, in order. Content that they put over a change of the commit becomes
 * that change's own; later rules see it. What else they return is added.
 * @throws ProblemError of a rule that refuses, or of a change that it made impossible.
 */
export async function applyRules(
  run: RuleRun,
  changes: readonly Change[],
  met: Met,
): Promise<{ planned: readonly Planned[]; added: Change[] }> {
  const added: Change[] = [];
  if (run.rules.size === 0) return { planned: met.planned, added };
  const ruled = new Map<string, Ruled>();
  met.planned.forEach((planned, i) => {
    const change = changes[i];
    if (change !== undefined) ruled.set(keyOf(change), { change, planned });
  });
  const commit = new Map(run.commit.map((change) => [keyOf(change), change]));
  for (const own of ruled.values()) {
    for (const rule of run.rules.get(own.planned.type) ?? []) {
      for (const wanted of await ask(rule, own.planned, [...commit.values()], run)) {
        const target = wanted.kind === 'put' ? ruled.get(keyOf(wanted)) : undefined;
        if (target === undefined || wanted.kind !== 'put' || target.change.kind === 'delete') {
          added.push(sharedWithWriter(wanted, run.context));
        } else {
          target.change = { ...target.change, resource: wanted.resource };
          target.planned = met.replan(target.change);
          commit.set(keyOf(target.change), target.change);
        }
      }
    }
  }
  return { planned: [...ruled.values()].map(({ planned }) => planned), added };
}

/** An update that changes nothing is no write, and no rule's business. */
async function ask(
  rule: WriteRule,
  planned: Planned,
  commit: readonly Change[],
  run: RuleRun,
): Promise<Change[]> {
  const { type, id, previous, next } = planned;
  if (next === undefined) return [];
  return rule.apply({
    previous: previous === undefined ? undefined : versionOf(type, id, previous),
    next: next.deleted ? undefined : next.resource,
    commit,
    context: run.context,
    tx: run.tx,
  });
}

/** What a rule creates is seen by the practice whose write made it. */
function sharedWithWriter(change: Change, { viewer }: WriteContext): Change {
  if (viewer.practice === undefined || change.kind !== 'create') return change;
  return { ...change, share: [...(change.share ?? []), viewer.practice] };
}
