import { createFormat, directionOf, fill, toMessages } from '@paxyo/browser-client/format'
import { language, t } from '../text/language.ts'

type Formats = ReturnType<typeof createFormats>

const createFormats = (tag: string) => ({
  tag,
  shared: createFormat(tag),
  exactTime: new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'medium' }),
  clockTime: new Intl.DateTimeFormat(tag, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  relativeTime: new Intl.RelativeTimeFormat(tag, { numeric: 'auto', style: 'narrow' }),
  tenths: new Intl.NumberFormat(tag, { ...MILLISECONDS, minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  whole: new Intl.NumberFormat(tag, { ...MILLISECONDS, maximumFractionDigits: 0 }),
  decimalSign: new Intl.NumberFormat(tag).formatToParts(0.5).find(({ type }) => type === 'decimal')!.value,
})
const MILLISECONDS = { style: 'unit', unit: 'millisecond' } as const

let created: Formats | undefined
/** The formats of the page's language. */
function formats(): Formats {
  if (created?.tag !== language()) created = createFormats(language())
  return created
}

/** The provider's number of an order; the panel's while it has no provider order. */
export const orderNumber = ({ providerOrderId, orderId }: { providerOrderId: string; orderId: string }): string =>
  providerOrderId || orderId

export const formatNumber = (value: number): string => formats().shared.count(value)
/** Rounds down, so that it shows 100 % only when all is delivered. */
export const formatPercent = (part: number): string => formats().shared.percent(Math.floor(part * 100))
export const formatExactTime = (timeMs: number): string => formats().exactTime.format(timeMs)
export const formatClockTime = (timeMs: number): string => formats().clockTime.format(timeMs)
export const formatStatus = (status: string): string => formats().shared.status(status)
/** A status within a sentence. */
export const formatStatusInText = (status: string): string => formatStatus(status).toLocaleLowerCase(language())
/** Tenths below 10 ms. */
export const formatMs = (ms: number): string => formats()[ms > 0 && ms < 10 ? 'tenths' : 'whole'].format(ms)
export const formatConnection: ReturnType<typeof createFormat>['connection'] = (state) =>
  formats().shared.connection(state)

/** The name of a button that closes something. */
export const formatDismiss = (): string => toMessages(language()).dismiss

/** `$2.50`: all digits, at least those that the currency usually has. */
export const formatMoneyText = (amount: string, currency: string): string => formats().shared.money(amount, currency)
/** Two decimals, unless nothing would be left of the amount. */
export const formatShortMoney = (amount: string, currency: string): string =>
  formats().shared.shortMoney(amount, currency)
/** `.` or `,` or another sign. */
export const decimalSign = (): string => formats().decimalSign

/** A text that may have another direction than the page. */
export const formatOrder = (order: {
  readonly service: string
  readonly providerOrderId: string
  readonly orderId: string
}): string => fill('{order}', { order: `${order.service} #${orderNumber(order)}` }, directionOf(language()))

const UNITS: readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

export function formatRelativeTime(timeMs: number, nowMs: number): string {
  // Clocks differ: a time slightly in the future is shown as "just now".
  const seconds = Math.max(0, Math.round((nowMs - timeMs) / 1000))
  const unit = UNITS.find(([, length]) => seconds >= length)
  return unit === undefined ? t('justNow') : formats().relativeTime.format(-Math.floor(seconds / unit[1]), unit[0])
}

/** The URL without `https://www.`. */
export const shortLink = (link: string): string => link.replace(/^https?:\/\/(?:www\.)?/, '')

const MONOGRAMS: Readonly<Record<string, string>> = {
  instagram: 'IG',
  youtube: 'YT',
  tiktok: 'TT',
  telegram: 'TG',
  facebook: 'FB',
  spotify: 'SP',
  twitter: 'X',
  x: 'X',
  linkedin: 'LI',
  twitch: 'TW',
  discord: 'DC',
}

/** Two letters for a service's platform. */
export function monogram(service: string): string {
  const platform = service.split(/\s/, 1)[0] ?? ''
  return MONOGRAMS[platform.toLowerCase()] ?? Array.from(platform).slice(0, 2).join('').toUpperCase()
}
