import { expect, test } from '@jest/globals'
import { chooseLanguage } from '../src/page-server/choose-language.ts'

const LANGUAGES = ['ar', 'de', 'en', 'tr']

test.each([
  ['', undefined, 'en'],
  ['de', 'tr', 'de'],
  ['fr', 'tr-TR,tr;q=0.9,en;q=0.8', 'tr'],
  ['', 'fr, DE-at;q=0.8', 'de'],
  ['', 'en;q=0.2, ar;q=0.7, de;q=0', 'ar'],
  ['', 'en, de', 'en'],
  ['', ';;q=,,*;q=x', 'en'],
])('%j and %j: %s', (wanted, accepted, language) => {
  expect(chooseLanguage(LANGUAGES, wanted, accepted)).toBe(language)
})
