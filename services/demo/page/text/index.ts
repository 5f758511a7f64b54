import { directionOf, toMessages } from '@paxyo/browser-client/format'
import { ar } from './ar.ts'
import { de } from './de.ts'
import { en, type Texts } from './en.ts'
import { es } from './es.ts'
import { fr } from './fr.ts'
import { hi } from './hi.ts'
import { id } from './id.ts'
import type { Language } from './language-names.ts'
import { pt } from './pt.ts'
import { ru } from './ru.ts'
import { tr } from './tr.ts'

/** All texts; the page loads those of one language. */
export const TEXTS: Readonly<Record<Language, Texts>> = { ar, de, en, es, fr, hi, id, pt, ru, tr }

/** What the build writes into the HTML of each language. */
export const readLanguages = () =>
  Object.entries(TEXTS).map(([language, texts]) => ({
    language,
    direction: directionOf(language),
    texts: { ...toMessages(language), ...texts },
  }))
