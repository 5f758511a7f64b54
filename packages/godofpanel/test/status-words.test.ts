import { expect, test } from '@jest/globals'
import { ORDER_STATUSES } from '@paxyo/contracts'
import { createStatusReader, STATUS_WORDS } from '../src/status-words.ts'

test.each([
  ['In progress', 'in_progress'],
  ['in_progress', 'in_progress'],
  ['IN-PROGRESS', 'in_progress'],
  [' Canceled ', 'canceled'],
  ['Cancelled', 'canceled'],
  ['Refunded', 'canceled'],
  ['Partially Completed', 'partial'],
  ['Success', 'completed'],
  ['Awaiting', 'pending'],
  ['Error', 'failed'],
  ['Paused', 'unknown'],
  ['', 'unknown'],
  ['cancel requested', 'unknown'],
  ['constructor', 'unknown'],
] as const)('%j means %s', (spelling, status) => {
  expect(createStatusReader()(spelling)).toBe(status)
})

test('there is a word for every status', () => {
  expect(new Set(Object.values(STATUS_WORDS))).toEqual(new Set([...ORDER_STATUSES, 'ignore']))
})

test("a provider's own words come first, however they are spelled", () => {
  const readStatus = createStatusReader({ '5': 'canceled', Success: 'processing', 'Waiting for start': 'pending' })
  expect(['5', 'SUCCESS', 'waiting_for-start', 'Partial', '6'].map(readStatus)).toEqual([
    'canceled',
    'processing',
    'pending',
    'partial',
    'unknown',
  ])
})
