/** The reply of find, aggregate and getMore, with the documents copied in as they lie in the file. */
export function encodeCursorReply(
  batchName: 'firstBatch' | 'nextBatch',
  documents: readonly Buffer[],
  id: bigint,
  namespace: string,
): Buffer {
  const batch = encodeArray(documents);
  const nsBytes = Buffer.byteLength(namespace) + 1;
  const cursorSize = 4 + (1 + batchName.length + 1) + batch.length + (1 + 3 + 8) + (1 + 3 + 4 + nsBytes) + 1;
  const size = 4 + (1 + 7) + cursorSize + (1 + 3 + 8) + 1;
  const reply = Buffer.allocUnsafe(size);
  let at = reply.writeInt32LE(size, 0);
  at = element(reply, at, 0x03, 'cursor');
  at = reply.writeInt32LE(cursorSize, at);
  at = element(reply, at, 0x04, batchName);
  at += batch.copy(reply, at);
  at = element(reply, at, 0x12, 'id');
  at = reply.writeBigInt64LE(id, at);
  at = element(reply, at, 0x02, 'ns');
  at = reply.writeInt32LE(nsBytes, at);
  at += reply.write(namespace, at);
  at = reply.writeUInt8(0, at);
  at = reply.writeUInt8(0, at);
  at = element(reply, at, 0x01, 'ok');
  at = reply.writeDoubleLE(1, at);
  reply.writeUInt8(0, at);
  return reply;
}

function element(target: Buffer, at: number, type: number, name: string): number {
  target[at] = type;
  const end = at + 1 + target.write(name, at + 1, 'latin1');
  target[end] = 0;
  return end + 1;
}

/** A BSON array of encoded documents. */
function encodeArray(documents: readonly Buffer[]): Buffer {
  let size = 5;
  for (let i = 0; i < documents.length; i++) size += 2 + String(i).length + (documents[i] as Buffer).length;
  const array = Buffer.allocUnsafe(size);
  let at = array.writeInt32LE(size, 0);
  for (let i = 0; i < documents.length; i++) {
    at = element(array, at, 0x03, String(i));
    at += (documents[i] as Buffer).copy(array, at);
  }
  array[at] = 0;
  return array;
}
