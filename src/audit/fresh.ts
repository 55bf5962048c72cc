/** Reading AuditEvents through the record: only once everything recorded so far is there. */
import type { ResourceType } from '@medplum/fhirtypes';
import type { Store } from '../store';
import type { Audit } from './audit';

/** The store, with reads and searches of AuditEvents that wait until what was recorded before them is in the log. */
export function withFreshEvents(store: Store, audit: Pick<Audit, 'flush'>): Store {
  const fresh = async (concerned: boolean): Promise<void> => {
    if (concerned) await audit.flush();
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
