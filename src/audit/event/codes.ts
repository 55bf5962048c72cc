/**
 * Codes of the AuditEvents: BALP, DICOM and HL7 where there is one, our own where there is none. Members stand in the
 * order of canonical JSON, as everywhere in this folder: see `canonicalEvent`.
 */
import type { Coding } from '@medplum/fhirtypes';
import type { AuditDraft } from '../draft';

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const REST = 'http://hl7.org/fhir/restful-interaction';
const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';
const OURS = 'https://crosswalk.example/fhir/CodeSystem';
const BALP = 'https://profiles.ihe.net/ITI/BALP';

export const IDENTIFIER_SYSTEMS: Record<AuditDraft['agent']['kind'], string> = {
  key: 'https://crosswalk.example/fhir/identifier/api-key',
  client: 'https://crosswalk.example/fhir/identifier/client',
  user: 'https://crosswalk.example/fhir/identifier/user',
  system: 'https://crosswalk.example/fhir/identifier/system',
  anonymous: 'https://crosswalk.example/fhir/identifier/anonymous',
};

/** Profiles by what they are about; with one patient concerned, the Patient variant. */
export function profileUrl(name: string, patients = 0): string {
  return `${BALP}/StructureDefinition/IHE.BasicAudit.${patients === 1 ? 'Patient' : ''}${name}`;
}

export const TYPES = {
  rest: {
    code: 'rest',
    display: 'RESTful Operation',
    system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
  },
  export: { code: '110106', display: 'Export', system: DCM },
  import: { code: '110107', display: 'Import', system: DCM },
  security: { code: '110113', display: 'Security Alert', system: DCM },
  authentication: { code: '110114', display: 'User Authentication', system: DCM },
} satisfies Record<string, Coding>;

const rest = (code: string): Coding => ({ code, display: code, system: REST });
const ours = (code: string, display: string): Coding => ({
  code,
  display,
  system: `${OURS}/audit-interaction`,
});

/** What was done. The first coding is BALP's discriminator where the interaction has a BALP profile. */
export const SUBTYPES: Record<AuditDraft['interaction'], Coding[]> = {
  create: [rest('create')],
  read: [rest('read')],
  vread: [rest('vread')],
  update: [rest('update')],
  patch: [rest('patch')],
  delete: [rest('delete')],
  search: [rest('search')],
  history: [rest('history')],
  operation: [rest('operation')],
  transaction: [rest('transaction')],
  batch: [rest('batch')],
  capabilities: [rest('capabilities')],
  login: [rest('operation'), { code: '110122', display: 'Login', system: DCM }],
  logout: [rest('operation'), { code: '110123', display: 'Logout', system: DCM }],
  export: [rest('operation'), ours('export', 'Export')],
  import: [rest('operation'), ours('import', 'Import')],
  match: [rest('search'), ours('match', 'Provider matching')],
  delivery: [
    {
      code: 'disclose',
      display: 'Disclose Record Lifecycle Event',
      system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
    },
    ours('delivery', 'Webhook delivery'),
  ],
  security: [rest('operation'), { code: '110137', display: 'User Security Attributes Changed', system: DCM }],
};

/** Roles that the agents play, which BALP fixes for each profile. */
export const AGENT_TYPES = {
  application: { code: '110150', display: 'Application', system: DCM },
  destination: { code: '110152', display: 'Destination Role ID', system: DCM },
  source: { code: '110153', display: 'Source Role ID', system: DCM },
  custodian: {
    code: 'custodian',
    display: 'Custodian',
    system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
  },
  recipient: { code: 'IRCP', display: 'information recipient', system: PARTICIPATION },
  author: { code: 'AUT', display: 'author (originator)', system: PARTICIPATION },
  practice: {
    code: 'PROV',
    display: 'healthcare provider',
    system: 'http://terminology.hl7.org/CodeSystem/v3-RoleClass',
  },
  token: {
    code: 'UserOauthAgent',
    display: 'User OAuth Agent participant',
    system: `${BALP}/CodeSystem/UserAgentTypes`,
  },
} satisfies Record<string, Coding>;

export const ENTITY_TYPES = {
  person: { code: '1', display: 'Person', system: ENTITY_TYPE },
  system: { code: '2', display: 'System Object', system: ENTITY_TYPE },
  request: { code: 'XrequestId', system: `${BALP}/CodeSystem/BasicAuditEntityType` },
  facts: { code: 'facts', display: 'Facts of the access', system: `${OURS}/audit-entity` },
} satisfies Record<string, Coding>;

export const ENTITY_ROLES = {
  patient: { code: '1', display: 'Patient', system: OBJECT_ROLE },
  resource: { code: '4', display: 'Domain Resource', system: OBJECT_ROLE },
  query: { code: '24', display: 'Query', system: OBJECT_ROLE },
} satisfies Record<string, Coding>;

export const RESOURCE_TYPES = 'http://hl7.org/fhir/resource-types';
export const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
export const SERVER_TYPE = {
  code: '4',
  display: 'Application Server',
  system: 'http://terminology.hl7.org/CodeSystem/security-source-type',
} satisfies Coding;
