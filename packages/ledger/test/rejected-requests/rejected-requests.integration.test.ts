import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import { pino } from 'pino'
import { v7 as newId } from 'uuid'
import {
  createRejectedRequests,
  type RejectedRequest,
  type RejectedRequests,
} from '../../src/rejected-requests/rejected-requests.ts'

let database: TestDatabase
let requests: RejectedRequests
let statements: string[]
let failedTrims: number

beforeEach(async () => {
  database = await createTestDatabase()
  const pool = database.poolAs('ingest')
  const log = pino({ level: 'silent' })
  requests = createRejectedRequests({ pool, newId, log, onTrimFailed: () => void (failedTrims += 1) })
  failedTrims = 0
  statements = []
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    Object.assign(client, {
      query(...args: unknown[]) {
        const text = typeof args[0] === 'string' ? args[0] : (args[0] as { text: string }).text
        if (text.startsWith('insert into "rejected_requests"')) statements.push(text)
        return query(...args)
      },
    })
  })
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
})

const aRequest = (body: string, change: Partial<RejectedRequest> = {}): RejectedRequest => ({
  provider: 'godofpanel',
  receivedAt: new Date(),
  reason: 'malformed_json',
  detail: undefined,
  contentType: 'application/json',
  contentEncoding: undefined,
  messageId: undefined,
  address: '192.0.2.1',
  body: Buffer.from(body),
  ...change,
})

const kept = async (): Promise<string[]> =>
  (await requests.readOpen({ provider: undefined, after: undefined, limit: 100 }))
    .map(({ provider, body, count }) => `${provider} ${body!.toString()} ×${count}`)
    .toSorted()

test('requests that arrive together are kept by one statement, and equal ones are one row that counts them', async () => {
  const sent = ['a', 'b', 'a', 'c', 'a'].map((body) => aRequest(body))
  const ids = await Promise.all([...sent, aRequest('a', { provider: 'other' })].map((one) => requests.keep(one)))

  expect(statements.length).toBe(1)
  expect(new Set(ids).size).toBe(4)
  expect([ids[2], ids[4]]).toEqual([ids[0], ids[0]])
  expect((await requests.read(ids[3]!))?.body).toEqual(Buffer.from('c'))
  expect(await kept()).toEqual(['godofpanel a ×3', 'godofpanel b ×1', 'godofpanel c ×1', 'other a ×1'])

  expect(await requests.keep(aRequest('a'))).toBe(ids[0])
  expect((await kept())[0]).toBe('godofpanel a ×4')
})

test('a request that the database rejects does not fail those beside it', async () => {
  const results = await Promise.allSettled([
    requests.keep(aRequest('a')),
    requests.keep(aRequest('b', { detail: 'a text cannot have \0' })),
    requests.keep(aRequest('c')),
  ])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await kept()).toEqual(['godofpanel a ×1', 'godofpanel c ×1'])
})

test('a flood that the database does not keep up with is told to come back, and loses nothing that was kept', async () => {
  const sent = Array.from({ length: 1_200 }, (_, index) => aRequest(`body ${index % 40}`))
  const results = await Promise.allSettled(sent.map((one) => requests.keep(one)))
  const rejected = results.filter((result) => result.status === 'rejected')
  expect(rejected.length).toBe(200)
  expect(String(rejected[0]!.reason)).toContain('too many rejected requests wait')
  const counts = (await kept()).map((line) => Number(line.split('×')[1]))
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1_000)
})

test('a request is kept, and the failure counted, when those beyond the maximum cannot be deleted', async () => {
  await requests.keep(aRequest('a', { provider: 'other' }))
  expect(failedTrims).toBe(0)
  await database.owner.query('REVOKE DELETE ON rejected_requests FROM paxyo_ingest')
  await requests.keep(aRequest('b'))
  expect(failedTrims).toBe(1)
  expect(await kept()).toEqual(['godofpanel b ×1', 'other a ×1'])
})
