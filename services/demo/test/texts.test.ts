import { expect, test } from '@jest/globals'
import { LOCALES } from '@paxyo/browser-client/format'
import { en, type TextKey } from '../page/text/en.ts'
import { TEXTS } from '../page/text/index.ts'
import { LANGUAGE_NAMES } from '../page/text/language-names.ts'
import { startLanguage, t } from '../page/text/language.ts'
import { formatMoneyText, formatMs, formatPercent, formatStatus } from '../page/view/format.ts'
import { LANGUAGES } from '../src/page-server/page-files.ts'

const namesIn = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).toSorted()

test('the page has the languages of the embed script', () => {
  for (const languages of [Object.keys(TEXTS), Object.keys(LANGUAGE_NAMES), LANGUAGES]) {
    expect([...languages].toSorted()).toEqual(Object.keys(LOCALES).toSorted())
  }
})

test.each(Object.entries(TEXTS))('%s has every text, with the values of the English one', (_, texts) => {
  for (const key of Object.keys(en) as TextKey[]) {
    expect({ key, names: namesIn(texts[key]) }).toEqual({ key, names: namesIn(en[key]) })
    expect(texts[key].trim()).not.toBe('')
  }
})

test('texts and figures are in the page’s language', async () => {
  await startLanguage('de')
  expect([t('range', { range: '1–25', total: '30' }), formatStatus('canceled'), formatPercent(0.999)]).toEqual([
    '1–25 von 30',
    'Storniert',
    '99\u00a0%',
  ])
  expect([formatMoneyText('1234.5', 'USD'), formatMs(4), formatMs(61.4)]).toEqual([
    '1.234,50\u00a0$',
    '4,0 ms',
    '61 ms',
  ])
  // A value keeps its direction in a text that is read from the right.
  await startLanguage('ar')
  expect(t('selectedTarget', { order: '#1' })).toContain('\u2068#1\u2069')
  await startLanguage('xx')
  expect(t('title')).toBe('Orders')
})
