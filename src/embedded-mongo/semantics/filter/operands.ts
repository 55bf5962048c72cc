import { BsonType, CommandError, isNumber, numericOf, toDouble, truncated, typeName } from '../value';

/** Rendered like MongoDB's messages do, but for scalars only: contents of documents are not repeated. */
function shown(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`;
  return isNumber(value) || typeof value === 'boolean' || value === null
    ? String(value)
    : `<${typeName(value)}>`;
}

/** An operand that has to be a whole number, 0 or more. */
export function parseInteger(name: string, operand: unknown): number {
  if (!isNumber(operand))
    throw new CommandError(9, `Failed to parse ${name}. Expected a number in: ${name}: ${shown(operand)}`);
  const value = toDouble(numericOf(operand));
  if (!Number.isInteger(value))
    throw new CommandError(9, `Failed to parse ${name}. Expected an integer: ${name}: ${shown(operand)}`);
  if (value < 0)
    throw new CommandError(
      9,
      `Failed to parse ${name}. Expected a non-negative number in: ${name}: ${shown(operand)}`,
    );
  return value;
}

/** `[divisor, remainder]`, both truncated to 64-bit integers. */
export function parseMod(operand: unknown): { divisor: bigint; remainder: bigint } {
  if (!Array.isArray(operand)) throw new CommandError(2, 'malformed mod, needs to be an array');
  if (operand.length < 2) throw new CommandError(2, 'malformed mod, not enough elements');
  if (operand.length > 2) throw new CommandError(2, 'malformed mod, too many elements');
  const [divisor, remainder] = (operand as unknown[]).map((value, i) => {
    const what = i === 0 ? 'divisor' : 'remainder';
    if (!isNumber(value)) throw new CommandError(2, `malformed mod, ${what} not a number`);
    const whole = truncated(value);
    if (whole === undefined)
      throw new CommandError(
        2,
        `malformed mod, ${what} value is invalid :: caused by :: Unable to coerce NaN/Inf to integral type`,
      );
    return whole;
  });
  if (divisor === undefined || remainder === undefined || divisor === 0n)
    throw new CommandError(2, 'divisor cannot be 0');
  return { divisor, remainder };
}

const ALIASES = BsonType as Record<string, number>;
const CODES = new Set<number>(Object.values(BsonType));
const NUMBERS = [BsonType.double, BsonType.int, BsonType.long, BsonType.decimal];

/** One type or a list of types, by number or alias; "number" stands for all four. */
export function parseTypes(operand: unknown): Set<number> {
  const types = new Set<number>();
  const members: unknown[] = Array.isArray(operand) ? operand : [operand];
  if (members.length === 0) throw new CommandError(9, '$type must match at least one type');
  for (const member of members) for (const type of parseType(member)) types.add(type);
  return types;
}

function parseType(member: unknown): readonly number[] {
  if (member === 'number') return NUMBERS;
  if (typeof member === 'string') {
    const type = Object.hasOwn(ALIASES, member) ? ALIASES[member] : undefined;
    if (type === undefined) throw new CommandError(2, `Unknown type name alias: ${member}`);
    return [type];
  }
  if (!isNumber(member)) throw new CommandError(14, 'type must be represented as a number or a string');
  const code = toDouble(numericOf(member));
  if (!CODES.has(code)) throw new CommandError(2, `Invalid numerical type code: ${shown(member)}`);
  return [code];
}
