// The browser's half of what order-core does with money, without its rules.

/** An amount as an integer count of 10⁻⁸ units. Never a float. */
export type Money = bigint

const DECIMALS = 8

/** Reads the wire's decimal string; the gateway has sent it, so it is one. */
export function parseMoney(text: string): Money {
  const [whole, fraction = ''] = text.split('.')
  return BigInt(`${whole}${fraction.padEnd(DECIMALS, '0')}`)
}

/** Writes the shortest decimal string that means an amount. */
export function formatMoney(money: Money): string {
  const digits = money.toString().padStart(DECIMALS + 1, '0')
  const fraction = digits.slice(-DECIMALS).replace(/0{1,8}$/, '')
  return `${digits.slice(0, -DECIMALS)}${fraction === '' ? '' : `.${fraction}`}`
}
