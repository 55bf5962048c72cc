import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** A file that came in, on disk and not in memory. It has no name there: when it is closed or the process ends, it is gone. */
export interface ReceivedFile {
  /** Keeps what comes, at the speed of the disk. */
  keep(stream: Readable): Promise<void>;
  read(): Promise<Buffer>;
  close(): Promise<void>;
}

export async function receiveFile(): Promise<ReceivedFile> {
  const path = join(tmpdir(), `crosswalk-upload-${randomUUID()}`);
  const handle: FileHandle = await open(path, 'wx+', 0o600);
  await unlink(path);
  return {
    async keep(stream) {
      for await (const chunk of stream) await handle.appendFile(chunk as Buffer);
    },
    async read() {
      const { size } = await handle.stat();
      const bytes = Buffer.allocUnsafe(size);
      let at = 0;
      while (at < size) {
        const { bytesRead } = await handle.read(bytes, at, size - at, at);
        if (bytesRead === 0) throw new Error('A received file is shorter than it was.');
        at += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}
