import type { CollectionDefinition } from '../catalog/definitions';
import type { Engine } from '../engine';
import { ServerError } from '../errors';
import type { CommandError, Document } from '../semantics';
import type { Writer } from '../storage/view';
import type { OperationTraits } from '../storage/write-queue';
import type { Command } from './command';

/**
 * Runs a write where it belongs: in the next batch, or in the command's transaction, whose writes stay in its
 * overlay until it commits. The collection exists when `run` is called in a transaction.
 */
export async function inWriter<T>(
  command: Command,
  engine: Engine,
  namespace: string,
  run: (writer: Writer) => T,
  traits?: OperationTraits,
): Promise<T> {
  const { transaction } = command;
  if (!transaction) return engine.queue.submit(run, { ...traits, unsynced: isUnsynced(command) });
  if (!engine.catalog.get(namespace))
    await engine.queue.submit((writer) => engine.catalog.ensure(writer, namespace));
  return run(transaction.view);
}

/** `j: false`: whoever says so would rather have the answer than be sure of the write. */
function isUnsynced({ body }: Command): boolean {
  const { w, j } = (body['writeConcern'] ?? {}) as Document;
  return j === false && w !== 'majority';
}

/** The collection to write to, made by the first write to it. */
export function collectionForWrite(
  command: Command,
  engine: Engine,
  writer: Writer,
  namespace: string,
): CollectionDefinition {
  if (!command.transaction) return engine.catalog.ensure(writer, namespace);
  const collection = engine.catalog.get(namespace);
  if (!collection) throw new ServerError(26, `ns not found ${namespace}`);
  touch(command, collection);
  return collection;
}

/** The transaction depends on the collection's indexes staying as they are. */
function touch(command: Command, collection: CollectionDefinition): void {
  const touched = command.transaction?.touched;
  if (touched && !touched.has(collection.namespace)) touched.set(collection.namespace, collection.version);
}

/** One entry of `writeErrors`. */
export function writeError(error: CommandError, index: number): Document {
  const fields = error instanceof ServerError ? error.fields : {};
  return { index, code: error.code, errmsg: error.message, ...fields };
}
