import { createHash, randomBytes } from 'node:crypto';
import type { Connection, mongo } from 'mongoose';

/** Collection `notify_ws_tokens`: what a token binds a websocket to; only its hash is kept. */
interface TokenDocument {
  _id: string;
  subscriptions: string[];
  expiresAt: Date;
}

/** Tokens of `$get-ws-binding-token`. */
export interface BindingTokens {
  ensureIndexes(): Promise<void>;
  issue(subscriptions: readonly string[]): Promise<{ token: string; expiration: Date }>;
  /** The subscriptions of a live token. */
  redeem(token: string): Promise<readonly string[] | undefined>;
}

const LIFE_MS = 10 * 60_000;

export function createBindingTokens(connection: Connection, clock: () => Date): BindingTokens {
  const tokens = connection.collection('notify_ws_tokens') as unknown as mongo.Collection<TokenDocument>;
  const hash = (token: string): string => createHash('sha256').update(token).digest('base64url');
  return {
    async ensureIndexes() {
      await tokens.createIndexes([{ key: { expiresAt: 1 }, expireAfterSeconds: 0 }]);
    },
    async issue(subscriptions) {
      const token = `wsb_${randomBytes(24).toString('base64url')}`;
      const expiration = new Date(clock().getTime() + LIFE_MS);
      await tokens.insertOne({ _id: hash(token), subscriptions: [...subscriptions], expiresAt: expiration });
      return { token, expiration };
    },
    async redeem(token) {
      const found = await tokens.findOne({ _id: hash(token), expiresAt: { $gt: clock() } });
      return found?.subscriptions;
    },
  };
}
