import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { auditRules, createAudit, referralFactsIn, type Audit, type AuditDraft, type Lookups } from './audit';
import { noteRules } from './chart';
import type { Config } from './config';
import { StartError } from './config';
import { openDatabase } from './database';
import { createDirectory, directoryRules, type Directory } from './directory';
import { disclosures } from './disclosures';
import { createFormulary, type Formulary } from './formulary';
import { createIdentity, MasterKeyError, type Identity, type PasswordCost } from './identity';
import { createLogger } from './log';
import { createHeaders, createNotify, type Headers, type Notify, subscriptionRules } from './notify';
import { createOperations, type Operations } from './operations';
import { createOrders, orderRules, type Orders } from './orders';
import { addressPolicy, createOutbound, type Outbound, tracedOutbound } from './outbound';
import { createPharmacySimulator } from './pharmacy';
import { createPrescriptions, type Prescriptions } from './prescriptions';
import { createReferrals, referralEvents, referralRules, type Referrals, webhookBody } from './referrals';
import { indexContent, parseSearch } from './search';
import { createSearchParameters, searchParameterRules, type SearchParameters } from './search-parameters';
import {
  createRelay,
  createStore,
  EVERYTHING,
  outboxDepth,
  type Relay,
  type Store,
  type StoreConnection,
  traced,
  untilRelayed,
  type WriteContext,
} from './store';
import { startTracing, type Tracing } from './telemetry';

/** Every service of the house, put together once; the server and the operator's commands open the same one. */
export interface House {
  config: Config;
  log: Logger;
  /** Undefined where nobody asked for traces. */
  tracing: Tracing | undefined;
  connection: StoreConnection;
  store: Store;
  identity: Identity;
  audit: Audit;
  notify: Notify;
  outbound: Outbound;
  operations: Operations;
  directory: Directory;
  searchParameters: SearchParameters;
  referrals: Referrals;
  formulary: Formulary;
  prescriptions: Prescriptions;
  orders: Orders;
  /** Resolves when the events of everything that this process committed have been taken over by audit and delivery. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface HouseOptions {
  /** Default: to standard output, at the level of the configuration. */
  log?: Logger;
  /** scrypt's cost; the default is OWASP's. */
  passwordCost?: PasswordCost;
}

