import type { AuditEvent } from '@medplum/fhirtypes';

export const ACTIONS: Readonly<Record<string, string>> = {
  C: 'create',
  R: 'read',
  U: 'update',
  D: 'delete',
  E: 'execute',
};

export const OUTCOMES: Readonly<Record<string, string>> = {
  '0': 'success',
  '4': 'refused',
  '8': 'failed',
  '12': 'major failure',
};

/** What an event says, in the words of docs/compliance.md. */
export interface Told {
  what: string;
  who: string;
  /** What the agent signs in with. */
  id: string;
  practice: string | undefined;
  address: string | undefined;
  patients: string[];
  resources: string[];
  /** Method, path and query. */
  asked: string | undefined;
  facts: { type: string; value: string }[];
  request: string | undefined;
}

export function describe({ agent, entity = [], subtype = [] }: AuditEvent): Told {
  const acting = agent.find(({ requestor }) => requestor);
  const touched = entity.flatMap(({ what }) => what?.reference ?? []);
  const query = entity.find((each) => each.query !== undefined)?.query;
  const facts = entity.flatMap(({ detail = [] }) =>
    detail.map(({ type = '', valueString = '' }) => ({ type, value: valueString })),
  );
  // A sign-in that failed names the account that was tried.
  const tried = facts.find(({ type }) => type === 'email')?.value;
  return {
    // Of several codes the last is the most telling: a login is an operation too.
    what: (subtype.at(-1)?.display ?? subtype.at(-1)?.code ?? 'access').toLowerCase(),
    who: tried === undefined ? (acting?.name ?? 'unknown') : `${tried} (not signed in)`,
    id: acting?.altId ?? '',
    practice: agent.find(({ type }) => type?.coding?.[0]?.code === 'PROV')?.name,
    address: agent.find(({ network }) => network !== undefined)?.network?.address,
    patients: [...new Set(touched.flatMap((each) => /^Patient\/([^/]+)/.exec(each)?.[1] ?? []))],
    resources: touched.filter((each) => !each.startsWith('Patient/')),
    asked:
      query === undefined
        ? undefined
        : new TextDecoder().decode(Uint8Array.from(atob(query), (c) => c.charCodeAt(0))),
    facts,
    request: entity.find(({ type }) => type?.code === 'XrequestId')?.what?.identifier?.value,
  };
}
