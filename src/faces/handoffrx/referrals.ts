import { createHash } from 'node:crypto';
import { type AuditFacts, type Exchange, type Reply, touched, writeContext } from '../../http';
import type { Idempotency } from '../../identity';
import type {
  ContextOf,
  NewReferral,
  ReferralPatch,
  ReferralParty,
  Referrals,
  ReferralView,
  ReferralStatus,
} from '../../referrals';
import { bodyReader, invalid, readQuery } from './requests';
import { NEW_REFERRAL, REFERRAL_PATCH, REFERRAL_QUERY } from './schemas';

/** Handlers of HandoffRx, "Referrals". */
export interface ReferralHandlers {
  list(x: Exchange): Promise<Reply>;
  create(x: Exchange): Promise<Reply>;
  read(x: Exchange): Promise<Reply>;
  update(x: Exchange): Promise<Reply>;
}

const readNew = bodyReader<NewReferral>(NEW_REFERRAL);
const readPatch = bodyReader<ReferralPatch>(REFERRAL_PATCH);

export function referralHandlers(referrals: Referrals, idempotency: Idempotency): ReferralHandlers {
  const create = async (
    x: Exchange,
    input: NewReferral,
    claim?: { id: string; resumed: boolean },
  ): Promise<Reply> => {
    const party = partyOf(x);
    const details = [
      { type: 'clinical_justification', value: input.clinical_justification },
      { type: 'sent_to_practice', value: input.sent_to_practice },
    ];
    const { view, resources, patients } = await referrals.create(
      party,
      input,
      contextOf(x, { details }),
      claim,
    );
    Object.assign(x.audit, { resources, patients, details });
    return { status: 201, headers: { Location: `/api/v1/referrals/${String(view['id'])}` }, body: view };
  };

  return {
    async list(x) {
      const { status, limit, offset } = readQuery(x, REFERRAL_QUERY);
      const page = { limit: Number(limit), offset: Number(offset) };
      const filter = status === undefined ? {} : { status: status as ReferralStatus };
      const found = await referrals.list(partyOf(x), { ...page, ...filter });
      x.audit = { ...x.audit, query: queryOf(x), resources: found.resources, patients: found.patients };
      return { status: 200, body: { data: found.referrals, count: found.count, ...page } };
    },

    async create(x) {
      readQuery(x, {});
      const input = readNew(x);
      const key = idempotencyKey(x);
      if (key === undefined) return create(x, input);
      const bodyHash = createHash('sha256').update(`POST /referrals\n${x.body}`).digest('base64url');
      const { practice = '' } = x.principal;
      const reply = await idempotency.run({ practice, key, bodyHash }, (claim) => create(x, input, claim));
      // An answer that was kept: the entry says which referral it showed.
      const { id } = reply.body as ReferralView;
      x.audit.resources ??= [`ServiceRequest/${String(id)}`];
      return reply;
    },

    async read(x) {
      const id = idOf(x);
      readQuery(x, {});
      const { view, version, resources, patients } = await referrals.read(partyOf(x), id);
      x.audit = { ...x.audit, resources, patients };
      return { status: 200, headers: { ETag: `"${version}"` }, body: view };
    },

    async update(x) {
      const id = idOf(x);
      readQuery(x, {});
      const patch = readPatch(x);
      const { view, version, resources, patients } = await referrals.update(
        partyOf(x),
        id,
        patch,
        contextOf(x, {}),
        ifMatch(x),
      );
      x.audit = { ...x.audit, resources, patients };
      return { status: 200, headers: { ETag: `"${version}"` }, body: view };
    },
  };
}

/** The id in the path; failed requests keep it in their audit entry. */
function idOf(x: Exchange): string {
  const id = String(x.req.params['id'] ?? '');
  if (/^[A-Za-z0-9\-.]{1,64}$/.test(id)) x.audit = { ...x.audit, resources: [`ServiceRequest/${id}`] };
  return id;
}

function partyOf({ principal }: Exchange): ReferralParty {
  const { practice = '', practiceName = principal.name, viewer } = principal;
  return { id: practice, name: practiceName, viewer };
}

function contextOf(x: Exchange, facts: AuditFacts): ContextOf {
  return (patients) => writeContext(x, (committed) => ({ ...touched(committed), patients, ...facts }));
}

export function queryOf(x: Exchange): string {
  return `${x.req.method} ${x.req.originalUrl}`;
}

/** Version in `If-Match`; undefined when any will do. RFC 9110, 13.1.1 */
function ifMatch(x: Exchange): string | undefined {
  const header = x.req.headers['if-match']?.trim();
  return header === undefined || header === '*' ? undefined : header.replace(/^"(.*)"$/, '$1');
}

function idempotencyKey(x: Exchange): string | undefined {
  const header = x.req.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = String(header).trim();
  if (key === '' || key.length > 255) throw invalid(['Idempotency-Key must have 1 to 255 characters']);
  return key;
}
