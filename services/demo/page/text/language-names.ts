/** The languages of the page, which are those of the embed script, each by its own name. */
export const LANGUAGE_NAMES = {
  ar: 'العربية',
  de: 'Deutsch',
  en: 'English',
  es: 'Español',
  fr: 'Français',
  hi: 'हिन्दी',
  id: 'Bahasa Indonesia',
  pt: 'Português',
  ru: 'Русский',
  tr: 'Türkçe',
} as const

export type Language = keyof typeof LANGUAGE_NAMES
