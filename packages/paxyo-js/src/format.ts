import { isOrderStatus, statusText } from '@paxyo/contracts/data'
import { createMoneyFormat } from './money.ts'
import type { Messages } from './locales.ts'

/** Formats values for people, in one language. */
export interface Format {
  money(amount: string, currency: string): string
  count(value: number): string
  percent(percent: number): string
  /** A status of a newer gateway is formatted as text. */
  status(status: string): string
  time(at: string): string
}

export function createFormat(language: string, messages: Messages): Format {
  const counts = new Intl.NumberFormat(language)
  const percents = new Intl.NumberFormat(language, { style: 'percent' })
  const times = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })
  return {
    money: createMoneyFormat(language),
    count: (value) => counts.format(value),
    percent: (percent) => percents.format(percent / 100),
    status: (status) => (isOrderStatus(status) ? messages[status] : statusText(status)),
    time: (at) => times.format(new Date(at)),
  }
}
