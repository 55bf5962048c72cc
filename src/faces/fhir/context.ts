import type { ResourceType } from '@medplum/fhirtypes';
import type { AuditTrail } from '../../audit';
import type { Principal, Rows } from '../../identity';
import type { SubscriptionService } from '../../notify';
import type { SearchParameters } from '../../search-parameters';
import type { Directory } from '../../directory';
import type { SearchRequest } from '../../search';
import type { Explanation, Store, Viewer } from '../../store';
import type { Resolved } from './interaction';

/** CRUDS letters of SMART v2 scopes. https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html */
export type Permission = 'c' | 'r' | 'u' | 'd' | 's';

export interface FhirLimits {
  /** Entries of one batch or transaction. */
  entries: number;
  /** Bytes of one request body. */
  bodyBytes: number;
  /** Whether a conditional delete may take several. */
  deleteMultiple: boolean;
}

export const DEFAULT_LIMITS: FhirLimits = {
  entries: 25_000,
  bodyBytes: 64 * 1024 * 1024,
  deleteMultiple: false,
};

/** What the interactions need of the house. */
export interface FhirContext {
  store: Store;
  trail: AuditTrail;
  /** `PUBLIC_URL` + `/fhir/R4`, without a slash at the end. */
  baseUrl: string;
  /** Whether pages of other origins may call. */
  crossOrigin: boolean;
  limits: FhirLimits;
  /** Validation refuses (strict) or only warns. */
  validation: 'strict' | 'warn';
  /** Providers in memory, for the clinical match. */
  directory: Directory;
  /** What the database's planner makes of a search. */
  explain(viewer: Viewer, request: SearchRequest): Promise<Explanation[]>;
  /** State of the reindex behind a posted SearchParameter. */
  searchParameters: Pick<SearchParameters, 'status'>;
  /** Status, events and sockets of Subscriptions. */
  subscriptions: SubscriptionService;
  /** Where a method and path lead; entries of bundles are routed by it too. */
  resolve(method: string, segments: readonly string[]): Resolved;
  /** What scopes leave of a type for an interaction: all rows, none, or those that match one of the searches. */
  rowsFor(principal: Principal, type: ResourceType, permission: Permission): Rows;
}
