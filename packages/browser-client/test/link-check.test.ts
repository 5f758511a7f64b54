import { expect, test } from '@jest/globals'
import { checkLink } from '../src/link-check.ts'

const lastReceivedAtMs = 1_000_000
const link = { lastReceivedAtMs, silenceMsMax: 55_000, suspectedAtMs: undefined }

test('a link on which something was heard lately is looked at again when it could have become silent', () => {
  expect(checkLink(link, lastReceivedAtMs + 20_000)).toEqual({ verdict: 'alive', checkInMs: 35_000 })
})

test('silence is suspicious first: the check may be late, and what was sent may still wait to be read', () => {
  expect(checkLink(link, lastReceivedAtMs + 3_600_000)).toEqual({ verdict: 'suspect', checkInMs: 2_000 })
})

test('silence at a second look is death', () => {
  const suspected = { ...link, suspectedAtMs: lastReceivedAtMs + 60_000 }
  expect(checkLink(suspected, lastReceivedAtMs + 61_500)).toEqual({ verdict: 'suspect', checkInMs: 500 })
  expect(checkLink(suspected, lastReceivedAtMs + 62_000)).toEqual({ verdict: 'dead' })
})

test('a clock that was set back does not make a link immortal', () => {
  expect(checkLink(link, lastReceivedAtMs - 3_600_000)).toMatchObject({ verdict: 'suspect' })
})
