import { expect, test } from '@jest/globals'
import { createConcurrencyLimiter } from '../src/concurrency-limiter.ts'

test('as many as may are inside, those who wait follow in their order, and one too many is turned away', async () => {
  const limiter = createConcurrencyLimiter(2, 2, 10_000)
  const entered: number[] = []
  const enter = (id: number) =>
    limiter.enter().then((leave) => {
      if (leave !== undefined) entered.push(id)
      return leave
    })
  const [first, second, third, fourth, fifth] = [1, 2, 3, 4, 5].map(enter)

  expect(limiter.isFull()).toBe(true)
  expect(await fifth).toBeUndefined()
  expect(entered).toEqual([1, 2])
  const leaveFirst = (await first)!
  leaveFirst()
  leaveFirst()
  const leaveThird = await third
  expect(entered).toEqual([1, 2, 3])
  ;(await second)!()
  const leaveFourth = await fourth
  expect(entered).toEqual([1, 2, 3, 4])

  leaveThird!()
  leaveFourth!()
  expect(limiter.isFull()).toBe(false)
  expect(await Promise.all([limiter.enter(), limiter.enter()])).not.toContain(undefined)
})

test('who has waited for too long is turned away, and leaves the line to those behind', async () => {
  const limiter = createConcurrencyLimiter(1, 2, 20)
  const leave = (await limiter.enter())!
  expect(await Promise.all([limiter.enter(), limiter.enter()])).toEqual([undefined, undefined])

  const next = limiter.enter()
  leave()
  expect(await next).toBeDefined()
})

test('of those with one subject one is inside, and the others let those with another one pass', async () => {
  const limiter = createConcurrencyLimiter(2, 4, 10_000)
  const leaveAnn = (await limiter.enter('ann'))!
  const secondAnn = limiter.enter('ann')
  const leaveBob = (await limiter.enter('bob'))!
  const [unnamed, cid] = [limiter.enter(), limiter.enter('cid')]

  leaveBob()
  const leaveUnnamed = (await unnamed)!
  leaveAnn()
  const leaveSecondAnn = (await secondAnn)!
  leaveUnnamed()
  leaveUnnamed()
  ;(await cid)!()
  leaveSecondAnn()
  expect(await Promise.all([limiter.enter('ann'), limiter.enter('bob')])).not.toContain(undefined)
})

test('who has waited for too long does not take the subject along', async () => {
  const limiter = createConcurrencyLimiter(2, 2, 20)
  const leave = (await limiter.enter('ann'))!
  expect(await limiter.enter('ann')).toBeUndefined()
  leave()
  expect(await limiter.enter('ann')).toBeDefined()
})

test('of those with one subject a few are inside when that is allowed', async () => {
  const limiter = createConcurrencyLimiter(3, 4, 10_000, { activeMax: 2 })
  const anns = [limiter.enter('ann'), limiter.enter('ann'), limiter.enter('ann')]
  await Promise.all(anns.slice(0, 2))
  const [leaveBob, unnamed] = [(await limiter.enter('bob'))!, limiter.enter()]
  leaveBob()
  expect(await unnamed).toBeDefined()

  ;(await anns[0])!()
  expect(await anns[2]).toBeDefined()
})

test('one subject fills its part of the queue, and the rest of it is for others', async () => {
  const limiter = createConcurrencyLimiter(1, 4, 10_000, { waitingMax: 2 })
  const order: string[] = []
  const enter = async (subject: string): Promise<(() => void) | undefined> => {
    const leave = await limiter.enter(subject)
    order.push(leave === undefined ? `${subject} rejected` : subject)
    return leave
  }
  const anns = Array.from({ length: 100 }, () => enter('ann'))
  expect([limiter.isFull('ann'), limiter.isFull('ben'), limiter.isFull()]).toEqual([true, false, false])
  const bens = [enter('ben'), enter('ben')]
  expect([limiter.isFull('cid'), limiter.isFull()]).toEqual([true, true])
  expect(await Promise.all(anns.slice(3))).toEqual(Array(97).fill(undefined))

  for (const one of [anns[0], anns[1], anns[2], ...bens]) (await one)!()
  expect(order.filter((subject) => !subject.endsWith('rejected'))).toEqual(['ann', 'ann', 'ann', 'ben', 'ben'])
  expect(limiter.isFull('ann')).toBe(false)
})

test('one that has waited for too long leaves the part of its subject to the next one', async () => {
  const limiter = createConcurrencyLimiter(1, 4, 20, { waitingMax: 1 })
  const leave = (await limiter.enter('ann'))!
  expect(await limiter.enter('ann')).toBeUndefined()
  const next = limiter.enter('ann')
  leave()
  expect(await next).toBeDefined()
})
