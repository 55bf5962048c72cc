/** Values with escapes. https://hl7.org/fhir/R4/search.html#escaping */

/** Splits at a character that has no backslash before it; the parts keep their escapes. */
export function splitEscaped(text: string, separator: ',' | '|' | '$'): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === separator) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

/** A text as the value of a parameter: what would separate values or parts of them stands for itself. */
export function escapeValue(text: string): string {
  return text.replace(/[\\,$|]/g, '\\$&');
}

/** Takes the escapes of `\,`, `\|`, `\$` and `\\` away. */
export function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/\\([,|$\\])/g, '$1') : text;
}

/** Prefixes of ordered values. https://hl7.org/fhir/R4/search.html#prefix */
export type Prefix = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap';

const PREFIXED = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)(?=[\d+.-])/;

export function splitPrefix(text: string): { prefix: Prefix; rest: string } {
  const prefix = PREFIXED.exec(text)?.[1] as Prefix | undefined;
  return prefix === undefined ? { prefix: 'eq', rest: text } : { prefix, rest: text.slice(2) };
}
