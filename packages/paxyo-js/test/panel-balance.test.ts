import { expect, test } from '@jest/globals'
import { readBalance } from '../src/panel-balance.ts'

test.each([
  ['$12.50', '$12.50', undefined],
  ['  $12.50\n', '$12.50', undefined],
  ['{"balance":"$12.50"}', '$12.50', undefined],
  ['{"balance":12.5}', '12.5', undefined],
  ['{"balance":0,"refunded":"0"}', '0', '0'],
  ['{"balance":"١٢٫٥٠ د.إ","refunded":"2.5"}', '١٢٫٥٠ د.إ', '2.5'],
  // The order may be unknown to the panel.
  ['{"balance":"$12.50","refunded":null}', '$12.50', undefined],
])('the balance that the panel returns as %s is %s', (body, balance, refunded) => {
  expect(readBalance(body)).toEqual({ balance, refunded })
})

test.each([
  '',
  ' ',
  '{}',
  '{"balance":""}',
  '{"balance":null}',
  '{"balance":{"amount":"1"}}',
  '{"balance":"$12.50"',
  '<!doctype html><title>Log in</title>',
  '{"balance":"<b>$12.50</b>"}',
  '9'.repeat(101),
])('%s is not a balance', (body) => {
  expect(readBalance(body)).toBeUndefined()
})