/** Opens the house. @throws StartError with one line for the operator. */
export async function openHouse(config: Config, options: HouseOptions = {}): Promise<House> {
  const { log = createLogger(config.logLevel) } = options;
  const database = await openDatabase(config);
  const { connection } = database;
  try {
    const tracing = tracingOf(config, log);
    const client = createOutbound(addressPolicy(config.webhookAllowPrivate));
    const outbound = tracing === undefined ? client : tracedOutbound(client, tracing);
    const sealed = sealedHeaders(connection.mongoose);
    const rules = [
      ...auditRules,
      ...referralRules,
      ...directoryRules,
      ...searchParameterRules,
      ...orderRules,
      ...noteRules,
      ...subscriptionRules(outbound.policy, sealed.headers),
    ];
    indexContent(config.contentIndex);
    const record = createStore({ connection, rules });
    const searchParameters = createSearchParameters(record, connection);
    await searchParameters.start();
    const followed = searchParameters.followed(record);
    const store = tracing === undefined ? followed : traced(followed, tracing);
    const identity = await openIdentity(config, connection, store, outbound, options);
    sealed.open(identity.sealing);
    const relay: { current?: Relay } = {};
    const audit = await createAudit({
      connection,
      sealing: identity.sealing,
      origin: config.publicUrl,
      mode: config.auditReads,
      lookups: auditLookups(identity, store),
      drain: () => untilRelayed(connection, relay.current),
    });
    const notify = createNotify(notifyOptions(config, connection, store, outbound, identity, audit));
    await notify.prepare();
    const running = startRelay(connection, audit, notify);
    relay.current = running;
    const operations = createOperations(connection.mongoose, {
      outbox: () => outboxDepth(connection),
      deliveries: () => notify.journal.depths(),
      audit: () => audit.waiting(),
    });
    const directory = createDirectory(store);
    const practiceNamed = identity.practices.find;
    const formulary = createFormulary(store);
    const network = createPharmacySimulator({ nextNumber: (sequence) => store.nextNumber(sequence) });
    return {
      config,
      log,
      tracing,
      connection,
      store,
      identity,
      audit,
      notify,
      outbound,
      operations,
      directory,
      searchParameters,
      referrals: createReferrals({ store, directory, practiceNamed }),
      formulary,
      prescriptions: createPrescriptions({ store, formulary, network }),
      orders: createOrders({ store, formulary, network }),
      drain: () => audit.seal(),
      async close() {
        await operations.stop();
        await searchParameters.stop();
        await directory.stop();
        await notify.stop();
        await running.settled();
        await running.stop();
        await identity.close();
        await audit.close();
        await outbound.close();
        await database.close();
        await tracing?.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

function tracingOf({ traces }: Config, log: Logger): Tracing | undefined {
  if (traces === undefined) return undefined;
  return startTracing(traces, (reason) => log.warn({ reason }, 'traces could not be sent'));
}

/** The rules of the store are made before identity, which opens on the store and has the sealing. */
function sealedHeaders(connection: StoreConnection['mongoose']): {
  open(sealing: Identity['sealing']): void;
  headers(): Headers;
} {
  let headers: Headers | undefined;
  return {
    open: (sealing) => (headers = createHeaders(connection, sealing)),
    headers: () => {
      if (headers === undefined) throw new Error('No Subscription is written before the house is open.');
      return headers;
    },
  };
}

async function openIdentity(
  config: Config,
  connection: StoreConnection,
  store: Store,
  outbound: Outbound,
  { passwordCost }: HouseOptions,
): Promise<Identity> {
  try {
    return await createIdentity({
      connection: connection.mongoose,
      store,
      publicUrl: config.publicUrl,
      dataDir: config.dataDir,
      ...(config.masterKey !== undefined && { masterKey: config.masterKey }),
      allowedCidrs: config.ipAllowlist,
      ...(passwordCost !== undefined && { passwordCost }),
      fetchJson: async (url) => {
        const { status, body } = await outbound.call({ method: 'GET', url, answerBytes: 256 * 1024 });
        if (status !== 200) throw new Error(`The key set answered ${status}.`);
        return JSON.parse(body) as unknown;
      },
    });
  } catch (error) {
    if (error instanceof MasterKeyError) throw new StartError(error.message);
    throw error;
  }
}

/** How the audit's filters find what an operator names. */
function auditLookups(identity: Identity, store: Store): Lookups {
  return {
    practice: async (named) => (await identity.practices.find(named))?.id,
    user: async (named) => {
      const user = await identity.users.find(named);
      return user === undefined ? [named] : [user.id, user.email];
    },
    referral: async (id) => {
      const tasks = await store.search(
        EVERYTHING,
        parseSearch('Task', `focus=ServiceRequest/${id}&_count=100`),
      );
      return tasks.matches.map((task) => `Task/${task.id}`);
    },
    referralFacts: referralFactsIn(store),
  };
}

function startRelay(connection: StoreConnection, audit: Audit, notify: Notify): Relay {
  return createRelay({
    connection,
    handlers: {
      audit: (drafts) => audit.fromRelay(drafts as readonly AuditDraft[]),
      change: (event, { current, previous }) => notify.onChanges([{ event, current, previous }]),
    },
  });
}

function notifyOptions(
  config: Config,
  connection: StoreConnection,
  store: Store,
  outbound: Outbound,
  identity: Identity,
  audit: Audit,
): Parameters<typeof createNotify>[0] {
  return {
    connection: connection.mongoose,
    store,
    outbound,
    sealing: identity.sealing,
    baseUrl: `${config.publicUrl}/fhir/R4`,
    serverContext,
    vendorEvents: ({ event, current, previous }) =>
      Promise.resolve(
        referralEvents(current, previous).map((told) => ({
          event: told.event,
          practices: told.practices,
          body: webhookBody(told, event.at),
        })),
      ),
    viewerOf: async ({ practices, author }) => {
      if (author?.kind === 'client') return identity.clients.viewerOf(author.id);
      const [practice] = practices;
      return practice === undefined ? EVERYTHING : { practice };
    },
    observe: async (done) => {
      await Promise.all(disclosures(done).map((draft) => audit.trail.record(draft)));
    },
    keepSeconds: config.webhookKeepDays * DAY_S,
  };
}

const DAY_S = 24 * 3600;

/** The context of what the server itself writes: statuses of Subscriptions, the demonstration. */
export function serverContext(): WriteContext {
  return {
    viewer: EVERYTHING,
    requestId: `srv_${randomUUID().replaceAll('-', '')}`,
    author: { id: 'crosswalk', name: 'Crosswalk', kind: 'system' },
  };
}
