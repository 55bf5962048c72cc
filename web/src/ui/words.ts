/** `follow_up` as "Follow up". */
export function wordsOf(code: string | null | undefined): string {
  if (code === null || code === undefined || code === '') return '–';
  const words = code.replace(/[_-]+/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
