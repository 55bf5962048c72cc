import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The master key is missing, malformed or another one than the database knows: one line for the operator. */
export class MasterKeyError extends Error {
  override name = 'MasterKeyError';
}

const BYTES = 32;

/**
 * The secret that seals all others. It comes from `CROSSWALK_MASTER_KEY` (base64 of 32 bytes or more; the same on
 * every host), else from `DATA_DIR/master.key`, which is made at the first start and readable by its owner only.
 * @throws MasterKeyError
 */
export async function loadMasterKey(source: {
  masterKey: string | undefined;
  dataDir: string;
}): Promise<Buffer> {
  if (source.masterKey !== undefined) return decode(source.masterKey, 'CROSSWALK_MASTER_KEY');
  const file = join(source.dataDir, 'master.key');
  const found = (await readKey(file)) ?? (await makeKey(source.dataDir, file));
  return decode(found, file);
}

function decode(text: string, where: string): Buffer {
  const bytes = Buffer.from(text.trim(), 'base64');
  if (bytes.length < BYTES) {
    throw new MasterKeyError(
      `${where} must be base64 of at least ${BYTES} bytes (try: openssl rand -base64 32).`,
    );
  }
  return bytes;
}

async function readKey(file: string): Promise<string | undefined> {
  try {
    const text = await readFile(file, 'utf8');
    await chmod(file, 0o600);
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(file, error);
  }
}

/** Written whole beside its place, then linked into it: of several processes that start at once one wins. */
async function makeKey(dataDir: string, file: string): Promise<string> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(dataDir, { recursive: true });
    await writeFile(draft, `${randomBytes(BYTES).toString('base64')}\n`, {
      mode: 0o600,
      flag: 'wx',
      flush: true,
    });
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await unlink(draft);
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unusable(file, error);
  }
}

function unusable(file: string, error: unknown): MasterKeyError {
  const reason = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
  return new MasterKeyError(`The master key ${file} cannot be used (${reason}).`, { cause: error });
}
