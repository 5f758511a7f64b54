import { expect, test } from '@jest/globals'
import { SEND_PROBLEMS, sendProblemOf } from '../../page/state/send-problem.ts'
import { en } from '../../page/text/en.ts'

test.each([
  ['connect ECONNREFUSED 127.0.0.1:9', 'rejected', ''],
  ['no response within 10000 ms', 'late', ''],
  ['getaddrinfo ENOTFOUND shop.invalid', 'unknownHost', ''],
  ['socket hang up', 'closed', ''],
  ['self-signed certificate', 'certificate', ''],
  ['status 500: <html>', 'status', '500'],
])('%s', (error, code, status) => {
  expect(sendProblemOf(error)).toEqual({ code, status })
})

test('another error has no code, and every code has a text', () => {
  expect(sendProblemOf('something else')).toBeUndefined()
  expect(SEND_PROBLEMS.filter((code) => !(`sendProblem.${code}` in en))).toEqual([])
})
