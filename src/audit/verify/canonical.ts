/**
 * JSON in the one form that is hashed: RFC 8785, JSON Canonicalization Scheme. ECMAScript's own number and string
 * forms are the scheme's, so what is left is the order of keys: by UTF-16 code units, which is what `sort` does.
 * Written out here, although the server seals with the `canonicalize` package, so that a reviewer's verifier
 * depends on nothing; the tests hold the two against each other.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) return canonicalObject(value as Record<string, unknown>);
  return JSON.stringify(value) ?? 'null';
}

function canonicalObject(object: Record<string, unknown>): string {
  let text = '{';
  for (const key of Object.keys(object).sort()) {
    const member = object[key];
    if (member === undefined) continue;
    text += `${text.length > 1 ? ',' : ''}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `${text}}`;
}
