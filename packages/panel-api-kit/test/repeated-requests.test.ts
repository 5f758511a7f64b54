import { expect, test } from '@jest/globals'
import type { ErrorCode } from '@paxyo/contracts'
import type { WrittenResponse } from '@paxyo/ledger'
import type { FastifyRequest } from 'fastify'
import { createRepeatedRequests, shareResponse } from '../src/repeated-requests.ts'

const repeated = createRepeatedRequests()
const DONE: WrittenResponse = { status: 201, json: '{"paid":1}', isReplay: false }
const REPLAYED = { ...DONE, isReplay: true }

function aRequest(key: string, body = 'the body') {
  const request = { headers: { 'idempotency-key': key } } as unknown as FastifyRequest
  repeated.begin(request)
  let commits = 0
  return {
    /** @param result what its transaction returns. */
    async commit(result: WrittenResponse | ErrorCode | Error) {
      const idempotent = { key, hash: Buffer.from(body), part: 0 }
      const response = await shareResponse(request, idempotent, async () => {
        commits += 1
        if (result instanceof Error) throw result
        return result
      })
      return { response, commits }
    },
    end: () => repeated.end(request),
  }
}

test('a request that is repeated before its response is committed once', async () => {
  const [first, second] = [aRequest('a'), aRequest('a')]
  expect(await first.commit(DONE)).toEqual({ response: DONE, commits: 1 })
  first.end()
  expect(await second.commit('internal_error')).toEqual({ response: REPLAYED, commits: 0 })
})

test('one that begins after the response, or has another key or body, has its own transaction', async () => {
  const [first, otherBody, otherKey] = [aRequest('b'), aRequest('b', 'another'), aRequest('c')]
  await first.commit(DONE)
  first.end()
  for (const request of [otherBody, otherKey, aRequest('b')]) {
    expect(await request.commit('idempotency_key_reused')).toEqual({ response: 'idempotency_key_reused', commits: 1 })
  }
})

test('an error and an unknown outcome are not shared: the next one commits, and those behind it get its response', async () => {
  const requests = Array.from({ length: 4 }, () => aRequest('d'))
  expect(await requests[0]!.commit('account_not_found')).toMatchObject({ commits: 1 })
  await expect(requests[1]!.commit(new Error('connection lost'))).rejects.toThrow('connection lost')
  expect(await requests[2]!.commit(DONE)).toEqual({ response: DONE, commits: 1 })
  expect(await requests[3]!.commit('internal_error')).toEqual({ response: REPLAYED, commits: 0 })
})
