import { beforeEach, expect, test } from '@jest/globals'
import { UnreadBudget, type Consumer } from '../../src/socket/unread-budget.ts'

const LIMITS = {
  welcomeBytesMax: 100,
  unreadBytesPerUserMax: 400,
  unreadBytesTotalMax: 1_000,
  joinsPerUserMax: 10,
  joinsRefillMs: 1_000,
}

interface TestConsumer extends Consumer {
  unreadBytes: number
  isCut: boolean
}

let now: number
let budget: UnreadBudget
beforeEach(() => {
  now = 0
  budget = new UnreadBudget(LIMITS, () => now)
})

function consumer(userId: string, unreadBytes: number): TestConsumer {
  const made: TestConsumer = {
    userId,
    unreadBytes,
    isCut: false,
    abort() {
      made.isCut = true
      made.unreadBytes = 0
      budget.forget(made)
    },
  }
  return made
}

/** A join that has begun, with a welcome that the client has not read. */
function join(userId: string, unreadBytes: number): TestConsumer {
  expect(budget.admit(userId, () => true)).toBe(true)
  const joined = consumer(userId, unreadBytes)
  budget.joined(userId)
  budget.observe(joined)
  return joined
}

test('a user has room for four welcomes: those of joins, and what is unread', async () => {
  for (let count = 0; count < 3; count += 1) expect(budget.admit('ann', () => true)).toBe(true)
  expect(budget.hasRoom('ann')).toBe(true)
  expect(budget.admit('ann', () => true)).toBe(true)
  expect(budget.hasRoom('ann')).toBe(false)
  const waiting = budget.admit('ann', () => true)
  expect(budget.waitingCount).toBe(1)

  // One begins, and its client reads nothing.
  const unread = consumer('ann', 100)
  budget.observe(unread)
  budget.joined('ann')
  budget.retry()
  expect([budget.waitingCount, budget.bytes]).toEqual([1, 100])
  unread.unreadBytes = 0
  budget.retry()
  expect(await waiting).toBe(true)
  expect([budget.waitingCount, budget.bytes]).toEqual([0, 0])
})

test('the joins of one user wait for no other user', () => {
  for (let count = 0; count < 4; count += 1) join('ann', 100)
  void budget.admit('ann', () => true)
  expect(budget.admit('bea', () => true)).toBe(true)
  expect(budget.waitingCount).toBe(1)
})

test('a client that has gone while it waited leaves its turn to the next one', async () => {
  const unread = join('ann', 400)
  let isThere = true
  const gone = budget.admit('ann', () => isThere)
  const next = budget.admit('ann', () => true)
  isThere = false
  budget.retry()
  expect(await gone).toBe(false)
  expect(budget.waitingCount).toBe(1)
  unread.unreadBytes = 0
  budget.retry()
  expect(await next).toBe(true)
})

test('a user joins at a rate, however quickly the client reads', async () => {
  for (let count = 0; count < 10; count += 1) join('ann', 0)
  const [first, second] = [budget.admit('ann', () => true), budget.admit('ann', () => true)]
  budget.retry()
  expect(budget.waitingCount).toBe(2)
  now += 100
  budget.retry()
  expect(await first).toBe(true)
  expect(budget.waitingCount).toBe(1)
  now += 100
  budget.retry()
  expect(await second).toBe(true)
  expect(budget.waitingCount).toBe(0)
})

test('beyond the budget of the process, the greatest of the users with the most are cut', () => {
  const greedy = [join('greedy', 100), join('greedy', 200)]
  const slow = join('slow', 90)
  greedy[0]!.unreadBytes = 700
  const quick = join('quick', 90)
  for (const each of greedy) budget.observe(each)
  expect(budget.bytes).toBeLessThanOrEqual(1_000 * 0.9)
  expect([...greedy, slow, quick].map(({ isCut }) => isCut)).toEqual([true, false, false, false])
  expect([budget.bytes, budget.cutCount]).toEqual([380, 1])
})

test('who has read since the last look is not cut', () => {
  const consumers = Array.from({ length: 10 }, (_, index) => join(`user-${index}`, 100))
  consumers[0]!.unreadBytes = 0
  const last = join('last', 50)
  expect([...consumers, last].some(({ isCut }) => isCut)).toBe(false)
  expect(budget.bytes).toBe(950)
})

test('users are forgotten once they could join as often as anyone', () => {
  const ended = join('ann', 100)
  budget.forget(ended)
  for (let count = 0; count < 9; count += 1) join('ann', 0)
  budget.prune()
  void budget.admit('ann', () => true)
  expect(budget.waitingCount).toBe(1)
  now += 1_000
  budget.retry()
  budget.joined('ann')
  now += 1_000
  budget.prune()
  for (let count = 0; count < 10; count += 1) join('ann', 0)
})
