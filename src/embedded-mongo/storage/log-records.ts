import { crc32 } from 'node:zlib';
import type { TableName } from './environment';
import { TABLES } from './environment';

/** One key as a batch left it. */
export interface LoggedChange {
  readonly table: TableName;
  readonly key: Buffer;
  readonly value: Buffer | null;
}

/** Length and checksum of what follows. */
const HEADER_BYTES = 8;
/** Table, whether there is a value, length of the key, length of the value. */
const CHANGE_BYTES = 8;

/** A batch as one record of the log. */
export function encodeRecord(changes: readonly LoggedChange[]): Buffer {
  let size = HEADER_BYTES;
  for (const { key, value } of changes) size += CHANGE_BYTES + key.length + (value?.length ?? 0);
  const record = Buffer.allocUnsafeSlow(size);
  let at = HEADER_BYTES;
  for (const { table, key, value } of changes) {
    record[at] = TABLES.indexOf(table);
    record[at + 1] = value ? 1 : 0;
    record.writeUInt16LE(key.length, at + 2);
    record.writeUInt32LE(value?.length ?? 0, at + 4);
    at += CHANGE_BYTES;
    at += key.copy(record, at);
    if (value) at += value.copy(record, at);
  }
  record.writeUInt32LE(size - HEADER_BYTES, 0);
  record.writeUInt32LE(crc32(record.subarray(HEADER_BYTES)), 4);
  return record;
}

/** The changes of all whole records, in order; what follows the last whole one was never acknowledged. */
export function* decodeRecords(log: Buffer): Generator<LoggedChange, void, void> {
  for (let at = 0; at + HEADER_BYTES <= log.length;) {
    const size = log.readUInt32LE(at);
    const body = log.subarray(at + HEADER_BYTES, at + HEADER_BYTES + size);
    if (size === 0 || body.length < size || crc32(body) !== log.readUInt32LE(at + 4)) return;
    yield* decodeChanges(body);
    at += HEADER_BYTES + size;
  }
}

function* decodeChanges(body: Buffer): Generator<LoggedChange, void, void> {
  for (let at = 0; at < body.length;) {
    const table = TABLES[body[at] ?? 0] ?? 'catalog';
    const hasValue = body[at + 1] === 1;
    const keyEnd = at + CHANGE_BYTES + body.readUInt16LE(at + 2);
    const valueEnd = keyEnd + body.readUInt32LE(at + 4);
    const value = hasValue ? body.subarray(keyEnd, valueEnd) : null;
    yield { table, key: body.subarray(at + CHANGE_BYTES, keyEnd), value };
    at = valueEnd;
  }
}
