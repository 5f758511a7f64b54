import { expect, test } from '@jest/globals'
import { createGrouping } from '../../src/transaction/grouping.ts'
import { createOverlap, type GroupTurn } from '../../src/transaction/overlap.ts'

const NEVER_MS = 2_000_000_000

/** Notes what has begun, in its order. */
function notes() {
  const begun: string[] = []
  const begin = (name: string, turn: GroupTurn, waiting: number): Promise<void> =>
    turn.begin(waiting).then(() => void begun.push(name))
  return { begun, begin }
}

test('a small group begins after the one in progress, and none begins twice in a row while another waits', async () => {
  const overlap = createOverlap(10, NEVER_MS)
  const [one, other] = [overlap.join(), overlap.join()]
  const { begun, begin } = notes()
  await begin('one', one, 1)
  const second = begin('other', other, 9)
  one.end()
  const third = begin('one again', one, 9)
  await second
  expect(begun).toEqual(['one', 'other'])
  other.end()
  await third
  expect(begun).toEqual(['one', 'other', 'one again'])
})

test('a large group begins beside another one, also one that has become large', async () => {
  const overlap = createOverlap(10, NEVER_MS)
  const turns = [overlap.join(), overlap.join(), overlap.join()] as const
  const { begun, begin } = notes()
  await begin('small', turns[0], 1)
  await begin('large', turns[1], 10)
  const grown = begin('grown', turns[2], 9)
  turns[2].grown(9)
  turns[0].end()
  await Promise.resolve()
  expect(begun).toEqual(['small', 'large'])
  turns[2].grown(10)
  await grown
  expect(begun).toEqual(['small', 'large', 'grown'])
})

test('a group waits only for some time', async () => {
  const overlap = createOverlap(10, 1)
  const [stuck, other] = [overlap.join(), overlap.join()]
  await stuck.begin(1)
  await other.begin(1)
  // The first one passes the turn to none when it ends: the other one is in progress.
  const { begun, begin } = notes()
  stuck.end()
  const next = begin('next', stuck, 1)
  expect(begun).toEqual([])
  other.end()
  await next
})

test('groupings take turns', async () => {
  const overlap = createOverlap(10, NEVER_MS)
  let inProgress = 0
  let inProgressMax = 0
  const process = async (items: readonly string[]): Promise<readonly string[]> => {
    inProgress += 1
    inProgressMax = Math.max(inProgressMax, inProgress)
    await new Promise(setImmediate)
    inProgress -= 1
    return items
  }
  const groupings = [0, 1].map(() => createGrouping(3, process, overlap.join()))
  const results = ['a', 'b', 'c', 'd'].map((item, index) => groupings[index % 2]!.submit(item))
  expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd'])
  expect(inProgressMax).toBe(1)
})
