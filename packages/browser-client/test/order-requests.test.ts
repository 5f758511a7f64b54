import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { OrderRequests } from '../src/order-requests.ts'
import { Stream } from '../src/stream.ts'

const LEADER_TIMEOUT_MS = 5_000

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
})

test('a leading tab that still waits for the response is waited for, and a silent one is not', async () => {
  const stream = new Stream({ onSnapshot: () => undefined, onEvent: () => undefined }, { epoch: 'e', seq: 1 })
  let sent = 0
  const requests = new OrderRequests({ stream, route: () => 'leader', send: () => (sent += 1) })
  const found = requests.byIds(['A-1'])
  for (let count = 1; count <= 10; count += 1) {
    expect(sent).toBe(count)
    requests.underWay()
    jest.advanceTimersByTime(LEADER_TIMEOUT_MS)
  }
  requests.receive({ type: 'orders', seq: 1, orders: [] })
  expect(await found).toEqual([])

  const another = requests.byIds(['A-1'])
  for (let count = 0; count < 3; count += 1) jest.advanceTimersByTime(LEADER_TIMEOUT_MS)
  await expect(another).rejects.toMatchObject({ code: 'unsupported' })
})
