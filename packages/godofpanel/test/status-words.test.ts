import { expect, test } from '@jest/globals'
import { normalizeStatus } from '../src/status-spelling.ts'

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
  expect(normalizeStatus(spelling)).toBe(status)
})
