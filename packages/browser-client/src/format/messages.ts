import { LOCALES, type Messages } from './locales.ts'

/**
 * The messages of a language, by default English, overridden by the application's own.
 *
 * @example
 * toMessages('de-AT').canceled //=> 'Storniert'
 */
export function toMessages(language: string, own: Partial<Messages> = {}): Messages {
  return { ...(LOCALES[language.split('-')[0]!.toLowerCase()] ?? LOCALES['en']!), ...own }
}

/**
 * @example
 * isMessageName('canceled') //=> true
 */
export function isMessageName(name: string): name is keyof Messages {
  return Object.keys(LOCALES['en']!).includes(name)
}

const RIGHT_TO_LEFT = /^(ar|dv|fa|he|ku|ps|sd|ug|ur|yi)\b/i

/**
 * @example
 * directionOf('ar') //=> 'rtl'
 */
export function directionOf(language: string): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.test(language) ? 'rtl' : 'ltr'
}

/**
 * Replaces each `{name}` of a text. A value may have another direction than the language, so it is isolated.
 *
 * @example
 * fill('Order {order}', { order: 'A-1' }, 'ltr') //=> 'Order A-1'
 */
export function fill(text: string, values: Readonly<Record<string, string>>, direction: 'ltr' | 'rtl'): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    return value === undefined ? whole : isolate(value, direction)
  })
}

/** Keeps a text that may have another direction than the text around it in its own (FSI … PDI). */
export const isolate = (text: string, direction: 'ltr' | 'rtl'): string =>
  direction === 'rtl' ? `\u2068${text}\u2069` : text
