import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { watchBus, type BusWatch } from '../../src/stream/bus-watch.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

let isDelivering: boolean
let watch: BusWatch
beforeEach(() => {
  isDelivering = true
  watch = watchBus({
    isDelivering: () => isDelivering,
    catchUp: async () => undefined,
    onChange: () => undefined,
    onError: (error) => {
      throw error
    },
  })
})
afterEach(() => watch.stop())

test('a join that waited for the bus leaves nothing in memory', async () => {
  const wait = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) await watch.orSilence(Promise.resolve())
  }
  await wait(1_000)
  collectGarbage()
  const bytesBefore = process.memoryUsage().heapUsed
  const joins = 20_000
  await wait(joins)
  collectGarbage()
  expect((process.memoryUsage().heapUsed - bytesBefore) / joins).toBeLessThan(100)
})

test('nothing waits for a silent bus', async () => {
  const never = new Promise<void>(() => undefined)
  const before = watch.orSilence(never)
  isDelivering = false
  await before
  expect(watch.delayedSinceMs).toBeDefined()
  await watch.orSilence(never)
})

test('a rejected subscription does not wait for silence', async () => {
  await expect(watch.orSilence(Promise.reject(new Error('NOPERM')))).rejects.toThrow('NOPERM')
})
