/** Words of narratives and of whole resources, for `_text` and `_content`. */
import type { Resource } from '@medplum/fhirtypes';
import { fold } from './text';

/** Where words are looked for: `_text` in the narrative, `_content` in every text of the resource. */
export type WordsIn = 'narrative' | 'content';

function strings(value: unknown, into: string[]): void {
  if (typeof value === 'string') into.push(value);
  else if (typeof value === 'object' && value !== null)
    for (const key in value) strings((value as Record<string, unknown>)[key], into);
}

const withoutTags = (html: string): string => html.replace(/<[^>]*>/g, ' ').replace(/&[a-z#0-9]+;/gi, ' ');

function textOf(resource: Resource, where: WordsIn): string {
  const div = (resource as { text?: { div?: string } }).text?.div;
  const narrative = div === undefined ? '' : withoutTags(div);
  if (where === 'narrative') return narrative;
  const all: string[] = [narrative];
  strings({ ...resource, text: undefined }, all);
  return all.join(' ');
}

/** The words of a text, folded like strings. */
export function wordsOfText(text: string): string[] {
  return text === ''
    ? []
    : fold(text)
        .split(/[^\p{L}\p{N}]+/u)
        .filter((word) => word !== '');
}

/** The words of a resource, each once. */
export function wordsOf(resource: Resource, where: WordsIn): ReadonlySet<string> {
  return new Set(wordsOfText(textOf(resource, where)));
}

/** Whether all the words begin words of the resource. */
export function containsWords(resource: Resource, where: WordsIn, wanted: readonly string[]): boolean {
  const words = [...wordsOf(resource, where)];
  return wanted.every((word) => words.some((each) => each.startsWith(word)));
}
