/** Entries of words, for `_text` and, where the operator wants it, `_content`. */
import type { Resource } from '@medplum/fhirtypes';
import { SHORTEST_WORD, cutEntry, wordEntry, wordsKey } from '../entries';
import { isContentIndexed } from '../parameters/content';
import { type WordsIn, wordsOf } from '../values/words';
import type { Collector } from './collector';

/** Words of one resource that get an entry; when it has more, the resource itself decides. */
const MAX_WORDS: Record<WordsIn, number> = { narrative: 100, content: 250 };

function addAll(resource: Resource, where: WordsIn, out: Collector): void {
  const key = wordsKey(where);
  let count = 0;
  for (const word of wordsOf(resource, where)) {
    if (word.length < SHORTEST_WORD) continue;
    if (++count > MAX_WORDS[where]) return void out.words.push(cutEntry(key));
    out.words.push(wordEntry(key, word));
  }
}

/** Adds the entries of a resource's words. */
export function addWords(resource: Resource, out: Collector): void {
  if ((resource as { text?: object }).text !== undefined) addAll(resource, 'narrative', out);
  if (isContentIndexed(resource.resourceType)) addAll(resource, 'content', out);
}
