import { language } from './language.ts'
import { isMore } from './money.ts'

const MONEY_DECIMALS_MAX = 8
const formats = new Map<string, unknown>()

/** Formats are expensive to make: one for each language and use. */
function cached<Format>(name: string, make: (tag: string) => Format): Format {
  const key = `${language()}:${name}`
  const format = (formats.get(key) as Format | undefined) ?? make(language())
  formats.set(key, format)
  return format
}

export const formatNumber = (value: number): string =>
  cached('number', (tag) => new Intl.NumberFormat(tag)).format(value)

const SHORT_DECIMALS = 2
const isCountrys = (currency: string): boolean => /^[A-Z]{3}$/.test(currency)

const moneyFormat = (currency: string, decimalsMax: number): Intl.NumberFormat =>
  cached(
    `money:${currency}:${decimalsMax}`,
    (tag) =>
      new Intl.NumberFormat(tag, {
        ...(isCountrys(currency) ? { style: 'currency', currency, currencyDisplay: 'narrowSymbol' } : {}),
        minimumFractionDigits: SHORT_DECIMALS,
        maximumFractionDigits: decimalsMax,
      }),
  )

/** `$2.50`; all digits, at least two after the point. A unit that is not an ISO 4217 code follows the number. */
export function formatAmount(amount: string, currency: string, decimalsMax = MONEY_DECIMALS_MAX): string {
  // Intl formats a decimal string exactly; a number would lose digits.
  const text = moneyFormat(currency, decimalsMax).format(amount as `${number}`)
  return isCountrys(currency) ? text : `${text} ${currency}`
}

/** `12480.5`, or `12480,5`: an amount as a person types it in the page's language. */
export const formatPlain = (amount: string): string =>
  cached(
    'plain',
    (tag) => new Intl.NumberFormat(tag, { useGrouping: false, maximumFractionDigits: MONEY_DECIMALS_MAX }),
  ).format(amount as `${number}`)

const CENT = '0.01'

/** `$629.52` for a sum: two decimals. An amount of less than a cent keeps its digits. */
export const formatSum = (amount: string, currency: string): string =>
  formatAmount(amount, currency, isMore(CENT, amount) ? MONEY_DECIMALS_MAX : SHORT_DECIMALS)

export const formatExactTime = (time: string | number): string =>
  cached('exact', (tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'medium' })).format(
    new Date(time),
  )
export const formatClockTime = (time: string | number): string =>
  cached('clock', (tag) => new Intl.DateTimeFormat(tag, { timeStyle: 'medium', hourCycle: 'h23' })).format(
    new Date(time),
  )

/** `Nov 27` for a time of another day. */
export function formatOtherDay(time: string, nowMs: number): string | undefined {
  const date = new Date(time)
  if (date.toDateString() === new Date(nowMs).toDateString()) return undefined
  return cached('other-day', (tag) => new Intl.DateTimeFormat(tag, { month: 'short', day: 'numeric' })).format(date)
}

/** `14:02`, or `Nov 27, 2026, 14:02` for a time of another day. */
export function formatSince(time: string, nowMs: number): string {
  const date = new Date(time)
  const isToday = date.toDateString() === new Date(nowMs).toDateString()
  return cached(
    isToday ? 'since-today' : 'since',
    (tag) =>
      new Intl.DateTimeFormat(tag, {
        ...(isToday ? {} : { dateStyle: 'medium' }),
        timeStyle: 'short',
        hourCycle: 'h23',
      }),
  ).format(date)
}

export const formatDay = (day: string): string =>
  cached('day', (tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeZone: 'UTC' })).format(new Date(day))

const UNITS: readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]

/** `12 s ago`, `in 5 min.`; clocks differ, so a time within a second is now. */
export function formatRelativeTime(time: string | number, nowMs: number): string {
  const seconds = Math.round((new Date(time).getTime() - nowMs) / 1000)
  const relative = cached('relative', (tag) => new Intl.RelativeTimeFormat(tag, { numeric: 'auto', style: 'short' }))
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1]
  return relative.format(Math.trunc(seconds / length), unit)
}

/** The URL without `https://www.`. */
export const shortLink = (link: string): string => link.replace(/^https?:\/\/(?:www\.)?/, '')

/** JSON with line ends and indentation; any other text as it is. */
export function prettyBody(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2)
  } catch {
    return body
  }
}
