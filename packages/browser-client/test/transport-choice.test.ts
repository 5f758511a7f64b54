import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { createTransportChoice } from '../src/transport-choice.ts'

const URL = 'wss://rt.example.com/ws'
const HOUR_MS = 3_600_000

const stored = new Map<string, string>()
const localStorage = {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => void stored.set(key, value),
}
const before = Object.getOwnPropertyDescriptor(globalThis, 'localStorage')
beforeEach(() => {
  jest.useFakeTimers()
  stored.clear()
  Object.defineProperty(globalThis, 'localStorage', { value: localStorage, configurable: true })
})
afterEach(() => {
  jest.useRealTimers()
  if (before === undefined) Reflect.deleteProperty(globalThis, 'localStorage')
  else Object.defineProperty(globalThis, 'localStorage', before)
})

test('a page that had a stream begins with one for some minutes', () => {
  const choice = createTransportChoice(URL, undefined)
  choice.blocked()
  choice.streamWorked()

  expect(createTransportChoice(URL, undefined).kind).toBe('stream')
  jest.setSystemTime(Date.now() + HOUR_MS)
  expect(createTransportChoice(URL, undefined).kind).toBe('websocket')
})

test('not for longer when the clock was ahead, and was set right', () => {
  const choice = createTransportChoice(URL, undefined)
  choice.blocked()
  choice.streamWorked()
  jest.setSystemTime(Date.now() - 24 * HOUR_MS)

  expect(choice.kind).toBe('websocket')
  expect(createTransportChoice(URL, undefined).kind).toBe('websocket')
})
