/** The audit room's services, put together. docs/compliance.md tells what they promise. */
import { randomUUID } from 'node:crypto';
import { ProblemError } from '../fhir';
import type { StoreConnection } from '../store';
import { anchorCheckpoint } from './anchor';
import type { AuditDraft, AuditTrail } from './draft';
import { resolveFilter, type FilterQuery, type Lookups } from './export/filter';
import { writeExport, type ExportResult, type ExportSource } from './export/export';
import { checkpointAt } from './log/checkpoints';
import { openCollections, type AuditCollections } from './log/collections';
import { entriesIn } from './log/inbox';
import { createSigningKeys, type KeySealing, type SigningKeys } from './log/keys';
import { createLease, type Lease } from './log/lease';
import { createSealer, headOf, sizeAfter } from './log/sealer';
import { createTrail, type Trail } from './log/trail';
import { createPublisher, intoRecord } from './publish';
import { drawReport, type Report, type ReportName } from './report';
import { createRetention, type Retention } from './retention';
import { createSchedule } from './schedule';
import type { Checkpoint, Format, PublicJwk } from './verify';

export interface AuditOptions {
  connection: StoreConnection;
  /** Seals the private signing keys: identity's. */
  sealing: KeySealing;
  /** Name of the deployment in events and signatures: `PUBLIC_URL`. */
  origin: string;
  /** `AUDIT_READS`: whether reads wait until their entry is durable. Default `strict`. */
  mode?: 'strict' | 'async';
  lookups: Lookups;
  /** Brings in what lies in committed documents and no relay has handed over yet; called before each flush. */
  drain?(): Promise<void>;
  clock?: () => Date;
  /** Longest time that an entry waits for its place in the log while the server is busy, in milliseconds. */
  maxLagMs?: number;
  /** Told of failures of the background work, which are retried. */
  failed?(error: unknown): void;
  /** Instead of the record's own `AuditEvent` collection; events as canonical JSON. */
  publish?(events: readonly string[]): Promise<void>;
}

export interface ExportRequest {
  filter: FilterQuery;
  format: Format;
  /** Size of the log to export, and the last event already there: to resume. */
  resume?: { size: number; after: number };
  progress?(events: number): void;
}

/** An export ready to be read. */
export interface PreparedExport {
  /** Size of the log that it is taken from: with the last event's number, all it takes to resume. */
  size: number;
  text: AsyncGenerator<string, ExportResult>;
}

export interface Audit {
  trail: AuditTrail;
  /** Takes the drafts out of committed documents; safe to repeat. */
  fromRelay(drafts: readonly AuditDraft[]): Promise<void>;
  /** Begins to seal in the background. Without it, entries are durable but wait in the inbox. */
  start(): void;
  /** Resolves when everything recorded before the call is in the log. */
  seal(): Promise<void>;
  /**
   * Resolves when everything recorded before the call is in the log and can be searched.
   * @param withinMs how long to wait.
   * @returns false when that takes longer; it goes on in the background.
   */
  flush(withinMs?: number): Promise<boolean>;
  /**
   * Opens an export: everything recorded so far that passes the filter.
   * @throws ProblemError malformed when the filter is wrong.
   */
  exportEvents(request: ExportRequest): Promise<PreparedExport>;
  /** A signed statement of how the log stands now. */
  checkpoint(): Promise<Checkpoint>;
  /** Hands a checkpoint to a file or URL of somebody else. @throws ProblemError unavailable when it is not taken. */
  anchor(target: string): Promise<Checkpoint>;
  /** @throws ProblemError malformed when the filter is wrong. */
  report(name: ReportName, filter: FilterQuery): Promise<Report>;
  readonly retention: Retention;
  /** Entries that are durable and wait for their place in the log. */
  waiting(): Promise<number>;
  /** The public keys, retired ones too. */
  publicKeys(): Promise<PublicJwk[]>;
  /** Takes a new signing key into use. @returns its id. */
  rotateKey(): Promise<string>;
  /** Writes what is accepted and ends the background work. */
  close(): Promise<void>;
}

