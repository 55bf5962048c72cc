/** Clients of the three faces, which write until it is over and note what was acknowledged. */
import { pause } from './served';

/** Within what a key may ask for in a minute: 500 on the Enterprise plan, two calls a round. */
const HANDOFFRX_PAUSE_MS = 250;
/** Within what a user may ask for: 100 calls a minute, 1000 an hour. */
const DERMIFI_PAUSE_MS = 800;

/** Writes that were acknowledged, by face. */
export type Acknowledged = Record<'fhir' | 'handoffrx' | 'dermifi', number>;

/** Who writes, and what each was told. */
export interface Writing {
  url: string;
  keys: { sender: string; receiver: string };
  login: { email: string; password: string };
  isOver: boolean;
  /** Patient id to the highest version acknowledged over FHIR. */
  fhir: Map<string, number>;
  /** Referral id to the statuses acknowledged. */
  referrals: Map<string, Set<string>>;
  patients: Set<string>;
  counts: Acknowledged;
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
  etag: string | null;
}

/** One call; undefined when no answer came. */
async function call(
  method: string,
  url: string,
  headers: Record<string, string>,
  body: object,
): Promise<Answer | undefined> {
  try {
    const answer = await fetch(url, {
      method,
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    return {
      status: answer.status,
      body: (await answer.json()) as Answer['body'],
      etag: answer.headers.get('etag'),
    };
  } catch {
    await pause(50);
    return undefined;
  }
}

export async function overFhir(writing: Writing, id: string): Promise<void> {
  for (let i = 0; !writing.isOver; i++) {
    const body = { resourceType: 'Patient', id, name: [{ family: `Round ${i}` }] };
    const answer = await call(
      'PUT',
      `${writing.url}/fhir/R4/Patient/${id}`,
      { 'Content-Type': 'application/fhir+json' },
      body,
    );
    const [, version] = /"(\d+)"/.exec(answer?.etag ?? '') ?? [];
    if (answer === undefined || answer.status >= 300 || version === undefined) continue;
    writing.counts.fhir += 1;
    writing.fhir.set(id, Math.max(writing.fhir.get(id) ?? 0, Number(version)));
    await pause(20);
  }
}

export async function overHandoffRx(writing: Writing): Promise<void> {
  const headers = (key: string) => ({ 'Content-Type': 'application/json', Authorization: `Bearer ${key}` });
  const note = (id: string, event: string): void => {
    writing.counts.handoffrx += 1;
    writing.referrals.set(id, (writing.referrals.get(id) ?? new Set()).add(event));
  };
  for (let i = 0; !writing.isOver; i++) {
    const referral = {
      client_first: 'Maria',
      client_last: `Case ${i}`,
      client_insurance: 'AHCCCS',
      sent_to_practice: 'Receiver',
      service_needed: 'IOP',
      level_of_care: 'IOP',
      clinical_justification: 'Motivated for treatment.',
    };
    const made = await call(
      'POST',
      `${writing.url}/api/v1/referrals`,
      headers(writing.keys.sender),
      referral,
    );
    if (made?.status !== 201) continue;
    const id = String(made.body['id']);
    note(id, 'referral.created');
    const changed = await call(
      'PATCH',
      `${writing.url}/api/v1/referrals/${id}`,
      headers(writing.keys.receiver),
      { status: 'accepted' },
    );
    if (changed?.status === 200) note(id, 'referral.accepted');
    await pause(HANDOFFRX_PAUSE_MS);
  }
}

export async function overDermifi(writing: Writing): Promise<void> {
  let token = '';
  const json = { 'Content-Type': 'application/json' };
  for (let i = 0; !writing.isOver; i++) {
    if (token === '') {
      const login = await call('POST', `${writing.url}/v1/auth/login`, json, writing.login);
      const data = (login?.body['data'] ?? login?.body) as
        { accessToken?: string; token?: string } | undefined;
      token = data?.accessToken ?? data?.token ?? '';
      if (token === '') await pause(300);
      continue;
    }
    const body = {
      firstName: 'Ana',
      lastName: `Row ${i}`,
      dateOfBirth: '1990-01-01',
      consentToTreat: true,
      hipaaConsent: true,
    };
    const made = await call(
      'POST',
      `${writing.url}/v1/patients`,
      { ...json, Authorization: `Bearer ${token}` },
      body,
    );
    if (made?.status === 401) token = '';
    const id = ((made?.body['data'] ?? made?.body) as { id?: string } | undefined)?.id;
    if (made?.status === 201 && id !== undefined) {
      writing.counts.dermifi += 1;
      writing.patients.add(id);
    }
    await pause(DERMIFI_PAUSE_MS);
  }
}
