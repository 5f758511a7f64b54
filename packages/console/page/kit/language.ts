import { signal } from '@preact/signals'
import { en, type TextKey } from '../text/en.ts'
import type { Text } from '../text/text.ts'

/** The languages of the page; English is part of the bundle, the others are loaded when they are chosen. */
export const LANGUAGES = { en: 'English', de: 'Deutsch', ar: 'العربية' } as const
export type Language = keyof typeof LANGUAGES
export type Texts = Readonly<Record<TextKey, Text>>

interface Loaded {
  readonly texts: Texts
  /** Translations of the server's sentences, by their codes; the server's own are in English. */
  readonly sentences: Readonly<Record<string, Text>>
}

const LOADERS: Readonly<Record<Language, () => Promise<Loaded>>> = {
  en: () => Promise.resolve({ texts: en, sentences: {} }),
  de: async () => {
    const [{ de: texts }, { deSentences: sentences }] = await Promise.all([
      import('../text/de.ts'),
      import('../text/de-sentences.ts'),
    ])
    return { texts, sentences }
  },
  ar: async () => {
    const [{ ar: texts }, { arSentences: sentences }] = await Promise.all([
      import('../text/ar.ts'),
      import('../text/ar-sentences.ts'),
    ])
    return { texts, sentences }
  },
}
const KEY = 'paxyo-console-language'

const current = signal<{ readonly language: Language } & Loaded>({ language: 'en', texts: en, sentences: {} })

export const language = (): Language => current.value.language

const isLanguage = (name: string | undefined): name is Language => name !== undefined && name in LANGUAGES

/** The person's choice, or the first of the browser's languages that the page has. */
export function preferredLanguage(stored: string | null, wanted: readonly string[]): Language {
  if (isLanguage(stored ?? undefined)) return stored as Language
  return wanted.map((tag) => tag.split('-')[0]).find(isLanguage) ?? 'en'
}

export async function startLanguage(): Promise<void> {
  await useLanguage(preferredLanguage(readStored(), navigator.languages))
}

export async function chooseLanguage(chosen: Language): Promise<void> {
  try {
    localStorage.setItem(KEY, chosen)
  } catch {
    // Storage is forbidden: the choice holds until the page is closed.
  }
  await useLanguage(chosen)
}

async function useLanguage(chosen: Language): Promise<void> {
  const loaded = await LOADERS[chosen]()
  document.documentElement.lang = chosen
  document.documentElement.dir = chosen === 'ar' ? 'rtl' : 'ltr'
  current.value = { language: chosen, ...loaded }
}

function readStored(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}

export type TextValues = Readonly<Record<string, string | number>>

/** A text of the page in the chosen language. `count` chooses among plural forms and is formatted as a number. */
export const t = (key: TextKey, values: TextValues = {}): string => formatText(current.value, key, values)

/** The text of a key that comes from the server, such as an outcome; undefined when the page has none for it. */
export function textOf(prefix: string, name: string, values: TextValues = {}): string | undefined {
  const key = `${prefix}.${name}`
  return key in current.value.texts ? t(key as TextKey, values) : undefined
}

/** A sentence of the server, by its code; undefined when the page has none for it in its language. */
export function sentenceOf(code: string, values: TextValues = {}): string | undefined {
  const { language: tag, sentences } = current.value
  const text = sentences[code]
  return text === undefined ? undefined : fillText(tag, text, values)
}

export function formatText(
  { language: tag, texts }: { readonly language: string; readonly texts: Texts },
  key: TextKey,
  values: TextValues,
): string {
  return fillText(tag, texts[key], values)
}

/** The form of a text for a count, with its values. */
export function fillText(tag: string, text: Text, values: TextValues): string {
  const form = typeof text === 'string' ? text : pluralForm(tag, text, Number(values['count'] ?? 0))
  return form.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    if (value === undefined) return whole
    return typeof value === 'number' ? new Intl.NumberFormat(tag).format(value) : value
  })
}

function pluralForm(tag: string, forms: Exclude<Text, string>, count: number): string {
  return forms[new Intl.PluralRules(tag).select(count)] ?? forms.other
}
