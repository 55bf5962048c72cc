/** From what a face knows of an access to the AuditEvent in the IHE BALP profiles. https://profiles.ihe.net/ITI/BALP/ */
import type { AuditEvent, Coding } from '@medplum/fhirtypes';
import type { AuditDraft } from '../draft';
import { agentsOf, agentsText, serverReference, type Deployment } from './agents';
import { ACT_REASON, SERVER_TYPE, SUBTYPES, TYPES } from './codes';
import { entitiesOf } from './entities';
import { profileOf } from './profiles';
import { cleaned } from './text';

/**
 * The AuditEvent of an access. Its id is the draft's. Members stand in the order of canonical JSON.
 * @param sealedAt when the event took its place in the log: `meta.lastUpdated`.
 */
export function toAuditEvent(draft: AuditDraft, deployment: Deployment, sealedAt: Date): AuditEvent {
  const profile = profileOf(draft);
  const purpose = purposeOf(draft);
  return {
    action: draft.action,
    agent: agentsOf(draft, deployment, purpose),
    entity: entitiesOf(draft),
    id: draft.id,
    meta: {
      lastUpdated: sealedAt.toISOString(),
      ...(profile === undefined ? {} : { profile: [profile] }),
      versionId: '1',
    },
    outcome: draft.outcome,
    ...(draft.outcomeText === undefined ? {} : { outcomeDesc: cleaned(draft.outcomeText) }),
    ...(purpose === undefined ? {} : { purposeOfEvent: [{ coding: [purpose] }] }),
    recorded: new Date(draft.at).toISOString(),
    resourceType: 'AuditEvent',
    source: { observer: serverReference(deployment), type: [SERVER_TYPE] },
    subtype: SUBTYPES[draft.interaction],
    type: typeOf(draft),
  };
}

/**
 * An event of `toAuditEvent` as canonical JSON (RFC 8785): its members have that order already, its texts one form
 * in UTF-8, and it has no numbers, so that ECMAScript's own JSON is the scheme's.
 */
export function canonicalEvent(event: AuditEvent): string {
  const { agent, ...rest } = event;
  const text = JSON.stringify(rest);
  const after = text.indexOf(',"entity":');
  return `${text.slice(0, after)},"agent":${agentsText(agent)}${text.slice(after)}`;
}

/** Accesses through a face are RESTful operations; what the server does by itself has DICOM's own names. */
function typeOf({ face, interaction }: AuditDraft): Coding {
  if (face !== 'worker' && face !== 'command') return TYPES.rest;
  switch (interaction) {
    case 'delivery':
    case 'export':
      return TYPES.export;
    case 'import':
      return TYPES.import;
    case 'login':
    case 'logout':
      return TYPES.authentication;
    case 'security':
      return TYPES.security;
    default:
      return TYPES.rest;
  }
}

/** `TREAT`, or `system|code`. https://hl7.org/fhir/R4/v3/PurposeOfUse/vs.html */
function purposeOf({ purposeOfUse }: AuditDraft): Coding | undefined {
  if (purposeOfUse === undefined || purposeOfUse === '') return undefined;
  const [first = '', second] = purposeOfUse.split('|');
  return second === undefined
    ? { code: cleaned(first), system: ACT_REASON }
    : { code: cleaned(second), system: cleaned(first) };
}
