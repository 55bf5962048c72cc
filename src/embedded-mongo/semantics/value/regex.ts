import { CommandError, notSupported } from './command-error';

/** A regular expression of a query, with what an index can use of it. */
export interface CompiledRegex {
  readonly pattern: string;
  /** MongoDB's options, sorted. */
  readonly options: string;
  readonly test: (text: string) => boolean;
  /** Every match begins with this text (a case-sensitive pattern anchored by `^`); undefined when none is known. */
  readonly prefix: string | undefined;
  /** Whether the pattern matches everything that has the prefix, so that no residual test is needed. */
  readonly prefixOnly: boolean;
}

/** Patterns are PCRE in MongoDB: what JavaScript writes or means differently is translated or refused. */
const START = '(?<![\\s\\S])';
const END = '(?![\\s\\S])';
const END_OR_NEWLINE = `(?=\\n?${END})`;
const ESCAPES: Record<string, string> = {
  A: START,
  z: END,
  Z: END_OR_NEWLINE,
  s: '[\\t-\\r ]',
  S: '[^\\t-\\r ]',
  h: '[\\t \\u00a0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000]',
  a: '\\x07',
  e: '\\x1b',
  N: '[^\\n]',
};
const CLASS_ESCAPES: Record<string, string> = { s: '\\t-\\r ', a: '\\x07', e: '\\x1b', b: '\\x08' };
const POSIX: Record<string, string> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\t-\\r ',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9A-Fa-f',
  word: 'A-Za-z0-9_',
};
const SAME_ESCAPES = 'dDwWbBnrtf';
const SYNTAX = '^$\\.*+?()[]{}|/';

interface Scanner {
  readonly pattern: string;
  at: number;
  out: string;
  readonly flags: { i: boolean; m: boolean; s: boolean; x: boolean };
}

/**
 * Compiles a pattern with MongoDB's options (i, m, s, x; u has no effect).
 * @throws CommandError 51108 for another option, 51091 for a pattern that is none, 238 for PCRE syntax that
 * JavaScript's engine cannot run with the same meaning
 */
export function compileRegex(pattern: string, options: string): CompiledRegex {
  for (const option of options)
    if (!'imsxu'.includes(option)) throw new CommandError(51108, `invalid flag in regex options: ${option}`);
  if (pattern.includes('\0'))
    throw new CommandError(2, 'Regular expression cannot contain an embedded null byte');
  const leading = /^\(\?([imsx]+)\)/.exec(pattern);
  const inline = leading?.[1] ?? '';
  const has = (flag: string): boolean => options.includes(flag) || inline.includes(flag);
  const flags = { i: has('i'), m: has('m'), s: has('s'), x: has('x') };
  const scanner: Scanner = { pattern, at: leading?.[0].length ?? 0, out: '', flags };
  while (scanner.at < pattern.length) translateNext(scanner);
  const regex = build(scanner.out, flags.i ? 'iu' : 'u', pattern);
  const anchored = leading ? undefined : literalPrefix(pattern, flags);
  return {
    pattern,
    options: [...new Set(options)].sort().join(''),
    test: (text) => regex.test(text),
    prefix: anchored?.prefix,
    prefixOnly: anchored?.whole ?? false,
  };
}

function build(source: string, flags: string, pattern: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*: /, '') : 'invalid';
    throw new CommandError(
      51091,
      `Regular expression is invalid: ${reason} (pattern of ${pattern.length} characters)`,
    );
  }
}

function translateNext(scanner: Scanner): void {
  const { pattern, flags } = scanner;
  const char = String.fromCodePoint(pattern.codePointAt(scanner.at) ?? 0);
  if (flags.x && /[\t-\r ]/.test(char)) return emit(scanner, char.length, '');
  if (flags.x && char === '#') {
    const end = pattern.indexOf('\n', scanner.at);
    return emit(scanner, (end < 0 ? pattern.length : end + 1) - scanner.at, '');
  }
  switch (char) {
    case '\\':
      return translateEscape(scanner);
    case '[':
      return translateClass(scanner);
    case '(':
      return translateGroup(scanner);
    case '.':
      return emit(scanner, 1, flags.s ? '[\\s\\S]' : '[^\\n]');
    case '^':
      return emit(scanner, 1, flags.m ? '(?<![^\\n])' : START);
    case '$':
      return emit(scanner, 1, flags.m ? '(?![^\\n])' : END_OR_NEWLINE);
    case '*':
    case '+':
    case '?':
      return translateQuantifier(scanner, 1);
    case '{':
      return translateBrace(scanner);
    case ']':
    case '}':
      return emit(scanner, 1, `\\${char}`);
    default:
      return emit(scanner, char.length, char);
  }
}

function emit(scanner: Scanner, consumed: number, text: string): void {
  scanner.at += consumed;
  scanner.out += text;
}

function translateQuantifier(scanner: Scanner, length: number): void {
  if (scanner.pattern[scanner.at + length] === '+')
    throw notSupported('A possessive quantifier in a regular expression');
  emit(scanner, length, scanner.pattern.slice(scanner.at, scanner.at + length));
}

/** A brace that is no quantifier is a literal to PCRE. */
function translateBrace(scanner: Scanner): void {
  const quantifier = /^\{\d+(?:,\d*)?\}/.exec(scanner.pattern.slice(scanner.at));
  if (quantifier) translateQuantifier(scanner, quantifier[0].length);
  else emit(scanner, 1, '\\{');
}

