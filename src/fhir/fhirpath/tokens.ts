/** Splits a FHIRPath expression into tokens. https://hl7.org/fhirpath/N1/#lexical-elements */

export interface Token {
  kind: 'identifier' | 'string' | 'number' | 'date' | 'env' | 'special' | 'symbol' | 'end';
  text: string;
  /** True for `delimited` identifiers, which are never keywords. */
  quoted?: boolean;
}

/** An expression that is not FHIRPath; the message quotes the expression, which is never clinical data. */
export class FhirPathSyntaxError extends Error {
  override name = 'FhirPathSyntaxError';
}

const PATTERN = new RegExp(
  [
    /(?<space>\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)/,
    /(?<date>@T?\d[\d\-:.TZ+]*)/,
    /(?<number>\d+(?:\.\d+)?)/,
    /%(?:(?<env>[A-Za-z_][\w-]*)|`(?<envTicked>(?:[^`\\]|\\.)*)`|'(?<envQuoted>(?:[^'\\]|\\.)*)')/,
    /(?<special>\$[a-z]+)/,
    /'(?<string>(?:[^'\\]|\\[\s\S])*)'/,
    /`(?<delimited>(?:[^`\\]|\\.)*)`/,
    /(?<identifier>[A-Za-z_]\w*)/,
    /(?<symbol><=|>=|!=|!~|[.,()[\]{}|+\-*/&=~<>])/,
  ]
    .map((part) => part.source)
    .join('|'),
  'y',
);

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f' };

/** Escapes that FHIRPath does not know keep their backslash: authors write them in regular expressions. */
function unescape(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (whole, code?: string, char?: string) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    if (char !== undefined && ESCAPES[char] !== undefined) return ESCAPES[char];
    return char !== undefined && /['"`\\/]/.test(char) ? char : whole;
  });
}

function tokenOf(groups: Record<string, string | undefined>): Token | undefined {
  const { date, number, env, envTicked, envQuoted, special, string, delimited, identifier, symbol } = groups;
  const variable = env ?? envTicked ?? envQuoted;
  if (variable !== undefined) return { kind: 'env', text: variable };
  if (string !== undefined) return { kind: 'string', text: unescape(string) };
  if (delimited !== undefined) return { kind: 'identifier', text: unescape(delimited), quoted: true };
  if (identifier !== undefined) return { kind: 'identifier', text: identifier };
  if (symbol !== undefined) return { kind: 'symbol', text: symbol };
  if (number !== undefined) return { kind: 'number', text: number };
  if (date !== undefined) return { kind: 'date', text: date.slice(1) };
  if (special !== undefined) return { kind: 'special', text: special };
  return undefined;
}

export function tokenize(expression: string): Token[] {
  const tokens: Token[] = [];
  PATTERN.lastIndex = 0;
  while (PATTERN.lastIndex < expression.length) {
    const at = PATTERN.lastIndex;
    const match = PATTERN.exec(expression);
    if (match === null) throw new FhirPathSyntaxError(`Unexpected character at ${at} of "${expression}"`);
    const token = tokenOf(match.groups ?? {});
    if (token !== undefined) tokens.push(token);
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}
