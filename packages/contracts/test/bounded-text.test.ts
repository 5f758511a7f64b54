import { expect, test } from '@jest/globals'
import { boundedText, patternText } from '../src/bounded-text.ts'

test('a text that is too long meets no pattern', () => {
  const pattern = /^a+$/
  const { error } = boundedText(3, pattern, 'must be letters').safeParse('aaab')
  expect(error?.issues.map(({ code }) => code)).toEqual(['too_big'])
  expect(boundedText(3, pattern, 'must be letters').safeParse('aab').error?.issues).toMatchObject([
    { code: 'invalid_format', message: 'must be letters' },
  ])
  expect(boundedText(3, pattern, 'must be letters').parse('aaa')).toBe('aaa')
})

test('a pattern without a length bounds it by itself', () => {
  expect(patternText(/^[A-Z]{3}$/, 'must be a code').safeParse('ABCD').success).toBe(false)
  for (const pattern of [/^[A-Z]+$/, /^[A-Z]*$/, /^[A-Z]{3,}$/]) {
    expect(() => patternText(pattern, 'must be a code')).toThrow(RangeError)
  }
})
