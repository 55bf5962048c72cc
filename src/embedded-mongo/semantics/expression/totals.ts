import { Decimal128, Double, Int32 } from 'bson';
import {
  add,
  bsonType,
  BsonType,
  decimalOf,
  divideDecimals,
  encodeDecimal,
  encodeKey,
  integer,
  isNumber,
  MISSING,
  numericOf,
  toDouble,
} from '../value';

/**
 * A running sum as MongoDB keeps it: integers exactly, doubles in double-double arithmetic, so that the order of
 * many small terms does not matter; any decimal makes the result decimal, any double makes it double.
 */
export class Total {
  private whole = 0n;
  private wide = false;
  private high = 0;
  private low = 0;
  private special = 0;
  private sawDouble = false;
  private decimal: unknown;
  private count = 0n;

  /** Adds a value; what is no number is left out. */
  add(value: unknown): void {
    if (value === MISSING || !isNumber(value)) return;
    this.count += 1n;
    const type = bsonType(value);
    if (type === BsonType.decimal)
      this.decimal = this.decimal === undefined ? value : add(this.decimal, value);
    else if (type === BsonType.double) this.addDouble(toDouble(numericOf(value)));
    else {
      this.wide ||= type === BsonType.long;
      this.whole += BigInt(numericOf(value) as number | bigint);
    }
  }

  /** Knuth's two-sum: the rounding error of each addition is kept beside the sum. */
  private addDouble(value: number): void {
    this.sawDouble = true;
    this.special += value;
    const sum = this.high + value;
    const shadow = sum - this.high;
    this.low += this.high - (sum - shadow) + (value - shadow);
    this.high = sum;
  }

  private doubleSum(): number {
    const value = this.high + this.low;
    return Number.isFinite(value) ? value : this.special;
  }

  private nonDecimal(): unknown {
    if (!this.sawDouble) return integer(this.whole, this.wide) ?? new Double(Number(this.whole));
    const doubles = new Total();
    doubles.high = this.high;
    doubles.low = this.low;
    doubles.special = this.special;
    if (this.whole !== 0n) {
      const head = Number(this.whole);
      doubles.addDouble(head);
      doubles.addDouble(Number(this.whole - BigInt(head)));
    }
    return new Double(doubles.doubleSum());
  }

  /** The sum, 0 of nothing. */
  sum(): unknown {
    if (this.decimal === undefined) return this.nonDecimal();
    return this.count === 0n ? new Int32(0) : add(this.decimal, this.nonDecimal());
  }

  /** The mean, null of nothing. */
  mean(): unknown {
    if (this.count === 0n) return null;
    const sum = this.sum();
    if (sum instanceof Decimal128)
      return encodeDecimal(
        divideDecimals(decimalOf(sum), { negative: false, coefficient: this.count, exponent: 0 }),
      );
    return new Double(toDouble(numericOf(sum)) / Number(this.count));
  }
}

/** A text that is the same for equal values only, to group and to deduplicate. */
export function distinctKey(value: unknown): string {
  return encodeKey(value).toString('latin1');
}
