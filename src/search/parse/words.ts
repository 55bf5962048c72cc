/**
 * What `_text` and `_content` ask for: `(bone OR liver) and metastases`. https://hl7.org/fhir/R4/search.html#content
 * Words side by side must all be there, and each begins a word of the text; a comma is an OR.
 */
import { allOf, anyOf, negate } from '../matches';
import type { Match } from '../types';
import { wordsOfText } from '../values/words';
import { MAX_DEPTH, type ParseContext, report } from './issues';

type Where = Pick<Extract<Match, { kind: 'text' }>, 'where' | 'indexed'>;

interface Reader {
  tokens: readonly string[];
  at: number;
  depth: number;
  /** A bracket is not closed, or brackets are too deep. */
  failed: boolean;
  where: Where;
}

const OPERAND_ENDS: ReadonlySet<string | undefined> = new Set([undefined, ')', ',']);

/** Whether an operator stands here: between two operands, else it is a word like others. */
function isOperator({ tokens, at }: Reader, operator: string): boolean {
  return tokens[at]?.toLowerCase() === operator && !OPERAND_ENDS.has(tokens[at + 1]);
}

function readWords(reader: Reader): Match | undefined {
  const words = wordsOfText(reader.tokens[reader.at++] ?? '');
  return words.length === 0 ? undefined : { kind: 'text', ...reader.where, words };
}

function readOperand(reader: Reader): Match | undefined {
  if (OPERAND_ENDS.has(reader.tokens[reader.at])) return undefined;
  if (isOperator(reader, 'not')) {
    reader.at++;
    const match = readOperand(reader);
    return match && negate(match);
  }
  if (reader.tokens[reader.at] !== '(') return readWords(reader);
  reader.at++;
  reader.depth++;
  reader.failed ||= reader.depth > MAX_DEPTH;
  const match = reader.failed ? undefined : readAny(reader);
  reader.failed ||= reader.tokens[reader.at++] !== ')';
  reader.depth--;
  return match;
}

function readAll(reader: Reader): Match | undefined {
  const matches: (Match | undefined)[] = [];
  do {
    if (matches.length > 0 && isOperator(reader, 'and')) reader.at++;
    matches.push(readOperand(reader));
  } while (!OPERAND_ENDS.has(reader.tokens[reader.at]) && !isOperator(reader, 'or'));
  const found = matches.filter((match) => match !== undefined);
  return found.length === 0 ? undefined : joined(found);
}

/** Words side by side are one question. */
function joined(matches: readonly Match[]): Match {
  const [first] = matches;
  const words = matches.flatMap((match) => (match.kind === 'text' ? match.words : []));
  if (first?.kind !== 'text') return allOf(matches);
  const others = matches.filter(({ kind }) => kind !== 'text');
  return allOf([{ ...first, words: [...new Set(words)] }, ...others]);
}

function readAny(reader: Reader): Match {
  const matches: (Match | undefined)[] = [readAll(reader)];
  while (reader.tokens[reader.at] === ',' || isOperator(reader, 'or')) {
    reader.at++;
    matches.push(readAll(reader));
  }
  const found = matches.filter((match) => match !== undefined);
  reader.failed ||= found.length < matches.length;
  return anyOf(found);
}

/** The match of a value of `_text` or `_content`; undefined, with an issue in the context, when it asks for nothing. */
export function wordsMatch(value: string, where: Where, context: ParseContext): Match | undefined {
  const tokens = value.replace(/\\./g, ' ').match(/[(),]|"[^"]*"|[^\s(),"]+/g) ?? [];
  const reader: Reader = { tokens, at: 0, depth: 0, failed: false, where };
  const match = readAny(reader);
  if (reader.failed || reader.at < tokens.length)
    return report(context, 'Words to look for are expected, such as (bone OR liver) AND metastases.');
  return match;
}
