import type { Connection } from 'mongoose';
import { gathered } from '../store';
import { createHeaders } from './headers';
import { createSecrets, type Sealing } from './secrets';
import type { CompiledSubscription } from './types';

/** What a call to a subscriber carries to prove itself. */
export interface Credentials {
  /** Live signing secrets, the newest first. */
  secrets: readonly string[];
  /** The headers that the subscriber asked for. */
  headers: Readonly<Record<string, string>>;
}

/** Reads the credentials of subscriptions, those of several calls together. */
export function createCredentials(
  connection: Connection,
  sealing: Sealing,
  clock: () => Date,
): (subscription: CompiledSubscription) => Promise<Credentials> {
  const secrets = createSecrets(connection, sealing, clock);
  const headers = createHeaders(connection, sealing);
  return gathered(async (subscriptions) => {
    const ids = subscriptions.map(({ id }) => id);
    const withHeaders = subscriptions.filter(({ resource }) => (resource.channel.header ?? []).length > 0);
    const [live, given] = await Promise.all([secrets.liveOf(ids), headers.of(withHeaders)]);
    return ids.map((id) => ({ secrets: live.get(id) ?? [], headers: given.get(id) ?? {} }));
  });
}
