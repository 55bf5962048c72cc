/** Prefixes of elements and the namespaces they stand for. https://www.w3.org/TR/xml-names/ */
import { ProblemError } from '../problem';
import { XHTML_NAMESPACE } from './xml-text';

/** Namespaces by prefix; the empty prefix is the default namespace. */
export type Namespaces = ReadonlyMap<string, string>;

export const NO_NAMESPACES: Namespaces = new Map();

/** The prefix that an attribute declares; undefined when it declares none. */
function declaredPrefix(attribute: string): string | undefined {
  if (attribute === 'xmlns') return '';
  return attribute.startsWith('xmlns:') ? attribute.slice('xmlns:'.length) : undefined;
}

/** What holds within an element that has these attributes. */
export function namespacesWithin(
  outer: Namespaces,
  attributes: Readonly<Record<string, string>>,
): Namespaces {
  let inner: Map<string, string> | undefined;
  for (const [name, value] of Object.entries(attributes)) {
    const prefix = declaredPrefix(name);
    if (prefix !== undefined) inner = (inner ?? new Map(outer)).set(prefix, value);
  }
  return inner ?? outer;
}

/** The name without its prefix, and the namespace it is in; undefined when the prefix is not declared. */
export function resolveName(
  name: string,
  namespaces: Namespaces,
): { local: string; namespace: string | undefined } {
  const colon = name.indexOf(':');
  return {
    local: name.slice(colon + 1),
    namespace: namespaces.get(colon < 0 ? '' : name.slice(0, colon)),
  };
}

/** Attributes that say where names come from and nothing about the element. */
export const isAboutNamespaces = (name: string): boolean =>
  declaredPrefix(name) !== undefined || name.endsWith(':schemaLocation');

/** Prefixes that stand for XHTML somewhere in a document, of those that are plain words. */
export function xhtmlPrefixes(text: string): string[] {
  const found = text.matchAll(/\sxmlns:([\w-]+)\s*=\s*(["'])([^"']*)\2/g);
  return [
    ...new Set([...found].flatMap(([, prefix = '', , uri]) => (uri === XHTML_NAMESPACE ? prefix : []))),
  ];
}

/** Attributes without declarations of prefixes for XHTML: there is no such prefix left. */
function withoutXhtmlPrefixes(attributes: string): string {
  return attributes.replace(/\s+xmlns:[\w.-]+\s*=\s*(?:"([^"]*)"|'([^']*)')/g, (whole, double, single) =>
    (double ?? single) === XHTML_NAMESPACE ? '' : whole,
  );
}

function declarationsIn(attributes: string): Record<string, string> {
  const found = attributes.matchAll(/(?<=\s)(xmlns(?::[\w.-]+)?)\s*=\s*(?:"([^"]*)"|'([^']*)')/g);
  return Object.fromEntries(
    [...found].map(([, name = '', double, single]) => [name, double ?? single ?? '']),
  );
}

const PIECE =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<(\/?)([^\s/>]+)((?:[^>"'/]|\/(?!>)|"[^"]*"|'[^']*')*)(\/?)>/g;

/**
 * The inside of a narrative with its elements named without prefixes, as JSON has them.
 * @throws ProblemError 400 for an element that is not XHTML
 */
export function xhtmlWithoutPrefixes(inside: string, within: Namespaces): string {
  const open: Namespaces[] = [within];
  return inside.replace(
    PIECE,
    (piece: string, closing?: string, name?: string, attributes = '', empty = '') => {
      if (name === undefined) return piece;
      if (closing === '/') {
        open.pop();
        return `</${name.slice(name.indexOf(':') + 1)}>`;
      }
      const namespaces = namespacesWithin(open.at(-1) ?? within, declarationsIn(attributes));
      const { local, namespace } = resolveName(name, namespaces);
      if (namespace !== XHTML_NAMESPACE)
        throw new ProblemError(
          'malformed',
          'The narrative has an element that is not in the XHTML namespace.',
        );
      if (empty !== '/') open.push(namespaces);
      return `<${local}${withoutXhtmlPrefixes(attributes)}${empty}>`;
    },
  );
}

/** The attributes of a narrative that declares the namespace of XHTML by itself, as JSON has it. */
export function divisionAttributes(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(attributes).filter(
    ([name, value]) => !(name.startsWith('xmlns:') && value === XHTML_NAMESPACE),
  );
  return attributes['xmlns'] === XHTML_NAMESPACE
    ? Object.fromEntries(kept)
    : { xmlns: XHTML_NAMESPACE, ...Object.fromEntries(kept.filter(([name]) => name !== 'xmlns')) };
}
