import { isOrderStatus, statusText } from '@paxyo/contracts/data'
import type { ConnectionStatus } from '../api.ts'
import { createMoneyFormat, toShortAmount } from './money.ts'
import type { Messages } from './locales.ts'
import { directionOf, isolate, toMessages } from './messages.ts'

/** Formats values for people, in one language. */
export interface Format {
  money(amount: string, currency: string): string
  /** With two decimals, never more than it is; an amount below them with all its digits. */
  shortMoney(amount: string, currency: string): string
  count(value: number): string
  percent(percent: number): string
  /** A status of a newer gateway is formatted as text. */
  status(status: string): string
  /** A state of the connection, such as `live`. */
  connection(state: ConnectionStatus['state']): string
  time(at: string): string
}

/**
 * Creates the formats of a language.
 *
 * @param language a BCP 47 tag that Intl supports.
 * @param messages the texts; by default those of the language, or English ones.
 * @example
 * createFormat('en').money('2.5', 'USD') //=> '$2.50'
 */
export function createFormat(language: string, messages: Messages = toMessages(language)): Format {
  const counts = new Intl.NumberFormat(language)
  const percents = new Intl.NumberFormat(language, { style: 'percent' })
  const times = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })
  const direction = directionOf(language)
  const exact = createMoneyFormat(language)
  // Isolated: else the unit of an amount would change sides in a text from right to left.
  const money = (amount: string, currency: string): string => isolate(exact(amount, currency), direction)
  return {
    money,
    shortMoney: (amount, currency) => money(toShortAmount(amount), currency),
    count: (value) => counts.format(value),
    percent: (percent) => percents.format(percent / 100),
    status: (status) => (isOrderStatus(status) ? messages[status] : statusText(status)),
    connection: (state) => messages[state],
    time: (at) => times.format(new Date(at)),
  }
}