function translateEscape(scanner: Scanner): void {
  const next = scanner.pattern[scanner.at + 1] ?? '';
  if (next === 'Q') {
    const end = scanner.pattern.indexOf('\\E', scanner.at);
    const literal = scanner.pattern.slice(scanner.at + 2, end < 0 ? undefined : end);
    return emit(scanner, literal.length + (end < 0 ? 2 : 4), escapeLiteral(literal));
  }
  const hex = /^\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(scanner.pattern.slice(scanner.at));
  if (hex) return emit(scanner, hex[0].length, `\\u{${hex[1] ?? hex[2] ?? ''}}`);
  const property = /^\\[pP]\{\^?(?:L|Lu|Ll|Lt|Lm|Lo|M|Mn|Mc|N|Nd|Nl|No|P|S|Z|Zs)\}/.exec(
    scanner.pattern.slice(scanner.at),
  );
  if (property && !property[0].includes('^')) return emit(scanner, property[0].length, property[0]);
  const mapped = Object.hasOwn(ESCAPES, next) ? ESCAPES[next] : undefined;
  if (mapped !== undefined) return emit(scanner, 2, mapped);
  if (/[1-9]/.test(next) || (next !== '' && SAME_ESCAPES.includes(next)))
    return emit(scanner, 2, `\\${next}`);
  if (next === '') throw new CommandError(51091, 'Regular expression is invalid: \\ at end of pattern');
  if (/[A-Za-z0-9]/.test(next)) throw notSupported(`The escape \\${next} in a regular expression`);
  const char = String.fromCodePoint(scanner.pattern.codePointAt(scanner.at + 1) ?? 0);
  emit(scanner, 1 + char.length, escapeLiteral(char));
}

function escapeLiteral(text: string): string {
  return [...text].map((char) => (SYNTAX.includes(char) ? `\\${char}` : char)).join('');
}

function translateGroup(scanner: Scanner): void {
  const rest = scanner.pattern.slice(scanner.at);
  const opening = /^\((?:\?(?::|=|!|<=|<!|P?<[A-Za-z_]\w*>))?/.exec(rest)?.[0] ?? '(';
  if (opening === '(' && /^\([?*]/.test(rest))
    throw notSupported(`The group ${rest.slice(0, 3)} in a regular expression`);
  emit(scanner, opening.length, opening.replace('?P<', '?<'));
}

/** A bracket expression, item by item: PCRE allows `[` and POSIX classes inside, JavaScript's `u` wants escapes. */
function translateClass(scanner: Scanner): void {
  const { pattern } = scanner;
  let at = scanner.at + 1;
  let out = '[';
  if (pattern[at] === '^') {
    out += '^';
    at += 1;
  }
  for (let first = true; first || pattern[at] !== ']'; first = false) {
    if (at >= pattern.length)
      throw new CommandError(
        51091,
        'Regular expression is invalid: missing terminating ] for character class',
      );
    const [text, length] = classItem(pattern, at);
    out += text;
    at += length;
  }
  emit(scanner, at + 1 - scanner.at, `${out}]`);
}

function classItem(pattern: string, at: number): [text: string, length: number] {
  const rest = pattern.slice(at, at + 16);
  const posix = /^\[:(\w+):\]/.exec(rest);
  if (posix) {
    const range = Object.hasOwn(POSIX, posix[1] ?? '') ? POSIX[posix[1] ?? ''] : undefined;
    if (range === undefined) throw notSupported(`The class ${posix[0]} in a regular expression`);
    return [range, posix[0].length];
  }
  if (/^\[[:.=]/.test(rest)) throw notSupported('This bracket expression in a regular expression');
  const char = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
  if (char !== '\\') return [char === '-' || !SYNTAX.includes(char) ? char : `\\${char}`, char.length];
  const hex = /^\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(rest);
  if (hex) return [`\\u{${hex[1] ?? hex[2] ?? ''}}`, hex[0].length];
  const next = pattern[at + 1] ?? '';
  const mapped = Object.hasOwn(CLASS_ESCAPES, next) ? CLASS_ESCAPES[next] : undefined;
  if (mapped !== undefined) return [mapped, 2];
  if (next !== '' && 'dDwWnrtf'.includes(next)) return [`\\${next}`, 2];
  if (/[A-Za-z0-9]/.test(next)) throw notSupported(`The escape \\${next} in a character class`);
  return [next === '-' ? '\\-' : escapeLiteral(next), 2];
}

/** The literal text after `^`, up to the first thing that is not literal (a quantified character excluded). */
function literalPrefix(
  pattern: string,
  flags: { i: boolean; m: boolean; x: boolean },
): { prefix: string; whole: boolean } | undefined {
  if (flags.i || flags.m || flags.x || !pattern.startsWith('^') || pattern.includes('|')) return undefined;
  const match = /^\^((?:[^\\^$.*+?()[\]{}|]|\\[^A-Za-z0-9])*)/.exec(pattern);
  let source = match?.[1] ?? '';
  const rest = pattern.slice(1 + source.length);
  if (/^[*?{+]/.test(rest)) source = source.replace(/(?:\\.|[\s\S])$/u, '');
  if (/^[*?{+]/.test(source)) return undefined;
  const prefix = source.replace(/\\([\s\S])/g, '$1');
  if (prefix === '') return undefined;
  return { prefix, whole: rest === '' };
}
