/*
 * MongoDB's documented rules, written a second time and as plainly as possible: every path is turned into the list
 * of all values it could mean, every order into one number. Slow, and shares no code with src.
 */
import {
  Binary,
  BSONRegExp,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson';

type Doc = Record<string, unknown>;
const ABSENT = Symbol('absent');

const ORDER = [
  'MinKey',
  'undefined',
  'null',
  'number',
  'string',
  'object',
  'array',
  'binary',
  'oid',
  'bool',
  'date',
  'timestamp',
  'regex',
  'MaxKey',
];

export function kind(v: unknown): string {
  if (v === undefined) return 'undefined';
  if (v === null) return 'null';
  if (typeof v === 'number' || typeof v === 'bigint') return 'number';
  if (v instanceof Int32 || v instanceof Double || v instanceof Decimal128) return 'number';
  if (v instanceof Timestamp) return 'timestamp';
  if (v instanceof Long) return 'number';
  if (typeof v === 'string') return 'string';
  if (typeof v === 'boolean') return 'bool';
  if (Array.isArray(v)) return 'array';
  if (v instanceof Date) return 'date';
  if (v instanceof ObjectId) return 'oid';
  if (v instanceof Binary) return 'binary';
  if (v instanceof BSONRegExp) return 'regex';
  if (v instanceof MinKey) return 'MinKey';
  if (v instanceof MaxKey) return 'MaxKey';
  return 'object';
}

/** A number as an exact fraction over powers of ten and two, or one of the three that are none. */
function fraction(v: unknown): { n: bigint; d: bigint } | 'NaN' | '+' | '-' {
  if (v instanceof Long) return { n: v.toBigInt(), d: 1n };
  if (v instanceof Decimal128) {
    const text = v.toString();
    if (text === 'NaN') return 'NaN';
    if (text.endsWith('Infinity')) return text.startsWith('-') ? '-' : '+';
    const [mantissa = '0', exponent = '0'] = text.split('E');
    const [whole = '0', decimals = ''] = mantissa.split('.');
    const scale = Number(exponent) - decimals.length;
    const digits = BigInt(whole + decimals);
    return scale >= 0 ? { n: digits * 10n ** BigInt(scale), d: 1n } : { n: digits, d: 10n ** BigInt(-scale) };
  }
  const x = Number(v instanceof Int32 || v instanceof Double ? v.value : v);
  if (Number.isNaN(x)) return 'NaN';
  if (x === Infinity) return '+';
  if (x === -Infinity) return '-';
  let n = x;
  let d = 1n;
  while (!Number.isInteger(n)) {
    n *= 2;
    d *= 2n;
  }
  return { n: BigInt(n), d };
}

function numbers(a: unknown, b: unknown): number {
  const [x, y] = [fraction(a), fraction(b)];
  const place = (f: typeof x): number => (f === 'NaN' ? 0 : f === '-' ? 1 : f === '+' ? 3 : 2);
  if (typeof x === 'string' || typeof y === 'string') return place(x) - place(y);
  const difference = x.n * y.d - y.n * x.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function order(a: unknown, b: unknown): number {
  const kinds = ORDER.indexOf(kind(a)) - ORDER.indexOf(kind(b));
  if (kinds !== 0) return kinds;
  switch (kind(a)) {
    case 'number':
      return numbers(a, b);
    case 'string':
      return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
    case 'bool':
      return Number(a) - Number(b);
    case 'date':
      return (a as Date).getTime() - (b as Date).getTime();
    case 'oid':
      return Buffer.compare((a as ObjectId).id, (b as ObjectId).id);
    case 'timestamp':
      return (a as Timestamp).t - (b as Timestamp).t || (a as Timestamp).i - (b as Timestamp).i;
    case 'binary': {
      const [x, y] = [a as Binary, b as Binary];
      return x.length() - y.length() || x.sub_type - y.sub_type || Buffer.compare(x.value(), y.value());
    }
    case 'regex': {
      const [x, y] = [a as BSONRegExp, b as BSONRegExp];
      return (
        Buffer.compare(Buffer.from(x.pattern), Buffer.from(y.pattern)) ||
        Buffer.compare(Buffer.from(x.options), Buffer.from(y.options))
      );
    }
    case 'array':
      return sequences(
        (a as unknown[]).map((v) => ['', v]),
        (b as unknown[]).map((v) => ['', v]),
      );
    case 'object':
      return sequences(Object.entries(a as Doc), Object.entries(b as Doc));
    default:
      return 0;
  }
}

/** Field by field: kind, then name, then value; the shorter one first. */
function sequences(a: [string, unknown][], b: [string, unknown][]): number {
  for (const [i, [name, value]] of a.entries()) {
    const other = b[i];
    if (!other) return 1;
    const kinds = ORDER.indexOf(kind(value)) - ORDER.indexOf(kind(other[1]));
    const names = Buffer.compare(Buffer.from(name), Buffer.from(other[0]));
    const found = kinds || names || order(value, other[1]);
    if (found !== 0) return found;
  }
  return a.length - b.length;
}

/** Everything that a path may mean in a document; ABSENT for a place where it ends early. */
function candidates(value: unknown, path: string[], splitLast = true): unknown[] {
  const [name, ...rest] = path;
  if (kind(value) !== 'object' || value === ABSENT) return [ABSENT];
  const own = Object.hasOwn(value as Doc, name as string) ? (value as Doc)[name as string] : ABSENT;
  return after(own, rest, splitLast);
}

function after(value: unknown, rest: string[], splitLast: boolean): unknown[] {
  if (rest.length === 0) return Array.isArray(value) && splitLast ? [...value, value] : [value];
  if (!Array.isArray(value)) return candidates(value, rest, splitLast);
  return inArray(value, rest, splitLast);
}

function inArray(array: unknown[], rest: string[], splitLast: boolean): unknown[] {
  return array.flatMap((element, i) => {
    const through = kind(element) === 'object' ? candidates(element, rest, splitLast) : [];
    if (String(i) !== rest[0]) return through;
    const below = rest.slice(1);
    if (below.length === 0) return [...through, element];
    if (Array.isArray(element)) return [...through, ...inArray(element, below, splitLast)];
    return kind(element) === 'object' ? [...through, ...candidates(element, below, splitLast)] : through;
  });
}

function isNull(v: unknown): boolean {
  return v === ABSENT || v === null || v === undefined;
}

function compares(op: string, v: unknown, operand: unknown): boolean {
  const equal = op === '$eq' || op === '$lte' || op === '$gte';
  if (isNull(operand)) return equal && isNull(v);
  if (kind(operand) === 'MinKey' || kind(operand) === 'MaxKey') {
    if (v !== ABSENT && kind(v) === kind(operand)) return equal;
    return kind(operand) === 'MinKey' ? op === '$gt' || op === '$gte' : op === '$lt' || op === '$lte';
  }
  if (v === ABSENT || kind(v) !== kind(operand)) return false;
  const nan = [v, operand].some((x) => kind(x) === 'number' && fraction(x) === 'NaN');
  const found = order(v, operand);
  if (nan) return equal && found === 0;
  return (
    { $eq: found === 0, $lt: found < 0, $lte: found <= 0, $gt: found > 0, $gte: found >= 0 }[op] === true
  );
}

function typeAlias(v: unknown): string {
  if (v instanceof Int32) return 'int';
  if (v instanceof Double) return 'double';
  if (v instanceof Decimal128) return 'decimal';
  if (v instanceof Long && !(v instanceof Timestamp)) return 'long';
  if (typeof v === 'number')
    return Number.isInteger(v) && Math.abs(v) < 2 ** 31 && !Object.is(v, -0) ? 'int' : 'double';
  return { oid: 'objectId', binary: 'binData' }[kind(v)] ?? kind(v);
}

/** One operator on the values of a path. */
function holds(op: string, operand: unknown, value: (splitLast: boolean) => unknown[]): boolean {
  const values = value(true);
  switch (op) {
    case '$eq':
    case '$lt':
    case '$lte':
    case '$gt':
    case '$gte':
      return values.some((v) => compares(op, v, operand));
    case '$ne':
      return !holds('$eq', operand, value);
    case '$in':
      return (operand as unknown[]).some((one) => holds('$eq', one, value));
    case '$nin':
      return !holds('$in', operand, value);
    case '$exists':
      return values.some((v) => v !== ABSENT) === Boolean(operand);
    case '$type':
      return values.some((v) => v !== ABSENT && typeAlias(v) === operand);
    case '$size':
      return value(false).some((v) => Array.isArray(v) && v.length === operand);
    case '$all':
      return (
        (operand as unknown[]).length > 0 && (operand as unknown[]).every((one) => holds('$eq', one, value))
      );
    case '$not':
      return !Object.entries(operand as Doc).every(([inner, x]) => holds(inner, x, value));
    case '$mod': {
      const [divisor, remainder] = operand as [number, number];
      return values.some((v) => {
        if (v === ABSENT || kind(v) !== 'number') return false;
        const f = fraction(v);
        return typeof f !== 'string' && (f.n / f.d) % BigInt(divisor) === BigInt(remainder);
      });
    }
    case '$elemMatch': {
      const byElement = Object.keys(operand as Doc)[0]?.startsWith('$');
      return value(false).some(
        (v) =>
          Array.isArray(v) &&
          v.some((element) =>
            byElement
              ? Object.entries(operand as Doc).every(([inner, x]) => holds(inner, x, () => [element]))
              : kind(element) === 'object'
                ? matches(operand as Doc, element as Doc)
                : Array.isArray(element) &&
                  matches(operand as Doc, Object.fromEntries(Object.entries(element))),
          ),
      );
    }
    default:
      throw new Error(`oracle does not know ${op}`);
  }
}

/** Whether a document satisfies a query. */
export function matches(query: Doc, document: Doc): boolean {
  return Object.entries(query).every(([name, condition]) => {
    if (name === '$and') return (condition as Doc[]).every((q) => matches(q, document));
    if (name === '$or') return (condition as Doc[]).some((q) => matches(q, document));
    if (name === '$nor') return !(condition as Doc[]).some((q) => matches(q, document));
    const value = (splitLast: boolean): unknown[] => candidates(document, name.split('.'), splitLast);
    const operators = kind(condition) === 'object' && Object.keys(condition as Doc)[0]?.startsWith('$');
    if (!operators) return holds('$eq', condition, value);
    return Object.entries(condition as Doc).every(([op, operand]) => holds(op, operand, value));
  });
}

/** The order of two documents under a sort on one field: the least of its values, or the greatest descending. */
export function sortValue(document: Doc, field: string, direction: number): unknown {
  const own = Object.hasOwn(document, field) ? document[field] : null;
  if (!Array.isArray(own)) return own;
  if (own.length === 0) return undefined;
  return own.reduce((best, v) => (direction * order(v, best) < 0 ? v : best));
}
