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

/** Agents that are remembered, being the same in event after event; then all are forgotten. */
const KNOWN_LIMIT = 1_000;
const known = new Map<string, AuditEventAgent[]>();
const texts = new WeakMap<AuditEventAgent[], string>();

/** The agents in BALP's order: client, server, user; then ours: practice, holder of the token. Not to be changed. */
export function agentsOf(
  draft: AuditDraft,
  deployment: Deployment,
  purpose: Coding | undefined,
): AuditEventAgent[] {
  const roles = rolesOf(draft);
  const named = namesToken(draft);
  const key = JSON.stringify([
    draft.agent,
    roles.client.code,
    roles.user.code,
    named,
    deployment.origin,
    purpose,
  ]);
  let agents = known.get(key);
  if (agents === undefined) {
    if (known.size >= KNOWN_LIMIT) known.clear();
    agents = makeAgents(draft, roles, deployment, purpose);
    known.set(key, agents);
  }
  return agents;
}

/** Agents of `agentsOf` as canonical JSON. */
export function agentsText(agents: AuditEventAgent[]): string {
  const text = texts.get(agents) ?? JSON.stringify(agents);
  texts.set(agents, text);
  return text;
}

function makeAgents(
  draft: AuditDraft,
  roles: Roles,
  deployment: Deployment,
  purpose: Coding | undefined,
): AuditEventAgent[] {
  const purposeOfUse = purpose === undefined ? {} : { purposeOfUse: [{ coding: [purpose] }] };
  return [
    clientAgent(draft, roles.client, purposeOfUse),
    {
      network: { address: deployment.origin, type: '5' },
      requestor: false,
      type: { coding: [roles.server] },
      who: serverReference(deployment),
    },
    ...(isUser(draft) ? [userAgent(draft, roles.user, purposeOfUse)] : []),
    ...practiceAgent(draft),
    ...tokenAgent(draft),
  ];
}

interface Roles {
  client: Coding;
  server: Coding;
  user: Coding;
}

/** Which side is source and which destination: BALP tells it apart by the direction of the data. */
function rolesOf({ interaction, action }: AuditDraft): Roles {
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
  if (isUser(draft)) return { network, requestor: false, type, who: { display: network.address } };
  const { altId, name, who } = identityOf(agent);
  return { altId, name, network, ...purposeOfUse, requestor: true, type, who };
}

function userAgent(
  draft: AuditDraft,
  role: Coding,
  purposeOfUse: Pick<AuditEventAgent, 'purposeOfUse'>,
): AuditEventAgent {
  const { altId, name, who } = identityOf(draft.agent);
  return { altId, name, ...purposeOfUse, requestor: true, type: { coding: [role] }, who };
}

/** `altId` is what the agent signs in with: key id, client id, a user's e-mail address. */
function identityOf(agent: AuditDraft['agent']): Required<Pick<AuditEventAgent, 'who' | 'altId' | 'name'>> {
  const id = cleaned(agent.id) || 'unknown';
  const name = cleaned(agent.name) || id;
  return {
    altId: agent.email === undefined ? id : cleaned(agent.email),
    name,
    who: {
      display: name,
      identifier: { system: IDENTIFIER_SYSTEMS[agent.kind], value: id },
      ...(agent.practitioner === undefined ? {} : { reference: `Practitioner/${agent.practitioner}` }),
    },
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
      name,
      requestor: false,
      type: { coding: [AGENT_TYPES.practice] },
      who: { display: name, reference: `Organization/${agent.practice}` },
    },
  ];
}

/** BALP IHE.BasicAudit.OAUTHaccessTokenUse.Minimal: the token by an id that does not reveal it. */
function tokenAgent(draft: AuditDraft): AuditEventAgent[] {
  if (!namesToken(draft)) return [];
  const { kind, id } = draft.agent;
  const system = IDENTIFIER_SYSTEMS[kind];
  return [
    {
      policy: [`${system}/${encodeURIComponent(id)}`],
      requestor: true,
      type: { coding: [AGENT_TYPES.token] },
      who: { identifier: { system, value: cleaned(id) || 'unknown' } },
    },
  ];
}
