import { expect, test } from '@jest/globals'
import { allStarted } from '../src/all-started.ts'

test('a failed start is reported when the others have started, too', async () => {
  const slow = Promise.withResolvers<string>()
  const events: string[] = []
  const starting = allStarted([Promise.reject(new Error('no port')), slow.promise]).catch((error: Error) =>
    events.push(error.message),
  )
  void slow.promise.then(() => events.push('started'))
  await new Promise(setImmediate)
  expect(events).toEqual([])
  slow.resolve('a service')
  await starting
  expect(events).toEqual(['started', 'no port'])
})
