/** An amount of money as an integer count of 10⁻⁸ units, so that 1.5 is `150_000_000n`. Never a float. */
export type Money = bigint

const DECIMALS = 8
const UNITS_PER_WHOLE = 10n ** BigInt(DECIMALS)
const DECIMAL = /^(\d+)(?:\.(\d{1,8}))?$/

/**
 * Reads a non-negative decimal string with at most 8 decimals, such as `"0.27819"`.
 *
 * @throws RangeError for any other text; callers validate external input first.
 * @example
 * parseMoney('0.27819') //=> 27_819_000n
 */
export function parseMoney(text: string): Money {
  const match = DECIMAL.exec(text)
  if (match === null) throw new RangeError(`not an amount of money: ${JSON.stringify(text)}`)
  return BigInt(match[1]!) * UNITS_PER_WHOLE + BigInt((match[2] ?? '').padEnd(DECIMALS, '0'))
}

/**
 * Formats an amount as its shortest decimal string: `150_000_000n` is `"1.5"`.
 *
 * @example
 * formatMoney(150_000_000n) //=> '1.5'
 */
export function formatMoney(money: Money): string {
  const fraction = (money % UNITS_PER_WHOLE)
    .toString()
    .padStart(DECIMALS, '0')
    .replace(/0{1,8}$/, '')
  const whole = (money / UNITS_PER_WHOLE).toString()
  return fraction === '' ? whole : `${whole}.${fraction}`
}
