import { expect, test } from '@jest/globals'
import { DATABASE_CHECKS, DATABASE_SENTENCES, type Sentence } from '@paxyo/database/diagnostics'
import { AUDIT_CHECKS, AUDIT_DETAILS } from '@paxyo/ledger/audit'
import { RECORDED_OUTCOMES, ORDER_STATUSES, WEBHOOK_TYPES } from '@paxyo/contracts/data'
import { REVIEW_REASONS } from '@paxyo/order-core'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { fillText, formatText, preferredLanguage, type Texts } from '../../page/kit/language.ts'
import { arSentences } from '../../page/text/ar-sentences.ts'
import { ar } from '../../page/text/ar.ts'
import { deSentences } from '../../page/text/de-sentences.ts'
import { de } from '../../page/text/de.ts'
import { en, type TextKey } from '../../page/text/en.ts'
import type { Text } from '../../page/text/text.ts'
import { GATEWAY_CHECKS, GATEWAY_SENTENCES } from '../../src/panel-api/gateway-sentences.ts'

const LANGUAGES: Readonly<Record<string, Texts>> = { en, de, ar }
const KEYS = Object.keys(en) as TextKey[]

const formsOf = (text: Text): string[] => (typeof text === 'string' ? [text] : Object.values(text))
const namesIn = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).toSorted()

test.each(Object.entries(LANGUAGES))('%s has every text, with the values of the English one', (_, texts) => {
  expect(Object.keys(texts).toSorted()).toEqual(KEYS.toSorted())
  for (const key of KEYS) {
    const wanted = new Set(namesIn(formsOf(en[key]).at(-1)!))
    for (const form of formsOf(texts[key])) {
      expect({ key, form, isKnown: namesIn(form).every((name) => wanted.has(name)) }).toEqual({
        key,
        form,
        isKnown: true,
      })
    }
    const last = new Set(namesIn(formsOf(texts[key]).at(-1)!))
    expect({ key, values: last }).toEqual({ key, values: wanted })
  }
})

test('a text has the plural forms of its language', () => {
  expect(formatText({ language: 'en', texts: en }, 'shell.waiting', { count: 1 })).toBe('1 review is waiting')
  expect(formatText({ language: 'en', texts: en }, 'shell.waiting', { count: 1200 })).toBe('1,200 reviews are waiting')
  for (const [language, texts] of Object.entries(LANGUAGES)) {
    for (const count of [0, 1, 2, 3, 11, 100]) {
      expect(formatText({ language, texts }, 'reviews.lead', { count })).not.toContain('{')
    }
  }
})

test('every outcome, status, reason and type has a text', () => {
  const wanted = [
    ...RECORDED_OUTCOMES.flatMap((outcome) => [`outcome.${outcome}`, `decision.${outcome}`]),
    ...ORDER_STATUSES.map((status) => `status.${status}`),
    ...Object.keys(REVIEW_REASONS).map((reason) => `reason.${reason}`),
    ...WEBHOOK_TYPES.map((type) => `webhookType.${type}`),
  ]
  expect(wanted.filter((key) => !(key in en))).toEqual([])
})

/** What writes entries of the audit log, and where it has their actions. A denied request to read has one, too. */
const ACTIONS: readonly (readonly [files: string, action: RegExp])[] = [
  ['{packages/console,services/webhook-ingest}/src/**/*.ts', /operationId: '(?<action>\w+)'/g],
  [
    'packages/console/src/sign-in/*.ts',
    /(?:signInEntry\(request, |auditSignIn\(db, request, |action: )'(?<action>\w+)'/g,
  ],
  ['packages/database/src/operators/*.ts', /\baudit\(by, '(?<action>\w+)'/g],
  ['packages/cli/src/**/*.ts', /commandLineEntry\('(?<action>\w+)'/g],
  [
    'packages/database/src/**/*.ts',
    /INSERT INTO audit_log \([^)]*\)\s+(?:(?:VALUES \(|SELECT )[^,]+,[^,]+, '(?<action>\w+)'|VALUES \(\$1|SELECT \* FROM unnest)/g,
  ],
]

test('every action that can be in the audit log has a text', () => {
  const cwd = fileURLToPath(new URL('../../../..', import.meta.url))
  const textsOf = (files: string): string[] =>
    globSync(files, { cwd }).map((file) => readFileSync(`${cwd}/${file}`, 'utf8'))
  const found = ACTIONS.map(([files, action]) => textsOf(files).flatMap((text) => Array.from(text.matchAll(action))))
  expect(found.every((matches) => matches.length > 0)).toBe(true)
  const inserts = textsOf('packages/*/src/**/*.ts').flatMap((text) => text.match(/INSERT INTO audit_log /g) ?? [])
  expect(found.at(-1)).toHaveLength(inserts.length)

  const actions = new Set(found.flat().flatMap(({ groups }) => groups!['action'] ?? []))
  const prefix = 'auditAction.'
  const withText = KEYS.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))
  expect(withText.toSorted()).toEqual([...actions].toSorted())
})

const SENTENCES: [string, Sentence][] = Object.entries({ ...DATABASE_SENTENCES, ...GATEWAY_SENTENCES })
const SERVER_SENTENCES = Object.fromEntries([
  ...SENTENCES.map(([code, { message }]) => [`message.${code}`, message]),
  ...SENTENCES.filter(([, { hint }]) => hint !== undefined).map(([code, { hint }]) => [`hint.${code}`, hint]),
  ...[...DATABASE_CHECKS, ...GATEWAY_CHECKS].map((check) => [`check.${check}`, check]),
  ...AUDIT_CHECKS.map(({ name, title }) => [`audit.${name}`, title]),
  ...Object.entries(AUDIT_DETAILS).map(([code, detail]) => [`detail.${code}`, detail]),
]) as Readonly<Record<string, string>>

// Those of the server are in English.
test.each(Object.entries({ de: deSentences, ar: arSentences }))(
  '%s has every sentence of the server',
  (tag, sentences) => {
    expect(Object.keys(sentences).toSorted()).toEqual(Object.keys(SERVER_SENTENCES).toSorted())
    for (const [code, english] of Object.entries(SERVER_SENTENCES)) {
      const names = new Set(namesIn(english))
      for (const form of formsOf(sentences[code]!)) expect([code, new Set(namesIn(form))]).toEqual([code, names])
      const values = Object.fromEntries([...names].map((name) => [name, 3]))
      expect(fillText(tag, sentences[code]!, values)).not.toMatch(/[{}]/)
    }
  },
)

test('the language is that of the person, or of the browser', () => {
  expect(preferredLanguage('ar', ['de-DE'])).toBe('ar')
  expect(preferredLanguage(null, ['fr', 'de-AT', 'en'])).toBe('de')
  expect(preferredLanguage('klingon', ['fr'])).toBe('en')
})
