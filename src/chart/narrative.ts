import type { Narrative } from '@medplum/fhirtypes';

const XHTML = 'http://www.w3.org/1999/xhtml';

/** Characters that XML reads as something else; a carriage return would become a line feed. */
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
};

/** Plain text as a narrative. https://hl7.org/fhir/R4/narrative.html */
export function narrativeOf(text: string): Narrative {
  const escaped = text.replace(/[&<>"\r]/g, (character) => ESCAPES[character] ?? character);
  return { status: 'additional', div: `<div xmlns="${XHTML}"><pre>${escaped}</pre></div>` };
}

/** The text of a narrative, whoever wrote it: blocks become lines, other tags go. */
export function narrativeText({ div }: Narrative): string | undefined {
  const own = /^<div xmlns="http:\/\/www\.w3\.org\/1999\/xhtml"><pre>([^<]*)<\/pre><\/div>$/.exec(
    div ?? '',
  )?.[1];
  if (own !== undefined) return unescaped(own);
  const lines = (div ?? '')
    .replace(/<(?:br|\/p|\/div|\/li|\/tr|\/h[1-6])\b[^>]*>/g, '\n')
    .replace(/<[^>]*>/g, '');
  const text = unescaped(lines)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
  return text === '' ? undefined : text;
}

function unescaped(text: string): string {
  return text.replace(
    /&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi,
    (all, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? all;
      const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      return point <= 0x10ffff ? String.fromCodePoint(point) : all;
    },
  );
}
