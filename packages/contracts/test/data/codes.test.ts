import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { CLOSE_CODES, isReconnectable } from '../../src/data/close-codes.ts'
import { DELIVERY_OUTCOMES, RECORDED_OUTCOMES } from '../../src/data/delivery-outcomes.ts'
import { ERROR_CODES } from '../../src/data/error-codes.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

test('every close code is unique and in the range that says whether to reconnect', () => {
  const codes = Object.values(CLOSE_CODES).map(({ code }) => code)

  expect(new Set(codes).size).toBe(codes.length)
  expect(codes.every((code) => code >= 4000 && code <= 4999)).toBe(true)
  expect(isReconnectable(CLOSE_CODES.draining.code)).toBe(true)
  expect(isReconnectable(CLOSE_CODES.invalid_token.code)).toBe(false)
  expect(isReconnectable(1006)).toBe(true)
})

test('the README lists every close code with its meaning', () => {
  for (const [name, { code, meaning }] of Object.entries(CLOSE_CODES)) {
    const row = `| ${code} | \`${name}\` | ${isReconnectable(code) ? 'yes' : 'no'} | ${meaning} |`
    expect(readme).toContain(row)
  }
})

test('the README lists every error code with its status and title', () => {
  for (const [code, { status, title }] of Object.entries(ERROR_CODES)) {
    expect(readme).toContain(`| \`${code}\` | ${status} | ${title} |`)
  }
})

test('the README lists every outcome of a delivery with its meaning', () => {
  for (const [outcome, meaning] of Object.entries(DELIVERY_OUTCOMES)) {
    expect(readme).toContain(`| \`${outcome}\` | ${meaning} |`)
  }
  expect(RECORDED_OUTCOMES).toEqual(Object.keys(DELIVERY_OUTCOMES).filter((outcome) => outcome !== 'duplicate'))
})
