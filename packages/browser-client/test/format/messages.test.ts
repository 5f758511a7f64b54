import { expect, test } from '@jest/globals'
import { LOCALES } from '../../src/format/locales.ts'
import { directionOf, fill, toMessages } from '../../src/format/messages.ts'

const placeholders = (text: string): string[] => text.match(/\{\w+\}/g) ?? []

test.each(Object.entries(LOCALES))(
  '%s says everything, with everything filled in that English has',
  (_tag, messages) => {
    const english = LOCALES['en']!
    expect(Object.keys(messages)).toEqual(Object.keys(english))
    for (const [name, text] of Object.entries(messages)) {
      expect([name, text.trim()]).not.toEqual([name, ''])
      expect([name, placeholders(text)]).toEqual([name, placeholders(english[name as keyof typeof english])])
    }
  },
)

test('a region speaks its language, and an unknown language is English', () => {
  expect(toMessages('pt-BR').canceled).toBe('Cancelado')
  expect(toMessages('EN-us').canceled).toBe('Canceled')
  expect(toMessages('eo').canceled).toBe('Canceled')
})

test('what is put into a text that runs from right to left is kept apart', () => {
  expect(fill('Order {order}', { order: 'A-1' }, 'ltr')).toBe('Order A-1')
  expect(fill('الطلب {order}', { order: 'A-1' }, 'rtl')).toBe('الطلب \u2068A-1\u2069')
  expect(fill('{what}', {}, 'ltr')).toBe('{what}')
  expect(['ar', 'fa-IR', 'he', 'en', 'arn'].map((language) => directionOf(language))).toEqual([
    'rtl',
    'rtl',
    'rtl',
    'ltr',
    'ltr',
  ])
})
