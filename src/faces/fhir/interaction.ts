import type { ResourceType } from '@medplum/fhirtypes';
import type { AuditDraft } from '../../audit';
import type { FhirContext, Permission } from './context';
import type { FhirRequest, FhirResponse } from './request';

/** A handler: plain data in, plain data out; fails by throwing a ProblemError. */
export type Handler = (context: FhirContext, request: FhirRequest) => Promise<FhirResponse>;

/** One line of the route table; routing, access, audit and the CapabilityStatement are all made from it. */
export interface Interaction {
  method: FhirRequest['method'];
  /** Segments below the base: `:type`, `:id`, `:version`, `:member` (type of a compartment or `*`), or literal text. */
  path: string;
  /** Code of the CapabilityStatement (system-restful-interaction or type-restful-interaction), where there is one. */
  code?: string;
  audit: { interaction: AuditDraft['interaction']; action: AuditDraft['action'] };
  /** Scope needed on the type of the path, before anything else happens. */
  permission?: Permission;
  /** Query parameters besides _format and _pretty; undefined when the handler reads them itself. */
  parameters?: readonly string[];
  handle: Handler;
}

/** An operation, invoked as `$name`. https://hl7.org/fhir/R4/operations.html */
export interface Operation {
  name: string;
  /** Canonical URL of its OperationDefinition. */
  definition: string;
  system: boolean;
  /** Types it can be invoked on, at type and instance level; `all` for every type. */
  types: readonly ResourceType[] | 'all';
  type: boolean;
  instance: boolean;
  /** Reads only, so that GET is allowed. */
  safe: boolean;
  permission: Permission;
  handle: Handler;
}

/** Where a method and path lead. */
export interface Resolved {
  interaction: Pick<Interaction, 'audit' | 'handle'> &
    Partial<Pick<Interaction, 'permission' | 'code' | 'parameters'>>;
  type?: ResourceType;
  id?: string;
  version?: number;
}
