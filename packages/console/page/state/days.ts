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

const byDay = <Row extends { readonly day: string }>(
  rows: readonly Row[],
  valueOf: (row: Row) => number,
): readonly number[] => {
  const days = new Map<string, number>()
  for (const row of rows) days.set(row.day, (days.get(row.day) ?? 0) + valueOf(row))
  return [...days].toSorted(([one], [other]) => one.localeCompare(other)).map(([, value]) => value)
}

/** The number of deliveries of each day that has any. */
export const deliveriesByDay = ({ deliveries }: DaySummary): readonly number[] =>
  byDay(deliveries, ({ count }) => count)

/** The number of refunds of each day that has any: amounts of several currencies have no sum. */
export const refundsByDay = ({ refunds }: DaySummary): readonly number[] => byDay(refunds, ({ count }) => count)

/** The points of a line from the left to the right, with the largest value at the top. */
export function linePoints(values: readonly number[], width: number, height: number): string {
  const max = Math.max(1, ...values)
  const step = values.length > 1 ? width / (values.length - 1) : 0
  const round = (number: number): number => Math.round(number * 10) / 10
  const points = values.map(
    (value, index) => `${round(index * step)},${round(height - 2 - (value / max) * (height - 4))}`,
  )
  return values.length === 1 ? `${points[0]} ${width},${points[0]!.split(',')[1]}` : points.join(' ')
}

export interface RefundSum {
  readonly key: string
  readonly day: string
  readonly currency: string
  readonly amount: string
  readonly count: number
}

/** The refunds of each day and currency, the newest day first; of one provider and service when they are given. */
export function sumsByDay(
  refunds: DaySummary['refunds'],
  { provider, service }: { readonly provider: string; readonly service: string },
): readonly RefundSum[] {
  const sums = new Map<string, RefundSum>()
  for (const row of refunds) {
    if ((provider !== '' && row.provider !== provider) || (service !== '' && row.service !== service)) continue
    const key = `${row.day} ${row.currency}`
    const { amount, count } = sums.get(key) ?? { amount: '0', count: 0 }
    const total = formatMoney(parseMoney(amount) + parseMoney(row.amount))
    sums.set(key, { key, day: row.day, currency: row.currency, amount: total, count: count + row.count })
  }
  return [...sums.values()].toSorted((one, other) => other.key.localeCompare(one.key))
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
