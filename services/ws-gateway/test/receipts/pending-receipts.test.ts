import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { PendingReceipts } from '../../src/receipts/pending-receipts.ts'
import type { SentReport } from '../../src/stream/sent-reports.ts'

const EPOCH = 'epoch-1'

/** What was sent just now. */
const sent = (userId: string, seq: number, connections: number, isLive: boolean, at = 0): SentReport => ({
  userId,
  epoch: EPOCH,
  seq,
  connections,
  isLive,
  at,
})

const pendingAt = (clock: { now: number }): PendingReceipts => new PendingReceipts(() => clock.now)

test('one entry for each user, with the highest positions and how long ago they were reached', () => {
  const clock = { now: 0 }
  const pending = pendingAt(clock)
  pending.sent(sent('user-1', 7, 2, true))
  pending.seen('user-1', EPOCH, 7)
  clock.now = 300
  pending.seen('user-1', EPOCH, 6)
  pending.sent(sent('user-1', 8, 2, true, clock.now))
  pending.seen('user-2', EPOCH, 3)
  clock.now = 1_000

  expect(pending.toBatch(pending.take(10))).toEqual({
    seen: [
      ['user-1', EPOCH, 7, 1_000],
      ['user-2', EPOCH, 3, 700],
    ],
    sent: [['user-1', EPOCH, 8, 700, 2, 1]],
  })
  expect(pending.size).toBe(0)
})

test('what a connection begins with does not replace what was sent live', () => {
  const pending = pendingAt({ now: 0 })
  pending.sent(sent('user-1', 7, 2, true))
  pending.sent(sent('user-1', 8, 1, false))

  expect(pending.toBatch(pending.take(1)).sent).toEqual([['user-1', EPOCH, 7, 0, 2, 1]])
})

test('a position of another epoch replaces that of a database that was restored', () => {
  const pending = pendingAt({ now: 0 })
  pending.seen('user-1', EPOCH, 90)
  const taken = pending.take(1)
  pending.seen('user-1', 'epoch-2', 5)
  pending.restore(taken)

  expect(pending.toBatch(pending.take(1)).seen).toEqual([['user-1', 'epoch-2', 5, 0]])
})

test('batches that could not be stored lose no position, and move none back', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom('seen', 'sent'), user: fc.nat(3), seq: fc.integer({ min: 1, max: 50 }) }),
    fc.record({ kind: fc.constantFrom('fail', 'store'), user: fc.nat(3), seq: fc.constant(0) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const pending = pendingAt({ now: 0 })
      const expected = { seen: new Map<string, number>(), sent: new Map<string, number>() }
      const stored = { seen: new Map<string, number>(), sent: new Map<string, number>() }
      const store = (): void => {
        const batch = pending.toBatch(pending.take(2))
        for (const kind of ['seen', 'sent'] as const) {
          for (const [user, , seq] of batch[kind]) stored[kind].set(user, Math.max(seq, stored[kind].get(user) ?? 0))
        }
      }
      for (const { kind, user, seq } of steps) {
        const userId = `user-${user}`
        if (kind === 'seen') pending.seen(userId, EPOCH, seq)
        if (kind === 'sent') pending.sent(sent(userId, seq, 1, true))
        if (kind === 'seen' || kind === 'sent') {
          expected[kind].set(userId, Math.max(seq, expected[kind].get(userId) ?? 0))
        }
        if (kind === 'fail') pending.restore(pending.take(2))
        if (kind === 'store') store()
      }
      while (pending.size > 0) store()
      expect(stored).toEqual(expected)
    }),
  )
})

test('is bounded', () => {
  const pending = pendingAt({ now: 0 })
  for (let user = 0; user < 100_010; user += 1) pending.seen(`user-${user}`, EPOCH, 1)
  expect([pending.size, pending.dropped]).toEqual([100_000, 10])
})
