import { crc32 } from 'node:zlib';
import { base62, randomText } from './sealing';

/**
 * `hrx_`, 32 random letters and digits (190 bits), 6 of checksum: a mistyped or cut key is refused without asking
 * the database, and scanners for leaked secrets can tell a key from chance.
 */
const FORM = /^hrx_[0-9A-Za-z]{38}$/;
const RANDOM = 32;

/** A new API key. */
export function newApiKey(): string {
  const body = `hrx_${randomText(RANDOM)}`;
  return body + checksum(body);
}

/** True when the text has the form of an API key and its checksum agrees. */
export function isApiKey(text: string): boolean {
  const cut = 'hrx_'.length + RANDOM;
  return FORM.test(text) && checksum(text.slice(0, cut)) === text.slice(cut);
}

function checksum(body: string): string {
  return base62(crc32(body), 6);
}
