import { mongo } from 'mongoose';

/** The bytes of a stored binary, without a copy. */
export function bytesOf(binary: mongo.Binary): Buffer {
  const view = binary.value();
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

export function binaryOf(bytes: Buffer): mongo.Binary {
  return new mongo.Binary(bytes);
}
