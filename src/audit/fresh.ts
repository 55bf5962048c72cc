/** Reading AuditEvents through the record: only once everything recorded so far is there. */
import type { ResourceType } from '@medplum/fhirtypes';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '../fhir';
import type { Store } from '../store';
import type { Audit } from './audit';

/** A busy minute leaves a hundred thousand events: whoever asks for them is not kept waiting without a word. */
const PATIENCE_MS = 20_000;

/**
 * The store, with reads and searches of AuditEvents that wait until what was recorded before them can be searched.
 * @param patienceMs how long; after that they are refused (503), and the work goes on.
 */
export function withFreshEvents(
  store: Store,
  audit: Pick<Audit, 'flush'>,
  patienceMs: number = PATIENCE_MS,
): Store {
  const fresh = async (concerned: boolean): Promise<void> => {
    if (!concerned) return;
    // The flush looks at the time between its steps only, and begins with what the relay still has to hand over.
    const limit = new AbortController();
    const late = sleep(patienceMs, false, { signal: limit.signal }).catch(() => false);
    const isFresh = await Promise.race([audit.flush(patienceMs), late]).finally(() => limit.abort());
    if (isFresh) return;
    throw new ProblemError(
      'unavailable',
      'Much was recorded lately, and not all of it can be searched yet. Try again in a moment; an export has it already.',
      { headers: { 'Retry-After': '10' } },
    );
  };
  const isEvent = (type: ResourceType | '*' | undefined): boolean => type === 'AuditEvent';
  return {
    ...store,
    read: async (viewer, type, id) => {
      await fresh(isEvent(type));
      return store.read(viewer, type, id);
    },
    readVersion: async (viewer, type, id, version) => {
      await fresh(isEvent(type));
      return store.readVersion(viewer, type, id, version);
    },
    search: async (viewer, request) => {
      const { targets, includes } = request;
      await fresh(
        targets.some(({ type }) => isEvent(type)) || includes.some(({ source }) => isEvent(source)),
      );
      return store.search(viewer, request);
    },
    count: async (viewer, request) => {
      await fresh(request.targets.some(({ type }) => isEvent(type)));
      return store.count(viewer, request);
    },
    history: async (viewer, request) => {
      await fresh(isEvent(request.type));
      return store.history(viewer, request);
    },
  };
}
