/** Narratives between JSON (one text) and XML (an element whose inside is not touched). */

/** HTML's names of U+00A0 to U+00FF, which XML does not know. */
const LATIN_1 = (
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ' +
  'ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ' +
  'ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring ' +
  'aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc ' +
  'uuml yacute thorn yuml'
).split(' ');

const PUNCTUATION: Record<string, number> = {
  ndash: 0x2013,
  mdash: 0x2014,
  lsquo: 0x2018,
  rsquo: 0x2019,
  sbquo: 0x201a,
  ldquo: 0x201c,
  rdquo: 0x201d,
  bdquo: 0x201e,
  bull: 0x2022,
  hellip: 0x2026,
  prime: 0x2032,
  Prime: 0x2033,
  euro: 0x20ac,
  trade: 0x2122,
  larr: 0x2190,
  rarr: 0x2192,
  minus: 0x2212,
  ne: 0x2260,
  le: 0x2264,
  ge: 0x2265,
  thinsp: 0x2009,
  ensp: 0x2002,
  emsp: 0x2003,
};

const CODE_POINTS = new Map([
  ...LATIN_1.map((name, i) => [name, 0xa0 + i] as const),
  ...Object.entries(PUNCTUATION),
]);

/** Writes HTML's named characters as numbers: XML without a DTD has five names only. */
function withoutHtmlNames(text: string): string {
  return text.replace(/&([A-Za-z][A-Za-z0-9]*);/g, (whole, name: string) => {
    const code = CODE_POINTS.get(name);
    return code === undefined ? whole : `&#${code};`;
  });
}

export interface Division {
  attributes: Record<string, string>;
  inside: string;
}

/** Takes `<div ...>...</div>` apart, everything inside as it is; undefined when it is no div. */
export function divisionOf(div: string): Division | undefined {
  const match =
    /^\s*<div((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(?:\/>|>([\s\S]*)<\/div\s*>)\s*$/.exec(div);
  if (match === null) return undefined;
  const attributes: Record<string, string> = {};
  for (const [, name = '', double, single] of (match[1] ?? '').matchAll(
    /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g,
  )) {
    attributes[name] = double ?? (single ?? '').replace(/"/g, '&quot;');
  }
  return { attributes, inside: withoutHtmlNames(match[2] ?? '') };
}

/** The text of a narrative from its attributes (as written, entities and all) and its inside. */
export function divisionText({ attributes, inside }: Division): string {
  const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`);
  return inside === '' ? `<div${written.join('')}/>` : `<div${written.join('')}>${inside}</div>`;
}
