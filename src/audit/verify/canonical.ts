/**
 * JSON in the one form that is hashed: RFC 8785, JSON Canonicalization Scheme. ECMAScript's own number and string
 * forms are the scheme's, so what is left is the order of keys: by UTF-16 code units, which is what `sort` does.
 * Written out here, although the server seals with the `canonicalize` package, so that a reviewer's verifier
 * depends on nothing; the tests hold the two against each other.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
