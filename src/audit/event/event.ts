/** From what a face knows of an access to the AuditEvent in the IHE BALP profiles. https://profiles.ihe.net/ITI/BALP/ */
import type { AuditEvent, Coding } from '@medplum/fhirtypes';
import type { AuditDraft } from '../draft';
import { agentsOf, serverReference, type Deployment } from './agents';
import { ACT_REASON, SERVER_TYPE, SUBTYPES, TYPES } from './codes';
import { entitiesOf } from './entities';
import { profileOf } from './profiles';
import { cleaned } from './text';

/**
 * The AuditEvent of an access. Its id is the draft's.
 * @param sealedAt when the event took its place in the log: `meta.lastUpdated`.
 */
export function toAuditEvent(draft: AuditDraft, deployment: Deployment, sealedAt: Date): AuditEvent {
  const profile = profileOf(draft);
  const purpose = purposeOf(draft);
  return {
    resourceType: 'AuditEvent',
    id: draft.id,
    meta: {
      versionId: '1',
      lastUpdated: sealedAt.toISOString(),
      ...(profile === undefined ? {} : { profile: [profile] }),
    },
    type: typeOf(draft),
    subtype: [...SUBTYPES[draft.interaction]],
    action: draft.action,
    recorded: new Date(draft.at).toISOString(),
    outcome: draft.outcome,
    ...(draft.outcomeText === undefined ? {} : { outcomeDesc: cleaned(draft.outcomeText) }),
    ...(purpose === undefined ? {} : { purposeOfEvent: [{ coding: [purpose] }] }),
    agent: agentsOf(draft, deployment, purpose),
    source: { observer: serverReference(deployment), type: [SERVER_TYPE] },
    entity: entitiesOf(draft),
  };
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
    ? { system: ACT_REASON, code: cleaned(first) }
    : { system: cleaned(first), code: cleaned(second) };
}
