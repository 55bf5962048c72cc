import type { CollectionDefinition } from '../catalog/definitions';
import type { Filter } from '../semantics';
import { encodeKey } from '../semantics';
import { documentKey } from '../storage/keys';
import type { Query } from './search';

export type Access =
  | { readonly kind: 'none' }
  | { readonly kind: 'id'; readonly key: Buffer }
  | { readonly kind: 'collection'; readonly reverse: boolean };

export interface Plan {
  readonly access: Access;
  readonly sortsInMemory: boolean;
}

export function planQuery(collection: CollectionDefinition | undefined, filter: Filter, query: Query): Plan {
  const sort = query.sort ?? {};
  const sortPaths = Object.keys(sort);
  const sortsInMemory = sortPaths.length > 0 && sortPaths[0] !== '_id';
  if (!collection) return { access: { kind: 'none' }, sortsInMemory: false };
  const parts = filter.op === 'and' ? filter.filters : [filter];
  for (const part of parts) {
    if (part.op === 'eq' && part.path === '_id' && !Array.isArray(part.value)) {
      return {
        access: { kind: 'id', key: documentKey(collection.number, encodeKey(part.value)) },
        sortsInMemory: false,
      };
    }
  }
  return {
    access: { kind: 'collection', reverse: sortPaths[0] === '_id' && Number(sort['_id']) === -1 },
    sortsInMemory,
  };
}
