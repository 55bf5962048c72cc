/** What the system said of a path, and what that means to who gave it. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EEXIST: 'it exists already',
};

/** A command's failure as a sentence: Node's own words for files name system calls. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path, dest }: NodeJS.ErrnoException & { dest?: string } = error;
  const reason = code === undefined ? undefined : REASONS[code];
  const file = dest ?? path;
  if (reason === undefined || file === undefined) return error.message;
  return `${file} cannot be opened or written: ${reason}.`;
}
