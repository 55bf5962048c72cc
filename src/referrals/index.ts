/** Referrals: what the HandoffRx document calls so, on ServiceRequest, Task, Patient and Coverage. */
export type { NewReferral, Party, ReferralParty } from './create';
export { referralMapping, type ReferralResources, type ReferralView } from './mapping';
export type { FoundReferrals, ReferralSearch } from './find';
export type { ReferralPatch } from './patch';
export { referralRules } from './rules';
export {
  createReferrals,
  type ContextOf,
  type ReferralList,
  type Referrals,
  type ReferralServices,
  type Shown,
} from './service';
export { REFERRAL_STATUSES, type ReferralStatus } from './status';
export type { ReferralStep } from './timeline';
export { referralEvents, webhookBody, type ReferralEvent } from './events';
