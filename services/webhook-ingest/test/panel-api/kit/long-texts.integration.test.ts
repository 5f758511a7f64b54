import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { API_KEY, startIngest, type IngestFixture } from '../../ingest-fixture.ts'
import { validRequests, type GeneratedRequest } from './arbitrary-requests.ts'
import { readDocument } from './documented-responses.ts'

// The attack (ReDoS): a text of the maximum length on which a regular expression backtracks. One such request blocked
// the process for ten seconds.

const LENGTH = 60_000
const HOSTILE_TEXTS = ['a', ' ', '0', '1.', 'a ', 'é'].map((part) =>
  part.repeat(LENGTH / part.length / Buffer.byteLength(part)).concat('\0'),
)
/** A check with quadratic running time takes longer than this in every attempt. */
const CPU_MS_MAX = 500
/** Garbage collection or a busy machine can slow down one attempt, but not all. */
const ATTEMPTS = 5

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

/** Yields the request once per string in its body, with that string replaced. */
function* withReplacedTexts({ payload, ...request }: GeneratedRequest, text: string): Generator<GeneratedRequest> {
  const count = countTexts(JSON.parse(payload ?? 'null'))
  for (let place = 0; place < count; place += 1) {
    let index = 0
    const replaced = JSON.stringify(JSON.parse(payload!), (_name, value: unknown) =>
      typeof value === 'string' && index++ === place ? text : value,
    )
    yield { ...request, payload: replaced }
  }
}

function countTexts(value: unknown): number {
  if (typeof value === 'string') return 1
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value).reduce<number>((sum, part) => sum + countTexts(part), 0)
}

async function cpuMsOf({ headers, ...request }: GeneratedRequest): Promise<number> {
  const before = process.cpuUsage()
  await ingest.app.inject({ ...request, headers: { ...headers, authorization: `Bearer ${API_KEY}` } })
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** The minimum of several attempts; stops after the first fast one. */
async function leastCpuMs(request: GeneratedRequest): Promise<number> {
  let least = Infinity
  for (let attempt = 0; attempt < ATTEMPTS && least > CPU_MS_MAX; attempt += 1) {
    least = Math.min(least, await cpuMsOf(request))
  }
  return least
}

test('no text in a body keeps the process busy', async () => {
  const { operations, resolve } = readDocument((await ingest.app.inject('/openapi.json')).json())
  const slow: unknown[] = []
  let tried = 0
  for (const operation of operations.values()) {
    if (operation.body === undefined) continue
    const samples = fc.sample(validRequests(operation, resolve, {}), { numRuns: 5, seed: 1 })
    for (const text of HOSTILE_TEXTS) {
      for (const request of samples.flatMap((sample) => Array.from(withReplacedTexts(sample, text)))) {
        const cpuMs = await leastCpuMs(request)
        if (cpuMs > CPU_MS_MAX) slow.push([operation.operationId, text.slice(0, 4), cpuMs])
        tried += 1
      }
    }
  }
  expect(tried).toBeGreaterThan(100)
  expect(slow).toEqual([])
})
