/** Codes of the AuditEvents: BALP, DICOM and HL7 where there is one, our own where there is none. */
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
    system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
    code: 'rest',
    display: 'RESTful Operation',
  },
  export: { system: DCM, code: '110106', display: 'Export' },
  import: { system: DCM, code: '110107', display: 'Import' },
  security: { system: DCM, code: '110113', display: 'Security Alert' },
  authentication: { system: DCM, code: '110114', display: 'User Authentication' },
} satisfies Record<string, Coding>;

const rest = (code: string): Coding => ({ system: REST, code, display: code });
const ours = (code: string, display: string): Coding => ({
  system: `${OURS}/audit-interaction`,
  code,
  display,
});

/** What was done. The first coding is BALP's discriminator where the interaction has a BALP profile. */
export const SUBTYPES: Record<AuditDraft['interaction'], readonly Coding[]> = {
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
  login: [rest('operation'), { system: DCM, code: '110122', display: 'Login' }],
  logout: [rest('operation'), { system: DCM, code: '110123', display: 'Logout' }],
  export: [rest('operation'), ours('export', 'Export')],
  import: [rest('operation'), ours('import', 'Import')],
  match: [rest('search'), ours('match', 'Provider matching')],
  delivery: [
    {
      system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
      code: 'disclose',
      display: 'Disclose Record Lifecycle Event',
    },
    ours('delivery', 'Webhook delivery'),
  ],
  security: [rest('operation'), { system: DCM, code: '110137', display: 'User Security Attributes Changed' }],
};

/** Roles that the agents play, which BALP fixes for each profile. */
export const AGENT_TYPES = {
  application: { system: DCM, code: '110150', display: 'Application' },
  destination: { system: DCM, code: '110152', display: 'Destination Role ID' },
  source: { system: DCM, code: '110153', display: 'Source Role ID' },
  custodian: {
    system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
    code: 'custodian',
    display: 'Custodian',
  },
  recipient: { system: PARTICIPATION, code: 'IRCP', display: 'information recipient' },
  author: { system: PARTICIPATION, code: 'AUT', display: 'author (originator)' },
  practice: {
    system: 'http://terminology.hl7.org/CodeSystem/v3-RoleClass',
    code: 'PROV',
    display: 'healthcare provider',
  },
  token: {
    system: `${BALP}/CodeSystem/UserAgentTypes`,
    code: 'UserOauthAgent',
    display: 'User OAuth Agent participant',
  },
} satisfies Record<string, Coding>;

export const ENTITY_TYPES = {
  person: { system: ENTITY_TYPE, code: '1', display: 'Person' },
  system: { system: ENTITY_TYPE, code: '2', display: 'System Object' },
  request: { system: `${BALP}/CodeSystem/BasicAuditEntityType`, code: 'XrequestId' },
  facts: { system: `${OURS}/audit-entity`, code: 'facts', display: 'Facts of the access' },
} satisfies Record<string, Coding>;

export const ENTITY_ROLES = {
  patient: { system: OBJECT_ROLE, code: '1', display: 'Patient' },
  resource: { system: OBJECT_ROLE, code: '4', display: 'Domain Resource' },
  query: { system: OBJECT_ROLE, code: '24', display: 'Query' },
} satisfies Record<string, Coding>;

export const RESOURCE_TYPES = 'http://hl7.org/fhir/resource-types';
export const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
export const SERVER_TYPE = {
  system: 'http://terminology.hl7.org/CodeSystem/security-source-type',
  code: '4',
  display: 'Application Server',
} satisfies Coding;
