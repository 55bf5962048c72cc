import type { SearchRequest } from '../search';
import type { SearchPage, StoreAccess, Viewer } from './types';

/** Every page of a search, one after the other: each begins where the one before ended, whatever is written meanwhile. */
export async function* pagesOf(
  access: Pick<StoreAccess, 'search'>,
  viewer: Viewer,
  request: SearchRequest,
): AsyncGenerator<SearchPage> {
  let cursor: string | undefined;
  do {
    const page = await access.search(viewer, { ...request, cursor });
    yield page;
    cursor = page.next;
  } while (cursor !== undefined);
}
