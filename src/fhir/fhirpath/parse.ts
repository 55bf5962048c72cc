/** FHIRPath text to a syntax tree, by operator precedence. https://hl7.org/fhirpath/N1/#grammar */
import { FhirPathSyntaxError, tokenize, type Token } from './tokens';

export type Expression =
  | { kind: 'literal'; value: string | number | boolean; type: string }
  | { kind: 'quantity'; value: number; unit: string }
  | { kind: 'empty' }
  | { kind: 'special'; name: string }
  | { kind: 'env'; name: string }
  | { kind: 'member'; target: Expression | undefined; name: string }
  | { kind: 'call'; target: Expression | undefined; name: string; args: Expression[] }
  | { kind: 'index'; target: Expression; index: Expression }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression }
  | { kind: 'negate'; operand: Expression }
  | { kind: 'type'; operator: 'is' | 'as'; operand: Expression; type: string };

const PRECEDENCE: Record<string, number> = {
  implies: 1,
  or: 2,
  xor: 2,
  and: 3,
  in: 4,
  contains: 4,
  '=': 5,
  '~': 5,
  '!=': 5,
  '!~': 5,
  '<': 6,
  '>': 6,
  '<=': 6,
  '>=': 6,
  '|': 7,
  is: 8,
  as: 8,
  '+': 9,
  '-': 9,
  '&': 9,
  '*': 10,
  '/': 10,
  div: 10,
  mod: 10,
};

const CALENDAR_UNIT = /^(year|month|week|day|hour|minute|second|millisecond)s?$/;

/** How deeply an expression may nest; a posted SearchParameter or patch must not overflow the stack. */
const MAX_NESTING = 100;

class Parser {
  private readonly tokens: Token[];
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {
    this.tokens = tokenize(text);
  }

  private get token(): Token {
    return this.tokens[this.at] ?? { kind: 'end', text: '' };
  }

  private isSymbol(text: string): boolean {
    return this.token.kind === 'symbol' && this.token.text === text;
  }

  private take(): Token {
    const token = this.token;
    this.at++;
    return token;
  }

  private fail(): FhirPathSyntaxError {
    return new FhirPathSyntaxError(`Unexpected "${this.token.text || 'end'}" in "${this.text}"`);
  }

  private expect(symbol: string): void {
    if (!this.isSymbol(symbol)) throw this.fail();
    this.at++;
  }

  whole(): Expression {
    const expression = this.expression(0);
    if (this.token.kind !== 'end') throw this.fail();
    return expression;
  }

  private expression(minimum: number): Expression {
    if (++this.depth > MAX_NESTING) throw new FhirPathSyntaxError('The expression is nested too deeply');
    let left = this.postfix(this.term());
    for (;;) {
      const token = this.token;
      const isOperator = token.kind === 'symbol' || (token.kind === 'identifier' && token.quoted !== true);
      const precedence = isOperator ? PRECEDENCE[token.text] : undefined;
      if (precedence === undefined || precedence <= minimum) break;
      this.at++;
      if (token.text === 'is' || token.text === 'as') {
        left = { kind: 'type', operator: token.text, operand: left, type: this.typeSpecifier() };
      } else {
        left = { kind: 'binary', operator: token.text, left, right: this.expression(precedence) };
      }
    }
    this.depth--;
    return left;
  }

  private typeSpecifier(): string {
    const names = [this.identifier()];
    while (this.isSymbol('.')) {
      this.at++;
      names.push(this.identifier());
    }
    return names.join('.');
  }

  private identifier(): string {
    if (this.token.kind !== 'identifier') throw this.fail();
    return this.take().text;
  }

  private term(): Expression {
    const token = this.token;
    switch (token.kind) {
      case 'string':
        this.at++;
        return { kind: 'literal', value: token.text, type: 'string' };
      case 'number':
        return this.number();
      case 'date':
        this.at++;
        return dateLiteral(token.text);
      case 'env':
        this.at++;
        return { kind: 'env', name: token.text };
      case 'special':
        this.at++;
        return { kind: 'special', name: token.text };
      case 'identifier':
        return this.named(undefined);
      default:
        return this.bracketed();
    }
  }

  private number(): Expression {
    const text = this.take().text;
    const value = Number(text);
    const unit = this.token;
    if (unit.kind === 'string' || (unit.kind === 'identifier' && CALENDAR_UNIT.test(unit.text))) {
      this.at++;
      return { kind: 'quantity', value, unit: unit.text };
    }
    return { kind: 'literal', value, type: text.includes('.') ? 'decimal' : 'integer' };
  }

  private bracketed(): Expression {
    if (this.isSymbol('-') || this.isSymbol('+')) {
      const negative = this.take().text === '-';
      const operand = this.postfix(this.term());
      return negative ? { kind: 'negate', operand } : operand;
    }
    if (this.isSymbol('{')) {
      this.at++;
      this.expect('}');
      return { kind: 'empty' };
    }
    this.expect('(');
    const inner = this.expression(0);
    this.expect(')');
    return inner;
  }

  private named(target: Expression | undefined): Expression {
    const token = this.token;
    const name = this.identifier();
    if (this.isSymbol('(')) return { kind: 'call', target, name, args: this.argumentList() };
    if (target === undefined && token.quoted !== true && (name === 'true' || name === 'false')) {
      return { kind: 'literal', value: name === 'true', type: 'boolean' };
    }
    return { kind: 'member', target, name };
  }

  private argumentList(): Expression[] {
    this.expect('(');
    const args: Expression[] = [];
    while (!this.isSymbol(')')) {
      if (args.length > 0) this.expect(',');
      args.push(this.expression(0));
    }
    this.at++;
    return args;
  }

  private postfix(start: Expression): Expression {
    let target = start;
    for (;;) {
      if (this.isSymbol('.')) {
        this.at++;
        target = this.token.kind === 'special' ? this.specialOf(target) : this.named(target);
      } else if (this.isSymbol('[')) {
        this.at++;
        target = { kind: 'index', target, index: this.expression(0) };
        this.expect(']');
      } else return target;
    }
  }

  /** `x.$this` is `x`. */
  private specialOf(target: Expression): Expression {
    if (this.token.text !== '$this') throw this.fail();
    this.at++;
    return target;
  }
}

function dateLiteral(text: string): Expression {
  if (text.startsWith('T')) return { kind: 'literal', value: text.slice(1), type: 'time' };
  const value = text.endsWith('T') ? text.slice(0, -1) : text;
  return { kind: 'literal', value, type: text.includes('T') ? 'dateTime' : 'date' };
}

/** @throws FhirPathSyntaxError */
export function parseFhirPath(text: string): Expression {
  return new Parser(text).whole();
}
