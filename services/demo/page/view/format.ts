/** The page is in English, and so are its numbers. */
const LOCALE = 'en'
const MONEY_DECIMALS_MAX = 8

const wholeNumber = new Intl.NumberFormat(LOCALE)
const percent = new Intl.NumberFormat(LOCALE, { style: 'percent' })
const exactTime = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'medium' })
const clockTime = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const relativeTime = new Intl.RelativeTimeFormat(LOCALE, { numeric: 'auto', style: 'narrow' })

/** The provider's number of an order; the panel's while it has no provider order. */
export const orderNumber = ({ providerOrderId, orderId }: { providerOrderId: string; orderId: string }): string =>
  providerOrderId || orderId

export const formatNumber = (value: number): string => wholeNumber.format(value)
/** Rounds down, so that it shows 100 % only when all is delivered. */
export const formatPercent = (part: number): string => percent.format(Math.floor(part * 100) / 100)
export const formatExactTime = (timeMs: number): string => exactTime.format(timeMs)
export const formatClockTime = (timeMs: number): string => clockTime.format(timeMs)

const moneyFormats = new Map<string, Intl.NumberFormat>()

/** `$2.50`; all digits, at least two after the point. A unit that is not an ISO 4217 code follows the number. */
export function formatMoneyText(amount: string, currency: string): string {
  // Intl formats a decimal string exactly; a number would lose digits.
  const exact = amount as `${number}`
  const isCountrys = /^[A-Z]{3}$/.test(currency)
  let format = moneyFormats.get(currency)
  if (format === undefined) {
    format = new Intl.NumberFormat(LOCALE, {
      ...(isCountrys ? { style: 'currency', currency, currencyDisplay: 'narrowSymbol' } : {}),
      minimumFractionDigits: 2,
      maximumFractionDigits: MONEY_DECIMALS_MAX,
    })
    moneyFormats.set(currency, format)
  }
  const text = format.format(exact)
  return isCountrys ? text : `${text} ${currency}`
}

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
  return unit === undefined ? 'just now' : relativeTime.format(-Math.floor(seconds / unit[1]), unit[0])
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
