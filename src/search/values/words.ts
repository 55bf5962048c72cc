/** Words of narratives and of whole resources, for `_text` and `_content`. */
import type { Resource } from '@medplum/fhirtypes';
import { fold } from './text';

function strings(value: unknown, into: string[]): void {
  if (typeof value === 'string') into.push(value);
  else if (typeof value === 'object' && value !== null)
    for (const key in value) strings((value as Record<string, unknown>)[key], into);
}

const withoutTags = (html: string): string => html.replace(/<[^>]*>/g, ' ').replace(/&[a-z#0-9]+;/gi, ' ');

function textOf(resource: Resource, where: 'narrative' | 'content'): string {
  const narrative = withoutTags((resource as { text?: { div?: string } }).text?.div ?? '');
  if (where === 'narrative') return narrative;
  const all: string[] = [narrative];
  strings({ ...resource, text: undefined }, all);
  return all.join(' ');
}

/** Whether one alternative's words all begin words of the text. */
export function containsWords(
  resource: Resource,
  where: 'narrative' | 'content',
  alternatives: readonly (readonly string[])[],
): boolean {
  const words = fold(textOf(resource, where)).split(/[^\p{L}\p{N}]+/u);
  return alternatives.some((wanted) => wanted.every((word) => words.some((each) => each.startsWith(word))));
}
