import type { Filter } from './ast';

/**
 * What the bytes of a document alone tell of a filter, without decoding them: a text that is nowhere among them is the
 * value of no field. undefined: the document has to be looked at.
 */
export type BytesVerdict = (bytes: Buffer) => boolean | undefined;

/** Of more texts than this it is no longer cheaper to look for each than to decode the document. */
const MOST_TEXTS = 8;

/** The verdict of a filter; undefined where the bytes never tell. */
export function compileBytes(filter: Filter): BytesVerdict | undefined {
  switch (filter.op) {
    case 'and':
      return compileAll(filter.filters, false);
    case 'or':
      return compileAll(filter.filters, true);
    case 'nor':
      return negated(compileAll(filter.filters, true));
    case 'not':
      return negated(compileBytes(filter.filter));
    case 'never':
      return () => false;
    case 'eq':
      return absent([filter.value]);
    case 'in':
      return filter.regexes.length === 0 ? absent(filter.values) : undefined;
    case 'regex':
      // A stored expression of the same pattern satisfies it too.
      return absent([filter.regex.prefix, filter.regex.pattern]);
    case 'elemMatchObject':
      return impossible(compileBytes(filter.filter));
    case 'elemMatchValue':
      return impossible(compileAll(filter.filters, false));
    default:
      return undefined;
  }
}

/** Several together: one that is `decisive` decides, and all that are not do. */
function compileAll(filters: readonly Filter[], decisive: boolean): BytesVerdict | undefined {
  const parts = filters.map(compileBytes);
  if (parts.every((part) => part === undefined)) return undefined;
  return (bytes) => {
    let isOpen = false;
    for (const part of parts) {
      const verdict = part?.(bytes);
      if (verdict === decisive) return decisive;
      isOpen ||= verdict === undefined;
    }
    return isOpen ? undefined : !decisive;
  };
}

function negated(verdict: BytesVerdict | undefined): BytesVerdict | undefined {
  if (verdict === undefined) return undefined;
  return (bytes) => {
    const inner = verdict(bytes);
    return inner === undefined ? undefined : !inner;
  };
}

/** What no document like this satisfies no part of it does; what all do may still need an array to be there. */
function impossible(verdict: BytesVerdict | undefined): BytesVerdict | undefined {
  return verdict && ((bytes) => (verdict(bytes) === false ? false : undefined));
}

function absent(values: readonly unknown[]): BytesVerdict | undefined {
  if (values.length === 0 || values.length > MOST_TEXTS) return undefined;
  if (!values.every((value) => typeof value === 'string' && value !== '')) return undefined;
  const texts = values.map((value) => Buffer.from(value as string, 'utf8'));
  return (bytes) => (texts.some((text) => bytes.includes(text)) ? undefined : false);
}
