import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { timelineStep } from '../../src/database-watch/record-timeline.ts'

const known = { isReplica: false, timeline: 3, isSynchronous: true, epochTimeline: 3, wasSynchronous: true }

test.each([
  ['nothing is known yet', { ...known, epochTimeline: null, wasSynchronous: null }, 'record'],
  ['nothing changed', known, 'none'],
  ['commits no longer wait for a standby', { ...known, isSynchronous: false }, 'record'],
  ['a synchronous standby was promoted', { ...known, timeline: 4 }, 'record'],
  ['an asynchronous standby was promoted', { ...known, timeline: 4, wasSynchronous: false }, 'rotate'],
  ['a standby itself', { ...known, isReplica: true, timeline: null }, 'none'],
])('%s', (_case, state, step) => {
  expect(timelineStep(state)).toBe(step)
})

test('positions survive another timeline only if commits waited for a standby before', () => {
  const timeline = fc.integer({ min: 1, max: 5 })
  const maybe = fc.option(fc.boolean())
  fc.assert(
    fc.property(timeline, timeline, fc.boolean(), maybe, (now, before, isSynchronous, wasSynchronous) => {
      const step = timelineStep({
        isReplica: false,
        timeline: now,
        isSynchronous,
        epochTimeline: before,
        wasSynchronous,
      })
      expect(step === 'rotate').toBe(now !== before && wasSynchronous !== true)
    }),
  )
})
