// The part of order-core's money functions that the browser needs, without the rules.

/** An amount as an integer count of 10⁻⁸ units. Never a float. */
export type Money = bigint

const DECIMALS = 8

/** Parses a decimal string of the wire. It is valid, because the gateway sent it. */
export function parseMoney(text: string): Money {
  const [whole, fraction = ''] = text.split('.')
  return BigInt(`${whole}${fraction.padEnd(DECIMALS, '0')}`)
}

/** Formats an amount as the shortest decimal string. */
export function formatMoney(money: Money): string {
  const digits = money.toString().padStart(DECIMALS + 1, '0')
  const fraction = digits.slice(-DECIMALS).replace(/0{1,8}$/, '')
  return `${digits.slice(0, -DECIMALS)}${fraction === '' ? '' : `.${fraction}`}`
}
