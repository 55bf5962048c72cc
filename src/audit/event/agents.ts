/** Who took part in an access: the client, this server, the user, the practice. */
import type { AuditEventAgent, Coding, Device, Reference } from '@medplum/fhirtypes';
import type { AuditDraft } from '../draft';
import { AGENT_TYPES, IDENTIFIER_SYSTEMS } from './codes';
import { namesToken } from './profiles';
import { cleaned } from './text';

/** The server as it names itself in its events. */
export interface Deployment {
  /** Name of the deployment: the public URL. */
  origin: string;
}

/** How this server is referred to; `source.observer` and its own agent must agree in BALP. */
export function serverReference({ origin }: Deployment): Reference<Device> {
  return { display: origin };
}

/** The agents in BALP's order: client, server, user; then ours: practice, holder of the token. */
export function agentsOf(
  draft: AuditDraft,
  deployment: Deployment,
  purpose: Coding | undefined,
): AuditEventAgent[] {
  const roles = rolesOf(draft);
  const purposeOfUse = purpose === undefined ? {} : { purposeOfUse: [{ coding: [purpose] }] };
  return [
    clientAgent(draft, roles.client, purposeOfUse),
    {
      type: { coding: [roles.server] },
      who: serverReference(deployment),
      requestor: false,
      network: { address: deployment.origin, type: '5' },
    },
    ...(isUser(draft) ? [userAgent(draft, roles.user, purposeOfUse)] : []),
    ...practiceAgent(draft),
    ...tokenAgent(draft),
  ];
}

/** Which side is source and which destination: BALP tells it apart by the direction of the data. */
function rolesOf({ interaction, action }: AuditDraft): { client: Coding; server: Coding; user: Coding } {
  const reads =
    interaction === 'delivery' || ((interaction === 'read' || interaction === 'vread') && action === 'R');
  if (reads)
    return { client: AGENT_TYPES.destination, server: AGENT_TYPES.source, user: AGENT_TYPES.recipient };
  const user =
    action === 'C' || action === 'U' || action === 'D' ? AGENT_TYPES.author : AGENT_TYPES.recipient;
  if (interaction === 'delete')
    return { client: AGENT_TYPES.application, server: AGENT_TYPES.custodian, user };
  return { client: AGENT_TYPES.source, server: AGENT_TYPES.destination, user };
}

function isUser({ agent }: AuditDraft): boolean {
  return agent.kind === 'user';
}

/** The system at the other end: the key or client that asked, or the device that a user sits at. */
function clientAgent(
  draft: AuditDraft,
  role: Coding,
  purposeOfUse: Pick<AuditEventAgent, 'purposeOfUse'>,
): AuditEventAgent {
  const { agent } = draft;
  const network = networkOf(agent.address);
  const type = { coding: [role] };
  if (isUser(draft)) return { type, who: { display: network.address }, requestor: false, network };
  return { type, ...identityOf(agent), requestor: true, network, ...purposeOfUse };
}

function userAgent(
  draft: AuditDraft,
  role: Coding,
  purposeOfUse: Pick<AuditEventAgent, 'purposeOfUse'>,
): AuditEventAgent {
  return { type: { coding: [role] }, ...identityOf(draft.agent), requestor: true, ...purposeOfUse };
}

/** `altId` is what the agent signs in with: key id, client id, a user's e-mail address. */
function identityOf(agent: AuditDraft['agent']): Pick<AuditEventAgent, 'who' | 'altId' | 'name'> {
  const id = cleaned(agent.id) || 'unknown';
  const name = cleaned(agent.name) || id;
  return {
    who: {
      ...(agent.practitioner === undefined ? {} : { reference: `Practitioner/${agent.practitioner}` }),
      identifier: { system: IDENTIFIER_SYSTEMS[agent.kind], value: id },
      display: name,
    },
    altId: agent.email === undefined ? id : cleaned(agent.email),
    name,
  };
}

/** https://hl7.org/fhir/R4/valueset-network-type.html: 2 IP address, 1 machine name. */
function networkOf(address: string): { address: string; type: '1' | '2' } {
  const named = cleaned(address) || 'localhost';
  return { address: named, type: /^[\d.]+$|:/.test(named) ? '2' : '1' };
}

function practiceAgent({ agent }: AuditDraft): AuditEventAgent[] {
  if (agent.practice === undefined) return [];
  const name = cleaned(agent.practiceName ?? '') || agent.practice;
  return [
    {
      type: { coding: [AGENT_TYPES.practice] },
      who: { reference: `Organization/${agent.practice}`, display: name },
      name,
      requestor: false,
    },
  ];
}

/** BALP IHE.BasicAudit.OAUTHaccessTokenUse.Minimal: the token by an id that does not reveal it. */
function tokenAgent(draft: AuditDraft): AuditEventAgent[] {
  if (!namesToken(draft)) return [];
  const { kind, id } = draft.agent;
  return [
    {
      type: { coding: [AGENT_TYPES.token] },
      who: { identifier: { system: IDENTIFIER_SYSTEMS[kind], value: cleaned(id) || 'unknown' } },
      requestor: true,
      policy: [`${IDENTIFIER_SYSTEMS[kind]}/${encodeURIComponent(id)}`],
    },
  ];
}
