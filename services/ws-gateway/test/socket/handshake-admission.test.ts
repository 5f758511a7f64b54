import { expect, test } from '@jest/globals'
import { assert, array, integer, property } from 'fast-check'
import { HandshakeAdmission } from '../../src/socket/handshake-admission.ts'

test('admits a burst of one second, and then as many a second', () => {
  const admission = new HandshakeAdmission(10, 0)
  const admitted = (nowMs: number): number =>
    Array.from({ length: 50 }, () => admission.admit(nowMs)).filter(Boolean).length

  expect([0, 0, 500, 1_500, 1_550, 60_000].map(admitted)).toEqual([10, 0, 5, 10, 0, 10])
})

test('in no second, whenever it begins, are there more than twice as many; and a clock that is set back changes nothing', () => {
  assert(
    property(integer({ min: 1, max: 20 }), array(integer({ min: -50, max: 400 }), { maxLength: 300 }), (max, steps) => {
      const admission = new HandshakeAdmission(max, 0)
      const admittedAt: number[] = []
      let nowMs = 0
      let latestMs = 0
      for (const step of steps) {
        nowMs += step
        if (nowMs < latestMs) continue
        latestMs = nowMs
        if (admission.admit(nowMs)) admittedAt.push(nowMs)
      }
      for (const at of admittedAt) {
        expect(admittedAt.filter((other) => other >= at && other < at + 1_000).length).toBeLessThanOrEqual(2 * max)
      }
    }),
  )
})
