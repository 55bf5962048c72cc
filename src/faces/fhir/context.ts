import type { ResourceType } from '@medplum/fhirtypes';
import type { AuditTrail } from '../../audit/draft';
import type { Principal } from '../../identity/principal';
import type { SearchParameters } from '../../search-parameters';
import type { Store } from '../../store';
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

export const DEFAULT_LIMITS: FhirLimits = { entries: 25_000, bodyBytes: 64 * 1024 * 1024, deleteMultiple: false };

/** What the interactions need of the house. */
export interface FhirContext {
  store: Store;
  trail: AuditTrail;
  /** `PUBLIC_URL` + `/fhir/R4`, without a slash at the end. */
  baseUrl: string;
  limits: FhirLimits;
  /** Validation refuses (strict) or only warns. */
  validation: 'strict' | 'warn';
  /** State of the reindex behind a posted SearchParameter. */
  searchParameters: Pick<SearchParameters, 'status'>;
  /** Where a method and path lead; entries of bundles are routed by it too. */
  resolve(method: string, segments: readonly string[]): Resolved;
  /** Whether scopes allow an interaction on a type. */
  allows(principal: Principal, type: ResourceType, permission: Permission): boolean;
}
