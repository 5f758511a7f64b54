import type { DaySummary } from '@paxyo/panel-client'
import { formatMoney, parseMoney } from '@paxyo/order-core'

const DAY_MS = 86_400_000

/** The last days as `2026-11-27`, today last. */
export function lastDays(count: number, now: Date, timeZone: string): readonly string[] {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
  const today = Date.parse(`${format.format(now)}T00:00:00Z`)
  return Array.from({ length: count }, (_, index) =>
    new Date(today - (count - 1 - index) * DAY_MS).toISOString().slice(0, 10),
  )
}

function byDay(days: readonly string[], rows: readonly { readonly day: string; readonly count: number }[]): number[] {
  const counts = new Map<string, number>()
  for (const { day, count } of rows) counts.set(day, (counts.get(day) ?? 0) + count)
  return days.map((day) => counts.get(day) ?? 0)
}

/** The number of deliveries of each day. */
export const deliveriesByDay = (days: readonly string[], { deliveries }: DaySummary): readonly number[] =>
  byDay(days, deliveries)

/** The number of refunds of each day: amounts of several currencies have no sum. */
export const refundsByDay = (days: readonly string[], { refunds }: DaySummary): readonly number[] =>
  byDay(days, refunds)

/** The points of a line from the left to the right, with the largest value at the top. */
export function linePoints(values: readonly number[], width: number, height: number): string {
  const max = Math.max(1, ...values)
  const step = values.length > 1 ? width / (values.length - 1) : 0
  const round = (number: number): number => Math.round(number * 10) / 10
  const points = values.map(
    (value, index) => `${round(index * step)},${round(height - 2 - (value / max) * (height - 4))}`,
  )
  return points.join(' ')
}

export const GROUPS = ['day', 'provider', 'service'] as const
export type Group = (typeof GROUPS)[number]

export interface RefundFilter {
  /** Empty for all. */
  readonly provider: string
  readonly service: string
}

/** The refunds of a provider and a service. */
export const refundsOf = (refunds: DaySummary['refunds'], { provider, service }: RefundFilter): DaySummary['refunds'] =>
  refunds.filter((row) => (provider === '' || row.provider === provider) && (service === '' || row.service === service))

export interface RefundSum {
  readonly key: string
  /** The day, the provider or the service; null for an order without a provider. */
  readonly name: string | null
  readonly currency: string
  readonly amount: string
  readonly count: number
}

/** The refunds by group and currency: the newest day first, or the largest number of refunds. */
export function sumsBy(group: Group, refunds: DaySummary['refunds']): readonly RefundSum[] {
  const sums = new Map<string, RefundSum>()
  for (const row of refunds) {
    const name = row[group]
    const key = `${name ?? ''} ${row.currency}`
    const { amount, count } = sums.get(key) ?? { amount: '0', count: 0 }
    const total = formatMoney(parseMoney(amount) + parseMoney(row.amount))
    sums.set(key, { key, name, currency: row.currency, amount: total, count: count + row.count })
  }
  const byKey = (one: RefundSum, other: RefundSum): number => one.key.localeCompare(other.key)
  return [...sums.values()].toSorted((one, other) =>
    group === 'day' ? byKey(other, one) : other.count - one.count || byKey(one, other),
  )
}

/** A cell of a CSV file. A spreadsheet must not run what a provider or a user has written as a formula. */
const cell = (value: string | number): string => {
  const text = String(value)
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Rows as CSV, with a line of titles. */
export const toCsv = (titles: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  `${[titles, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`
