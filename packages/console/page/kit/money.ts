import { formatMoney, parseMoney, type Money } from '@paxyo/order-core'

/** The part of a charge that can still be refunded. */
export function refundable({ charge, refunded }: { readonly charge: string; readonly refunded: string }): string {
  const left = parseMoney(charge) - parseMoney(refunded)
  return formatMoney(left < 0n ? 0n : left)
}

/** The digits that Arabic and Persian keyboards type, and that some browsers show an Arabic page with. */
const EASTERN_DIGITS = /[٠-٩۰-۹]/g
/** Marks of direction, which come along when an amount is copied from an Arabic page. */
const DIRECTION_MARKS = /[\u061C\u200E\u200F]/g

/** The amount that a person typed, or undefined: a comma is a decimal point, spaces at the ends do not matter. */
export function readAmount(text: string): string | undefined {
  const plain = text
    .replaceAll(DIRECTION_MARKS, '')
    .trim()
    // Both sets of digits begin at a multiple of 16.
    .replaceAll(EASTERN_DIGITS, (digit) => String(digit.charCodeAt(0) % 16))
    .replace(/[,٫]/, '.')
  return /^\d{1,12}(?:\.\d{1,8})?$/.test(plain) ? formatMoney(parseMoney(plain)) : undefined
}

export const isZero = (amount: string): boolean => parseMoney(amount) === 0n
export const isMore = (one: string, other: string): boolean => parseMoney(one) > parseMoney(other)
export const isEqual = (one: string, other: string): boolean => parseMoney(one) === parseMoney(other)

export const sum = (one: string, other: string): string => formatMoney(parseMoney(one) + parseMoney(other))

const CENT = 1_000_000n
/** The positions of a slider, from nothing to all of an amount. */
export const SLIDER_STEPS = 1000

/** The part of an amount at a slider's position, in whole cents, except for all of it. */
export function amountAt(left: string, step: number): string {
  const all = parseMoney(left)
  if (step >= SLIDER_STEPS) return formatMoney(all)
  const part = (all * BigInt(step)) / BigInt(SLIDER_STEPS)
  return formatMoney(all > CENT * 10n ? (part / CENT) * CENT : part)
}

/** The slider's position of an amount. */
export function stepOf(left: string, amount: string): number {
  const all = parseMoney(left)
  if (all === 0n) return 0
  const step = (parseMoney(amount) * BigInt(SLIDER_STEPS)) / all
  return Number(step > BigInt(SLIDER_STEPS) ? BigInt(SLIDER_STEPS) : step)
}

/** What the refund rule pays for an order of which so much remains: a share of the charge, less what was refunded. */
export function refundForRemains(
  order: { readonly charge: string; readonly refunded: string; readonly quantity: number },
  remains: number,
): string {
  const isPossible = Number.isSafeInteger(remains) && remains >= 0 && remains <= order.quantity
  if (!isPossible) return '0'
  const due = (parseMoney(order.charge) * BigInt(remains)) / BigInt(order.quantity) - parseMoney(order.refunded)
  return formatMoney(due < 0n ? 0n : due)
}

/** The sum of amounts, per currency. */
export function sumByCurrency(
  amounts: Iterable<{ readonly amount: string; readonly currency: string }>,
): { readonly currency: string; readonly amount: string; readonly count: number }[] {
  const sums = new Map<string, { total: Money; count: number }>()
  for (const { amount, currency } of amounts) {
    const before = sums.get(currency) ?? { total: 0n, count: 0 }
    sums.set(currency, { total: before.total + parseMoney(amount), count: before.count + 1 })
  }
  return [...sums].map(([currency, { total, count }]) => ({ currency, amount: formatMoney(total), count }))
}
