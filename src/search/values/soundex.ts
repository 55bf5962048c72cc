/** Soundex of each word of a name, for the parameter `phonetic`. https://www.archives.gov/research/census/soundex */
import { fold } from './text';

const GROUPS = ['bfpv', 'cgjkqsxz', 'dt', 'l', 'mn', 'r'];
const DIGIT: ReadonlyMap<string, string> = new Map(
  GROUPS.flatMap((letters, i) => [...letters].map((letter): [string, string] => [letter, String(i + 1)])),
);

function soundexOf(word: string): string {
  let code = word.charAt(0);
  let last = DIGIT.get(word.charAt(0)) ?? '';
  for (const letter of word.slice(1)) {
    const digit = DIGIT.get(letter) ?? '';
    if (digit !== '' && digit !== last) code += digit;
    // h and w do not separate equal sounds, vowels do.
    if (letter !== 'h' && letter !== 'w') last = digit;
  }
  return code.slice(0, 4).padEnd(4, '0');
}

/** The codes of the words of a name; none for text without Latin letters. */
export function soundex(text: string): string[] {
  return (fold(text).match(/[a-z]+/g) ?? []).map(soundexOf);
}
