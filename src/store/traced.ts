import type { Attributes, Tracing } from '../telemetry';
import { typeOf } from './plan';
import type { Change, Store, StoreAccess } from './types';

/** The same store; its commits, searches and transactions are steps of the work that asks for them. */
export function traced(store: Store, tracing: Tracing): Store {
  return {
    ...store,
    ...tracedAccess(store, tracing),
    transaction: (work) =>
      tracing.step('store.transaction', {}, () =>
        store.transaction((tx) => work(Object.assign(tx, tracedAccess({ ...tx }, tracing)))),
      ),
  };
}

type Traced = Pick<StoreAccess, 'commit' | 'search' | 'count'>;

function tracedAccess({ commit, search, count }: Traced, tracing: Tracing): Traced {
  return {
    commit: (changes, context) =>
      tracing.step('store.commit', { ...typesOf(changes), 'crosswalk.changes': changes.length }, () =>
        commit(changes, context),
      ),
    search: (viewer, request) =>
      tracing.step('store.search', asked(request.targets), async (span) => {
        const page = await search(viewer, request);
        span?.set({ 'crosswalk.matches': page.matches.length, 'crosswalk.included': page.included.length });
        return page;
      }),
    count: (viewer, request) =>
      tracing.step('store.count', asked(request.targets), () => count(viewer, request)),
  };
}

function typesOf(changes: readonly Change[]): Attributes {
  return { 'fhir.resource_types': [...new Set(changes.map(typeOf))] };
}

/** A search of the whole system names no types: they would be all. */
function asked(targets: readonly { type: string }[]): Attributes {
  return targets.length > 5 ? {} : { 'fhir.resource_types': targets.map(({ type }) => type) };
}
