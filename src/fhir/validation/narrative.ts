/**
 * The XHTML of narratives: well-formed, and only what R4 allows (txt-1). That it is not empty (txt-2) is not
 * demanded: three of the standard's own examples are. https://hl7.org/fhir/R4/narrative.html
 */

const ELEMENTS = new Set(
  (
    'a abbr acronym b big blockquote br caption cite code col colgroup dd del dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li map area ' +
    'ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var'
  ).split(' '),
);

const ATTRIBUTES = new Set(
  (
    'abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset cite class ' +
    'color colspan compact coords datetime dir frame headers height href hreflang hspace id lang longdesc name nohref noshade nowrap rel rev ' +
    'rowspan rules scope shape span src start style summary tabindex title type usemap valign value vspace width xml:lang xml:space xmlns'
  ).split(' '),
);

const PIECE =
  /<!--[\s\S]*?-->|<(\/?)([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/y;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const STRAY_AMPERSAND = /&(?!(?:[A-Za-z][A-Za-z0-9]*|#\d+|#x[0-9A-Fa-f]+);)/;

function attributeProblem(attributes: string): string | undefined {
  for (const [, name = '', double, single] of attributes.matchAll(ATTRIBUTE)) {
    const value = double ?? single ?? '';
    if (!ATTRIBUTES.has(name) && !name.startsWith('xmlns:'))
      return 'has an attribute that narratives may not have';
    if ((name === 'href' || name === 'src') && /^\s*(?:javascript|vbscript):/i.test(value))
      return 'has a link to a script';
    if (STRAY_AMPERSAND.test(value)) return 'is not well-formed XHTML';
  }
  return undefined;
}

const NOT_WELL_FORMED = 'is not well-formed XHTML';

interface Walk {
  open: string[];
  roots: number;
}

/** Takes one piece into account; a string names what is wrong. */
function step(match: RegExpExecArray, walk: Walk): string | undefined {
  const [piece, closing, name, attributes = '', selfClosing] = match;
  if (name === undefined) {
    if (piece.startsWith('<!--')) return undefined;
    if (piece.trim() === '') return undefined;
    return walk.open.length === 0 || STRAY_AMPERSAND.test(piece) ? NOT_WELL_FORMED : undefined;
  }
  if (closing === '/') return walk.open.pop() === name ? undefined : NOT_WELL_FORMED;
  if (walk.open.length === 0 && ++walk.roots > 1) return NOT_WELL_FORMED;
  if (walk.open.length === 0 && name !== 'div') return 'must be a div element';
  if (!ELEMENTS.has(name)) return 'has an element that narratives may not have';
  if (selfClosing !== '/') walk.open.push(name);
  return attributes === '' ? undefined : attributeProblem(attributes);
}

/** What is wrong with the text of `Narrative.div`, without repeating any of it. */
export function narrativeProblem(div: string): string | undefined {
  const walk: Walk = { open: [], roots: 0 };
  const text = div.trim();
  if (!/^<div[\s>/]/.test(text)) return 'must be a div element';
  if (!/^<div[^>]*xmlns\s*=\s*["']http:\/\/www\.w3\.org\/1999\/xhtml["']/.test(text))
    return 'must be in the XHTML namespace';
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < text.length) {
    const match = PIECE.exec(text);
    if (match === null) return NOT_WELL_FORMED;
    const problem = step(match, walk);
    if (problem !== undefined) return problem;
  }
  return walk.open.length > 0 ? NOT_WELL_FORMED : undefined;
}
