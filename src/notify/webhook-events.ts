/** The events a HandoffRx webhook can be told of, and the trial event. HandoffRx, "Event Types". */
export const WEBHOOK_EVENTS = [
  'referral.created',
  'referral.accepted',
  'referral.declined',
  'referral.scheduled',
  'referral.completed',
] as const;
export const TEST_EVENT = 'webhook.test';
