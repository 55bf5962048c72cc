/** What there is of a name, as records of EHRs may have none. */
export function nameFrom(parts: readonly (string | null | undefined)[], between = ' '): string {
  return parts.filter(Boolean).join(between) || 'Name not known';
}

/** `follow_up` as "Follow up". */
export function wordsOf(code: string | null | undefined): string {
  if (code === null || code === undefined || code === '') return '–';
  const words = code.replace(/[_-]+/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
