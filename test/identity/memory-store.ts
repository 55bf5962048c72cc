import type { Organization } from '@medplum/fhirtypes';
import { ProblemError } from '../../src/fhir';
import type { Change, Committed, SearchPage, Store, StoredVersion } from '../../src/store';

/** As much of the store as identity uses: Organizations by id and by the beginning of their name. */
export function memoryStore(): Store {
  const organizations = new Map<string, StoredVersion<Organization>>();
  const put = (change: Change): Committed => {
    if (change.kind !== 'put' || change.resource.resourceType !== 'Organization')
      throw new Error('Not expected.');
    const { resource } = change;
    if (organizations.has(resource.id)) throw new ProblemError('precondition-failed', 'There is one.');
    const version: StoredVersion<Organization> = {
      type: 'Organization',
      id: resource.id,
      version: 1,
      lastUpdated: new Date(),
      deleted: false,
      resource,
      access: ['*'],
    };
    organizations.set(resource.id, version);
    return { ...version, outcome: 'created' };
  };
  const store: Partial<Store> = {
    read: (_viewer, _type, id) => Promise.resolve(organizations.get(id) as never),
    commit: (changes) => Promise.resolve(changes.map(put)),
    search: () => Promise.resolve<SearchPage>({ matches: [...organizations.values()], included: [] }),
  };
  return store as Store;
}
