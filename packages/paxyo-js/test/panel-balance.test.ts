import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { createPanelBalance, readBalance } from '../src/panel-balance.ts'

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

describe('after a refund', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => {
    jest.restoreAllMocks()
    jest.useRealTimers()
  })

  test('a request that fails is repeated, and the developer is told', async () => {
    const shown: string[] = []
    const warnings: string[] = []
    const fetched = jest
      .spyOn(globalThis, 'fetch')
      .mockRejectedValueOnce(new TypeError('no network'))
      .mockResolvedValueOnce(new Response('', { status: 502 }))
      .mockImplementation(async () => new Response('$12.50'))
    const read = createPanelBalance({
      url: 'https://panel.example.com/balance',
      shown: () => '$10.00',
      onBalance: (balance) => shown.push(balance),
      warn: (message) => warnings.push(message),
    })
    read()
    await jest.advanceTimersByTimeAsync(60_000)

    expect(shown).toEqual(['$12.50'])
    expect(warnings).toHaveLength(2)
    expect(fetched).toHaveBeenCalledTimes(3)
  })

  test('a server that never responds well is asked a few times only', async () => {
    const fetched = jest.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('no network'))
    const read = createPanelBalance({
      url: 'https://panel.example.com/balance',
      shown: () => '$10.00',
      onBalance: () => undefined,
      warn: () => undefined,
    })
    read()
    await jest.advanceTimersByTimeAsync(600_000)

    expect(fetched).toHaveBeenCalledTimes(7)
  })
})
