/** A file, line by line, as bytes: what is hashed is what stands there, so nothing is decoded that need not be. */
import { open, stat } from 'node:fs/promises';

/** Bytes read at a time. */
const PIECE = 1 << 20;
/** The longest line that is held as one text. Bytes. */
const LONGEST = 1 << 28;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Lines without their endings, a piece of the file at a time. The bytes are the reader's to change. */
export async function* linesOf(path: string): AsyncGenerator<Buffer[]> {
  const file = await open(path);
  try {
    let rest: Buffer[] = [];
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE);
      const { bytesRead } = await file.read(piece, 0, PIECE);
      if (bytesRead === 0) break;
      const lines: Buffer[] = [];
      let from = 0;
      for (let to = end(piece, from, bytesRead); to >= 0; to = end(piece, from, bytesRead)) {
        const line = piece.subarray(from, to);
        lines.push(withoutReturn(rest.length === 0 ? line : Buffer.concat([...rest, line])));
        rest = [];
        from = to + 1;
      }
      if (from < bytesRead) rest.push(piece.subarray(from, bytesRead));
      if (lines.length > 0) yield lines;
    }
    if (rest.length > 0) yield [withoutReturn(Buffer.concat(rest))];
  } finally {
    await file.close();
  }
}

function end(piece: Buffer, from: number, length: number): number {
  const at = piece.indexOf(NEWLINE, from);
  return at < length ? at : -1;
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === RETURN ? line.subarray(0, -1) : line;
}

/** Bytes of the file from one place to before another, as text. */
export async function slice(path: string, from: number, to: number): Promise<string> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(Math.max(0, to - from));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * The last line that is not blank, looked for from the end of the file, growing.
 * @param limit bytes that are looked at at most.
 * @returns undefined when the line is longer.
 */
export async function lastLine(path: string, limit = LONGEST): Promise<string | undefined> {
  const { size } = await stat(path);
  for (let length = 1 << 16; length <= limit; length *= 16) {
    const start = Math.max(0, size - length);
    const lines = (await slice(path, start, size)).trimEnd().split(/\r?\n/);
    const last = lines.pop() ?? '';
    if (lines.length > 0 || start === 0) return last;
  }
  return undefined;
}
