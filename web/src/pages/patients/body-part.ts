/** "Left forearm" as the API names it: `left_forearm`. */
export function bodyPartOf(words: string): string {
  return words.trim().toLowerCase().replace(/\s+/g, '_');
}
