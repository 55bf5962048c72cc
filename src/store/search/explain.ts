/** What the database's planner makes of a search: `_explain=true`. */
import type { ResourceType } from '@medplum/fhirtypes';
import type { mongo } from 'mongoose';
import { type Filter, type SearchRequest, orderOf, sortOf } from '../../search';
import type { RecordDocument } from '../documents';
import { inSession, type Scope } from '../scope';
import type { Viewer } from '../types';
import { prepare, runOf } from './rows';
import { targetsOf } from './targets';

/** The plan of one type's query. */
export interface Explanation {
  type: ResourceType;
  filter: Filter;
  sort: Record<string, 1 | -1>;
  /** False: what the filter finds is checked against the resources. */
  exact: boolean;
  /** MongoDB's stage names, from the result back to the index. */
  stages: string[];
  /** The planner's own answer. */
  plan: object;
}

interface Stage {
  stage?: string;
  inputStage?: Stage;
  inputStages?: Stage[];
  queryPlan?: Stage;
}

function stagesOf(stage: Stage | undefined): string[] {
  if (stage === undefined) return [];
  if (stage.queryPlan !== undefined) return stagesOf(stage.queryPlan);
  const inputs = [
    ...(stage.inputStage === undefined ? [] : [stage.inputStage]),
    ...(stage.inputStages ?? []),
  ];
  return [...(stage.stage === undefined ? [] : [stage.stage]), ...inputs.flatMap(stagesOf)];
}

/** Plans the first page of a search without running it; what it asks beforehand (chains) is asked. */
export async function explain(scope: Scope, viewer: Viewer, request: SearchRequest): Promise<Explanation[]> {
  const run = runOf(scope, viewer);
  const order = orderOf(request.sort);
  const explanations: Explanation[] = [];
  for (const { type, match } of await targetsOf(run, request)) {
    const { plan } = await prepare(run, { type, match, order, limit: request.count });
    const answer = (await scope.connection
      .records(type)
      .find(plan.filter as mongo.Filter<RecordDocument>, {
        ...inSession(scope),
        ...(plan.hint === undefined ? {} : { hint: plan.hint }),
      })
      .sort(sortOf(order))
      .limit(request.count + 1)
      .explain('queryPlanner')) as { queryPlanner?: { winningPlan?: Stage } };
    const winner = answer.queryPlanner?.winningPlan;
    explanations.push({
      type,
      filter: plan.filter,
      sort: sortOf(order),
      exact: plan.exact,
      stages: stagesOf(winner),
      plan: winner ?? {},
    });
  }
  return explanations;
}
