import type { Bundle, OperationOutcomeIssue, Resource, ResourceType } from '@medplum/fhirtypes';
import type { Occasion } from '../../http';
import type { StoreAccess } from '../../store';

/** What the caller prefers. https://hl7.org/fhir/R4/http.html#ops and #return */
export interface Preferences {
  return: 'minimal' | 'representation' | 'OperationOutcome';
  /** Unknown search parameters: refused (default) or dropped. */
  lenient: boolean;
}

/**
 * One interaction as asked for, over HTTP or as an entry of a batch or transaction: what it needs and nothing of
 * Express, so that both ways run the same code.
 */
export interface FhirRequest {
  x: Occasion;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path below the base, decoded, without query: `['Patient', '1', '_history']`. */
  segments: readonly string[];
  type?: ResourceType;
  id?: string;
  version?: number;
  /** Query and form parameters in order, without those that shape the answer (_format, _pretty). */
  query: readonly [string, string][];
  headers: {
    accept?: string;
    contentType?: string;
    ifMatch?: string;
    ifNoneMatch?: string;
    ifModifiedSince?: string;
    ifNoneExist?: string;
    securityContext?: string;
  };
  prefer: Preferences;
  /** The body as it came: text for HTTP, bytes for Binary, an object for entries of a bundle. */
  body?: { text: string; bytes: Buffer } | { resource: Resource };
  /** Where it reads and writes: the store, or the transaction it is part of. */
  records: StoreAccess;
  /** `_format` as given. */
  format?: string;
  /** `_pretty=true`. */
  isPretty: boolean;
  /** True inside a batch or transaction. */
  nested: boolean;
}

/** What came of it. */
export interface FhirResponse {
  status: number;
  /** The resource to show (a Bundle for searches), subject to Prefer and _summary. */
  resource?: Resource | Bundle;
  /** `StoredVersion.plain`, of all that it shows. */
  plain?: boolean;
  /** Version of the resource, for ETag, Last-Modified and Location. */
  version?: { id: string; type: ResourceType; version: number; lastUpdated: Date };
  headers?: Record<string, string>;
  /** Raw content instead of FHIR (Binary). */
  content?: { type: string; bytes: Buffer };
  /** What a representation would leave unsaid: warnings of validation, dropped parameters. */
  issues?: OperationOutcomeIssue[];
  /** A write: Prefer: return decides what is shown. */
  written?: boolean;
}
