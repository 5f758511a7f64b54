import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { liveState, onChange, startLive } from '../../page/data/live.ts'

class FakeSocket extends EventTarget {
  readonly close = jest.fn()
  readonly send = jest.fn()

  constructor() {
    super()
    sockets.push(this)
  }

  receive(message: object): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }))
  }
}

const WELCOME = { type: 'welcome', operatorId: 'o-1', expiresAt: '2026-11-27T12:00:00.000Z', pingIntervalMs: 1000 }

let sockets: FakeSocket[]
let changes: string[]
let page: EventTarget & { visibilityState: string }
let stop: () => void
beforeEach(async () => {
  jest.useFakeTimers()
  sockets = []
  changes = []
  page = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  const ticket = { url: '/operations', ticket: 'a-ticket' }
  Object.assign(globalThis, {
    WebSocket: FakeSocket,
    document: page,
    location: { href: 'https://panel.example/console' },
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    fetch: () => Promise.resolve({ ok: true, status: 200, json: () => Promise.resolve(ticket) }),
  })
  const stopListening = onChange(({ type }) => changes.push(type))
  const stopLive = startLive(() => undefined)
  stop = () => {
    stopLive()
    stopListening()
  }
  await settle()
})
afterEach(() => {
  stop()
  jest.useRealTimers()
})

/** The ticket has arrived. */
const settle = (): Promise<void> => jest.advanceTimersByTimeAsync(0)

test('what a page has read before it is live is read again', () => {
  expect([sockets.length, liveState.value]).toEqual([1, 'connecting'])
  sockets[0]!.receive(WELCOME)
  expect([changes, liveState.value]).toEqual([['everything'], 'live'])
})

test('a connection without messages is given up, before the browser reports that it is closed', async () => {
  sockets[0]!.receive(WELCOME)
  await jest.advanceTimersByTimeAsync(2000)
  expect([sockets[0]!.close.mock.calls.length, liveState.value]).toEqual([1, 'off'])
  await jest.advanceTimersByTimeAsync(500)
  sockets[1]!.receive(WELCOME)
  // The browser reports it at last.
  sockets[0]!.dispatchEvent(Object.assign(new Event('close'), { code: 1006 }))
  sockets[0]!.receive(WELCOME)
  expect([changes, liveState.value, sockets.length]).toEqual([['everything', 'everything'], 'live', 2])
})

test('a page that is shown while it connects again opens no second connection', async () => {
  sockets[0]!.dispatchEvent(Object.assign(new Event('close'), { code: 1006 }))
  expect(liveState.value).toBe('off')
  jest.advanceTimersByTime(500)
  page.dispatchEvent(new Event('visibilitychange'))
  await settle()
  expect(sockets).toHaveLength(2)
})

test('a page that is shown again does not wait for the next attempt', async () => {
  sockets[0]!.dispatchEvent(Object.assign(new Event('close'), { code: 1006 }))
  page.dispatchEvent(new Event('visibilitychange'))
  await settle()
  expect([sockets.length, liveState.value]).toEqual([2, 'connecting'])
})
