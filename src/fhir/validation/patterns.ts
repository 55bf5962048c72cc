/** Fixed values and patterns. https://hl7.org/fhir/R4/elementdefinition.html#ElementDefinition.pattern[x] */

const isContainer = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Equal in every part; the order of keys does not matter. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isContainer(a) || !isContainer(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => isEqual(a[key], b[key]));
}

/** Everything in the pattern is in the value; each item of a list in the pattern is matched by some item. */
export function matchesPattern(pattern: unknown, value: unknown): boolean {
  if (!isContainer(pattern)) return pattern === value;
  if (Array.isArray(pattern)) {
    return (
      Array.isArray(value) && pattern.every((item) => value.some((other) => matchesPattern(item, other)))
    );
  }
  return (
    isContainer(value) && Object.entries(pattern).every(([key, item]) => matchesPattern(item, value[key]))
  );
}
