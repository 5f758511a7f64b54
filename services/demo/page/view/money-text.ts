import { element } from './element.ts'
import { decimalSign } from './format.ts'

/** The sign and two decimals. */
const SHOWN_FRACTION = 3

/** Shows an amount: all its digits, those after the second decimal small. */
export function showMoney(target: HTMLElement, text: string): void {
  if (target.textContent === text) return
  const sign = text.lastIndexOf(decimalSign())
  const [digits = ''] = sign === -1 ? [] : (/^\p{Nd}{0,20}/u.exec(text.slice(sign + 1)) ?? [])
  if (digits.length < SHOWN_FRACTION) return void (target.textContent = text)
  const [start, end] = [sign + SHOWN_FRACTION, sign + 1 + digits.length]
  const small = element('small', { text: text.slice(start, end) })
  target.replaceChildren(text.slice(0, start), small, text.slice(end))
}
