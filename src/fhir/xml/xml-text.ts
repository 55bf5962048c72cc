/** Namespaces, and the escaping of attribute values. */
import { ProblemError } from '../problem';

export const FHIR_NAMESPACE = 'http://hl7.org/fhir';
export const XHTML_NAMESPACE = 'http://www.w3.org/1999/xhtml';
export const MAX_DEPTH = 200;

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeOne(whole: string, name: string): string {
  if (!name.startsWith('#')) {
    const text = NAMED[name];
    if (text === undefined)
      throw new ProblemError('malformed', 'The body uses an entity that XML does not define.');
    return text;
  }
  const code = name.startsWith('#x')
    ? Number.parseInt(name.slice(2), 16)
    : Number.parseInt(name.slice(1), 10);
  if (!Number.isInteger(code) || code <= 0 || code > 0x10ffff) return whole;
  if (code >= 0xd800 && code <= 0xdfff)
    throw new ProblemError('malformed', 'The body names half of a surrogate pair, which is no character.');
  return String.fromCodePoint(code);
}

/** @throws ProblemError 400 for an entity that is not one of XML's five */
export function decodeEntities(text: string): string {
  return text.includes('&') ? text.replace(/&(#x[0-9A-Fa-f]+|#\d+|[A-Za-z][\w.-]*);/g, decodeOne) : text;
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A parser would turn these into spaces.
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

export function escapeAttribute(text: string): string {
  return text.replace(/[&<>"\n\r\t]/g, (char) => ESCAPES[char] ?? char);
}
