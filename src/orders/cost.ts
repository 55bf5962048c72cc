import type { Coverage, Invoice, InvoiceLineItem, Money } from '@medplum/fhirtypes';
import type { Fee } from '../formulary';
import { searchAll } from '../prescriptions';
import type { StoreAccess, Viewer } from '../store';

/** An item with its fee; undefined when the fee schedule does not know it. */
export interface PricedItem {
  name: string;
  quantity: number;
  fee: Fee | undefined;
}

/** What an order costs, in US dollars. */
export interface Cost {
  subtotal: number;
  /** What insurance pays, negative. */
  insurance: number;
  copay: number;
  tax: number;
  /** What the patient pays. */
  total: number;
}

/** Cents: sums of prices must not show what floating point makes of them. */
const cents = (dollars: number): number => Math.round(dollars * 100) / 100;

/**
 * The cost of an order; undefined when the price of an item is not known (decisions, "Orders").
 * @param coverageCopay copay of the patient's insurance; without one nothing is known to be covered, and the patient pays all
 */
export function costOf(items: readonly PricedItem[], coverageCopay: number | undefined): Cost | undefined {
  let subtotal = 0;
  let tax = 0;
  for (const { fee, quantity } of items) {
    if (fee === undefined) return undefined;
    subtotal += fee.price * quantity;
    tax += fee.tax * quantity;
  }
  subtotal = cents(subtotal);
  tax = cents(tax);
  if (coverageCopay === undefined)
    return { subtotal, insurance: 0, copay: 0, tax, total: cents(subtotal + tax) };
  const copay = Math.min(coverageCopay, subtotal);
  return { subtotal, insurance: cents(copay - subtotal) || 0, copay, tax, total: cents(copay + tax) };
}

/** The copay that the patient's active coverage states; undefined when none does. */
export async function copayOf(
  access: StoreAccess,
  viewer: Viewer,
  patientId: string,
): Promise<number | undefined> {
  const query = { beneficiary: `Patient/${patientId}`, status: 'active', _sort: '-_lastUpdated' };
  const coverages = await searchAll<Coverage>(access, viewer, 'Coverage', query);
  const shares = coverages.flatMap((coverage) => coverage.costToBeneficiary ?? []);
  const isCopay =
    shares.find(({ type }) => type?.coding?.some(({ code }) => code === 'copay')) ??
    shares.find(({ valueMoney }) => valueMoney);
  return isCopay?.valueMoney?.value;
}

const usd = (value: number): Money => ({ value, currency: 'USD' });

/**
 * The Invoice of an order, with the order's id. `deduction` is what insurance pays, `informational` the copay.
 * An EHR sets it `balanced` when it is paid.
 */
export function invoiceOf(
  cost: Cost,
  {
    id,
    orderNumber,
    patientId,
    at,
    items,
  }: { id: string; orderNumber: string; patientId: string; at: Date; items: readonly PricedItem[] },
): Invoice & { id: string } {
  const lines = items.map(({ name, quantity, fee }): InvoiceLineItem => ({
    chargeItemCodeableConcept: { text: name },
    priceComponent: [{ type: 'base', factor: quantity, amount: usd(fee?.price ?? 0) }],
  }));
  return {
    resourceType: 'Invoice',
    id,
    identifier: [{ system: ORDER_NUMBER, value: orderNumber }],
    status: 'issued',
    subject: { reference: `Patient/${patientId}` },
    date: at.toISOString(),
    lineItem: lines,
    totalPriceComponent: [
      { type: 'base', amount: usd(cost.subtotal) },
      { type: 'deduction', amount: usd(cost.insurance) },
      { type: 'informational', code: { text: 'Copay' }, amount: usd(cost.copay) },
      { type: 'tax', amount: usd(cost.tax) },
    ],
    totalNet: usd(cents(cost.total - cost.tax)),
    totalGross: usd(cost.total),
  };
}

/** System of order numbers. */
export const ORDER_NUMBER = 'https://crosswalk.example/fhir/NamingSystem/order-number';
