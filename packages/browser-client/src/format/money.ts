/** Amounts have at most 8 digits after the point. */
const FRACTION_DIGITS_MAX = 8
const SCALE = 10n ** 8n

/** The types of the supported browsers have numbers only. */
const asNumber = (amount: string): number => amount as unknown as number

/** Whether this browser formats decimal strings exactly, without conversion to a float (Intl.NumberFormat v3). */
const takesStrings = (): boolean =>
  new Intl.NumberFormat('en', { maximumFractionDigits: FRACTION_DIGITS_MAX, useGrouping: false }).format(
    asNumber('123456789012.12345678'),
  ) === '123456789012.12345678'

/**
 * Formats decimal strings for people, with all their digits, and at least the currency's usual number of decimals. A
 * unit that is not an ISO 4217 code follows the number.
 */
export function createMoneyFormat(
  language: string,
  isExact: boolean = takesStrings(),
): (amount: string, currency: string) => string {
  const byCurrency = new Map<string, (amount: string) => string>()
  return (amount, currency) => {
    let format = byCurrency.get(currency)
    if (format === undefined) byCurrency.set(currency, (format = toFormat(language, currency, isExact)))
    return format(amount)
  }
}

function toFormat(language: string, currency: string, isExact: boolean): (amount: string) => string {
  // An old browser would round, so the amount is shown unformatted.
  if (!isExact) return (amount) => `${amount} ${currency}`
  const digits = { maximumFractionDigits: FRACTION_DIGITS_MAX }
  if (!/^[A-Z]{3}$/.test(currency)) {
    const plain = new Intl.NumberFormat(language, { minimumFractionDigits: 2, ...digits })
    return (amount) => `${plain.format(asNumber(amount))}\u00a0${currency}`
  }
  const withCurrency = new Intl.NumberFormat(language, { style: 'currency', currency, ...digits })
  return (amount) => withCurrency.format(asNumber(amount))
}

/**
 * Adds decimal strings without rounding.
 *
 * @example
 * addMoney(['0.1', '0.2']) //=> '0.3'
 */
export function addMoney(amounts: readonly string[]): string {
  let sum = 0n
  for (const amount of amounts) {
    const [whole, fraction = ''] = amount.split('.')
    sum += BigInt(whole! + fraction.padEnd(FRACTION_DIGITS_MAX, '0'))
  }
  const fraction = String(sum % SCALE)
    .padStart(FRACTION_DIGITS_MAX, '0')
    .replace(/0{1,8}$/, '')
  return `${sum / SCALE}${fraction && `.${fraction}`}`
}

/** Cuts an amount to two decimals, unless nothing would be left of it. It never rounds up. */
export function toShortAmount(amount: string): string {
  const short = amount.replace(/(\.\d\d)\d+$/, '$1')
  return /[1-9]/.test(short) ? short : amount
}
