import { expect, test } from '@jest/globals'
import { createFormat } from '../../src/format/format.ts'

test('a status is said in the language, and one that is not known is shown as text', () => {
  const format = createFormat('de')
  expect(['canceled', 'in_review', 'live', 'order'].map((name) => format.status(name))).toEqual([
    'Storniert',
    'In review',
    'Live',
    'Order',
  ])
})
