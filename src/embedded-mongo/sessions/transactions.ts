import { ServerError, noSuchTransaction, writeConflict } from '../errors';
import { encodeUnlimited } from '../storage/codec';
import type { Environment } from '../storage/environment';
import type { LockHolder, LockTable } from '../storage/locks';
import { OverlayView } from '../storage/overlay';
import { SnapshotView } from '../storage/view';
import type { WriteQueue } from '../storage/write-queue';
import type { Catalog } from '../catalog/catalog';
import { recordResult, recordedResult } from './retryable';

/** What a commit leaves, for a client that asks again. */
const COMMITTED = encodeUnlimited({ committed: true });

/** One multi-document transaction: its snapshot, its writes, its locks. */
export interface Transaction extends LockHolder {
  readonly session: Buffer;
  readonly txnNumber: bigint;
  readonly view: OverlayView;
  readonly begun: number;
  /** Versions of the collections it wrote to: a changed list of indexes makes its entries incomplete. */
  readonly touched: Map<string, number>;
  state: 'open' | 'committing' | 'committed' | 'aborted';
  end(): void;
}

/** What a command says of the transaction it belongs to. */
export interface TransactionFields {
  session: Buffer;
  txnNumber: bigint;
  start: boolean;
}

/** The open transactions, one a session. */
export class Transactions {
  private readonly bySession = new Map<string, Transaction>();

  constructor(
    private readonly env: Environment,
    private readonly locks: LockTable,
    private readonly queue: WriteQueue,
    private readonly catalog: Catalog,
  ) {}

  get openCount(): number {
    let open = 0;
    for (const { state } of this.bySession.values()) if (state === 'open') open++;
    return open;
  }

  /** The transaction a command runs in, begun by it where it says `startTransaction`. */
  join({ session, txnNumber, start }: TransactionFields): Transaction {
    const known = this.bySession.get(session.toString('latin1'));
    if (known && known.txnNumber > txnNumber) {
      throw new ServerError(
        225,
        `Cannot start transaction ${txnNumber} on session because a newer transaction ${known.txnNumber} has already started`,
      );
    }
    if (!start) return this.inProgress(known, txnNumber);
    if (known?.txnNumber === txnNumber) {
      throw new ServerError(117, `Transaction ${txnNumber} is already started on this session`);
    }
    if (known) this.abort(known);
    return this.begin(session, txnNumber);
  }

  /** Writes everything in one commit. Done again with the same number it says again that it is done. */
  async commit(fields: TransactionFields): Promise<void> {
    const known = this.bySession.get(fields.session.toString('latin1'));
    const statement = { session: fields.session, txnNumber: fields.txnNumber, statement: 0 };
    if (known?.txnNumber !== fields.txnNumber || known.state === 'committed') {
      if (recordedResult(new SnapshotView(this.env), statement)?.['committed'] === true) return;
      throw noSuchTransaction(`Transaction ${fields.txnNumber} has been aborted or was never begun.`);
    }
    const transaction = this.inProgress(known, fields.txnNumber);
    transaction.state = 'committing';
    try {
      await this.queue.submit(
        (writer) => {
          for (const [namespace, version] of transaction.touched) {
            if (this.catalog.get(namespace)?.version !== version) throw writeConflict();
          }
          transaction.view.applyTo(writer);
          recordResult(writer, statement, COMMITTED);
        },
        { holder: transaction, bytes: transaction.view.bytes },
      );
      transaction.state = 'committed';
    } catch (error) {
      transaction.state = 'aborted';
      throw error;
    } finally {
      transaction.end();
    }
  }

  abort(transaction: Transaction): void {
    if (transaction.state !== 'open') return;
    transaction.state = 'aborted';
    transaction.end();
  }

  /** For abortTransaction: the transaction must be there. */
  abortByClient({ session, txnNumber }: TransactionFields): void {
    this.abort(this.inProgress(this.bySession.get(session.toString('latin1')), txnNumber));
  }

  /** Aborts what has been open for too long, forgets sessions whose transaction ended long ago. */
  expire(now: number, lifetime: number): void {
    for (const [name, transaction] of this.bySession) {
      const old = now - transaction.begun > lifetime;
      if (old && transaction.state === 'open') this.abort(transaction);
      else if (old && transaction.state !== 'committing') this.bySession.delete(name);
    }
  }

  /** The session ends: its open transaction with it. */
  endSession(session: Buffer): void {
    const transaction = this.bySession.get(session.toString('latin1'));
    if (transaction) this.abort(transaction);
  }

  private inProgress(known: Transaction | undefined, txnNumber: bigint): Transaction {
    if (!known || known.txnNumber !== txnNumber) {
      throw noSuchTransaction(
        `Given transaction number ${txnNumber} does not match any in-progress transactions.`,
      );
    }
    if (known.state === 'aborted')
      throw noSuchTransaction(`Transaction with { txnNumber: ${txnNumber} } has been aborted.`);
    if (known.state !== 'open')
      throw new ServerError(256, `Transaction with { txnNumber: ${txnNumber} } has been committed.`);
    return known;
  }

  private begin(session: Buffer, txnNumber: bigint): Transaction {
    let ended = (): void => undefined;
    const holder: LockHolder = { ended: new Promise<void>((resolve) => (ended = resolve)) };
    const snapshot = new SnapshotView(this.env);
    snapshot.pin();
    const sequence = this.locks.begin(holder);
    const conflict = (): never => {
      throw writeConflict();
    };
    const view = new OverlayView(snapshot, this.locks, holder, sequence, conflict, this.catalog.lastNumber);
    const transaction: Transaction = Object.assign(holder, {
      session,
      txnNumber,
      view,
      begun: Date.now(),
      touched: new Map<string, number>(),
      state: 'open' as const,
      end: () => {
        snapshot.release();
        this.locks.end(holder, view.heldLocks);
        view.clear();
        ended();
      },
    });
    this.bySession.set(session.toString('latin1'), transaction);
    return transaction;
  }
}
