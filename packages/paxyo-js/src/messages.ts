import { LOCALES, type Messages } from './locales.ts'

/** The language's words, or English ones, with the page's own in their place. */
export function toMessages(language: string, own: Partial<Messages> = {}): Messages {
  return { ...(LOCALES[language.split('-')[0]!.toLowerCase()] ?? LOCALES['en']!), ...own }
}

export function isMessageName(name: string): name is keyof Messages {
  return Object.hasOwn(LOCALES['en']!, name)
}

const RIGHT_TO_LEFT = /^(ar|dv|fa|he|ku|ps|sd|ug|ur|yi)\b/i

export function directionOf(language: string): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.test(language) ? 'rtl' : 'ltr'
}

/** Fills `{name}`. What is put in may run the other way than the language does, so it is kept apart (FSI … PDI). */
export function fill(text: string, values: Readonly<Record<string, string>>, direction: 'ltr' | 'rtl'): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    if (value === undefined) return whole
    return direction === 'rtl' ? `\u2068${value}\u2069` : value
  })
}
