import { directionOf, fill } from '@paxyo/browser-client/format'
import { en, type TextKey, type Texts } from './en.ts'
import { LANGUAGE_NAMES, type Language } from './language-names.ts'

/** English is part of the bundle; each other language is a file. */
const LOADERS: Readonly<Record<Language, () => Promise<Texts>>> = {
  ar: async () => (await import('./ar.ts')).ar,
  de: async () => (await import('./de.ts')).de,
  en: () => Promise.resolve(en),
  es: async () => (await import('./es.ts')).es,
  fr: async () => (await import('./fr.ts')).fr,
  hi: async () => (await import('./hi.ts')).hi,
  id: async () => (await import('./id.ts')).id,
  pt: async () => (await import('./pt.ts')).pt,
  ru: async () => (await import('./ru.ts')).ru,
  tr: async () => (await import('./tr.ts')).tr,
}

let current: { readonly language: Language; readonly texts: Texts } = { language: 'en', texts: en }

/** A page has one language, which the server chose for its HTML. @param tag the `lang` of the page. */
export async function startLanguage(tag: string): Promise<void> {
  const language = tag in LANGUAGE_NAMES ? (tag as Language) : 'en'
  current = { language, texts: await LOADERS[language]() }
}

export const language = (): Language => current.language

/** A text of the page in its language. */
export const t = (key: TextKey, values: Readonly<Record<string, string>> = {}): string =>
  fill(current.texts[key], values, directionOf(current.language))
