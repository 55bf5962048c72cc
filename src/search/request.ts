import type { ResourceType } from '@medplum/fhirtypes';
import { defaultOptions } from './parse/results';
import type { Match, SearchRequest } from './types';

/** A search of one type that the server makes for itself, without a query: so many matches, uncounted, in any order. */
export function requestOf(type: ResourceType, match: Match, count: number): SearchRequest {
  const targets = [{ type, match }];
  return { ...defaultOptions(), type, targets, count, total: 'none', query: [], dropped: [] };
}
