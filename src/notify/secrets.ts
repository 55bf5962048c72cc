import type { Collection, Connection } from 'mongoose';
import { newSecret } from './signatures';

/** Signing secrets, sealed. Collection `notify_secrets`. */
interface SecretDocument {
  /** Subscription id. */
  _id: string;
  sealed: string;
  /** The one before, live until then. */
  previous?: { sealed: string; until: Date };
}

export interface Sealing {
  seal(plain: string, purpose: string): string;
  unseal(sealed: string, purpose: string): string;
}

export interface Secrets {
  /** Makes and keeps a secret unless the subscription has one; shown this once. */
  create(subscription: string): Promise<string>;
  /** A new secret; the old one signs along until `overlapMs` have passed. */
  rotate(subscription: string, overlapMs: number): Promise<string>;
  /** Live secrets by subscription, the newest first; those that never had one are left out. */
  liveOf(subscriptions: readonly string[]): Promise<Map<string, string[]>>;
}

const PURPOSE = 'webhook-secret';

export function createSecrets(connection: Connection, sealing: Sealing, clock: () => Date): Secrets {
  const secrets = connection.collection('notify_secrets') as unknown as Collection<SecretDocument>;
  const live = ({ sealed, previous }: SecretDocument): string[] => {
    const old =
      previous !== undefined && previous.until > clock() ? [sealing.unseal(previous.sealed, PURPOSE)] : [];
    return [sealing.unseal(sealed, PURPOSE), ...old];
  };
  return {
    async create(subscription) {
      const secret = newSecret();
      await secrets.updateOne(
        { _id: subscription },
        { $set: { sealed: sealing.seal(secret, PURPOSE) } },
        { upsert: true },
      );
      return secret;
    },
    async rotate(subscription, overlapMs) {
      const secret = newSecret();
      const before = await secrets.findOne({ _id: subscription });
      const previous =
        before === null
          ? {}
          : { previous: { sealed: before.sealed, until: new Date(clock().getTime() + overlapMs) } };
      await secrets.updateOne(
        { _id: subscription },
        { $set: { sealed: sealing.seal(secret, PURPOSE), ...previous } },
        { upsert: true },
      );
      return secret;
    },
    async liveOf(subscriptions) {
      const found = await secrets.find({ _id: { $in: [...subscriptions] } }).toArray();
      return new Map(found.map((secret) => [secret._id, live(secret)]));
    },
  };
}
