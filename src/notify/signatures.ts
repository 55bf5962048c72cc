import { createHash, randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

/** A new signing secret: `whsec_` and 24 random bytes in base64. https://www.standardwebhooks.com */
export function newSecret(): string {
  return `whsec_${randomBytes(24).toString('base64')}`;
}

/**
 * The headers that prove where a body comes from: HandoffRx's own (SHA-256 of the whole secret and the body, with the
 * newest secret) and Standard Webhooks' (HMAC over id, time and body, one signature for each live secret).
 */
export function signatureHeaders(
  secrets: readonly string[],
  id: string,
  at: Date,
  body: string,
): Record<string, string> {
  const [newest] = secrets;
  if (newest === undefined) return {};
  return {
    'X-HandoffRx-Signature': `sha256=${createHash('sha256')
      .update(newest + body)
      .digest('hex')}`,
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  };
}
