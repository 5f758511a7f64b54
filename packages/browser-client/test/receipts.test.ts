import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import type { Position } from '@paxyo/contracts'
import { createReceipts } from '../src/receipts.ts'

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
})

const at = (seq: number, epoch = 'e'): Position => ({ epoch, seq })

function aPage() {
  const page = { isHidden: false, position: undefined as Position | undefined, isLive: true, sent: [] as Position[] }
  const receipts = createReceipts({
    isHidden: () => page.isHidden,
    position: () => page.position,
    send(seen) {
      if (page.isLive) page.sent.push(seen)
      return page.isLive
    },
  })
  const handle = (position: Position): void => {
    page.position = position
    receipts.update()
  }
  return { page, receipts, handle }
}

test('at most one in two seconds, the first at once, and the last with everything', () => {
  const { page, handle } = aPage()
  for (const seq of [1, 2, 3]) handle(at(seq))
  expect(page.sent).toEqual([at(1)])
  jest.advanceTimersByTime(1_999)
  expect(page.sent).toEqual([at(1)])
  jest.advanceTimersByTime(1)
  expect(page.sent).toEqual([at(1), at(3)])
  jest.advanceTimersByTime(60_000)
  expect(page.sent).toHaveLength(2)
})

test('nothing of a hidden page is seen until it is visible', () => {
  const { page, receipts, handle } = aPage()
  page.isHidden = true
  handle(at(4))
  expect([page.sent, receipts.seen]).toEqual([[], undefined])
  page.isHidden = false
  receipts.update()
  expect(page.sent).toEqual([at(4)])
})

test('what waits is sent when the page is hidden, and not what is handled after it', () => {
  const { page, receipts, handle } = aPage()
  handle(at(1))
  handle(at(2))
  page.isHidden = true
  receipts.flush()
  handle(at(3))
  jest.advanceTimersByTime(10_000)
  expect(page.sent).toEqual([at(1), at(2)])
})

test('what cannot be sent is kept for the next hello, and the next one includes it', () => {
  const { page, receipts, handle } = aPage()
  page.isLive = false
  handle(at(1))
  expect(receipts.seen).toEqual(at(1))
  page.isLive = true
  handle(at(2))
  expect(page.sent).toEqual([at(2)])
})

test('other tabs add to it, it never goes back, and another epoch starts from zero', () => {
  const { page, receipts, handle } = aPage()
  handle(at(5))
  receipts.add(at(4))
  receipts.add(at(7))
  jest.advanceTimersByTime(2_000)
  handle(at(2, 'restored'))
  jest.advanceTimersByTime(2_000)
  expect(page.sent).toEqual([at(5), at(7), at(2, 'restored')])
})