/** Opens the trail on the store's connection. Several processes may; they share one log. */
export async function createAudit(options: AuditOptions): Promise<Audit> {
  const { connection, origin, lookups, clock = () => new Date(), failed = () => undefined } = options;
  const collections = await openCollections(connection);
  const keys = createSigningKeys(collections, options.sealing, clock);
  const leaseOn = (work: string): Lease => createLease(collections.state, work, randomUUID(), LEASE_MS);
  const sealer = createSealer({ collections, lease: leaseOn('sealer'), deployment: { origin }, clock });
  const publisher = createPublisher(
    collections,
    leaseOn('publisher'),
    options.publish ?? intoRecord(connection),
  );
  const trail: Trail = createTrail({
    inbox: collections.inbox,
    mode: options.mode ?? 'strict',
    clock,
    wrote: () => schedule.nudge(),
  });
  const schedule = createSchedule({
    sealer,
    publisher,
    logSize: async () => sizeAfter(await headOf(collections)),
    inbox: collections.inbox,
    lastRecord: trail.lastRecord,
    failed,
    ...(options.maxLagMs === undefined ? {} : { maxLagMs: options.maxLagMs }),
  });
  const settle = async (end?: number): Promise<boolean> => {
    await options.drain?.();
    await trail.settled();
    return schedule.sealAll(end);
  };
  const checkpoint = async (): Promise<Checkpoint> => {
    await settle();
    return checkpointAt(collections, keys, await headOf(collections), { origin, at: clock() });
  };
  return {
    trail,
    fromRelay: trail.fromRelay,
    start: schedule.start,
    seal: async () => {
      await settle();
    },
    flush: async (withinMs = Infinity) => {
      const end = Date.now() + withinMs;
      return (await settle(end)) && schedule.publishAll(end);
    },
    checkpoint,
    exportEvents: async ({ filter: query, format, resume, progress }) => {
      const filter = await resolveFilter(query, lookups);
      if (resume === undefined) await settle();
      const source = await sourceAt(collections, keys, { origin, at: clock() }, resume?.size);
      const text = writeExport(source, {
        format,
        filter,
        at: clock(),
        ...(resume === undefined ? {} : { after: resume.after }),
        ...(progress === undefined ? {} : { progress }),
      });
      return { size: source.checkpoint.size, text };
    },
    waiting: () => entriesIn(collections.inbox),
    publicKeys: keys.publicKeys,
    rotateKey: keys.rotate,
    anchor: async (target) => {
      const taken = await checkpoint();
      await anchorCheckpoint(taken, target);
      await collections.checkpoints.updateOne({ _id: taken.size }, { $set: { anchoredAt: clock() } });
      return taken;
    },
    report: async (name, query) => {
      const filter = await resolveFilter(query, lookups);
      if (name === 'access' && filter.patient === undefined) {
        throw new ProblemError(
          'malformed',
          'The access report is about one patient: name it with the filter patient.',
        );
      }
      await settle();
      return drawReport(name, await sourceAt(collections, keys, { origin, at: clock() }, undefined), {
        filter,
        lookups,
        at: clock(),
      });
    },
    retention: createRetention({ collections, connection, trail, clock }),
    close: async () => {
      await trail.settled();
      await schedule.stop();
    },
  };
}

/** A sealer that does not finish within this time is taken for dead. */
const LEASE_MS = 15_000;

async function sourceAt(
  collections: AuditCollections,
  keys: SigningKeys,
  about: { origin: string; at: Date },
  size: number | undefined,
): Promise<ExportSource> {
  const end = size === undefined ? await headOf(collections) : await segmentEndingAt(collections, size);
  const [checkpoint, retained] = await Promise.all([
    checkpointAt(collections, keys, end, about),
    collections.segments
      .find({ events: { $exists: true } }, { projection: { _id: 1 } })
      .sort({ _id: 1 })
      .limit(1)
      .next(),
  ]);
  const retainedFrom = retained === null || retained._id === 0 ? undefined : retained._id;
  return { collections, keys, end, checkpoint, retainedFrom };
}

async function segmentEndingAt({ segments }: AuditCollections, size: number): ReturnType<typeof headOf> {
  const last = await segments
    .find({ _id: { $lt: size } }, { projection: { events: 0 } })
    .sort({ _id: -1 })
    .limit(1)
    .next();
  if (last !== null && last._id + last.count === size) return last;
  throw new ProblemError('malformed', `There was no export of a log of ${size} events: begin a new one.`);
}
