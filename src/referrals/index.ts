/** Referrals: what the HandoffRx document calls so, on ServiceRequest, Task, Patient and Coverage. */
export type { NewReferral, Party } from './create';
export { referralMapping, statusOfReferral, type ReferralResources } from './mapping';
export type { FoundReferrals, ReferralSearch } from './find';
export type { ReferralPatch } from './patch';
export { isReferral, requestOf } from './parties';
export { referralRules } from './rules';
export {
  createReferrals,
  type ContextOf,
  type ReferralList,
  type ReferralParty,
  type Referrals,
  type ReferralServices,
  type ReferralView,
  type Shown,
} from './service';
export {
  isReferralStatus,
  REFERRAL_STATUSES,
  type ReferralStatus,
  statusOfRequest,
  statusOfTask,
  taggedStatus,
} from './status';
export type { ReferralStep } from './timeline';
export { referralEvents, webhookBody, type ReferralEvent } from './events';
