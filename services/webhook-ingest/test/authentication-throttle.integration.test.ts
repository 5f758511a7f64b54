import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { LightMyRequestResponse } from 'fastify'
import { Registry } from 'prom-client'
import { API_KEY, startIngest, TOKEN, type IngestFixture } from './ingest-fixture.ts'

// An address that guesses credentials is counted, logged and throttled; the right credentials always pass.

let ingest: IngestFixture
beforeEach(async () => {
  ingest = await startIngest()
})
afterEach(async () => {
  await ingest[Symbol.asyncDispose]()
})

const GUESSES = 200

interface From {
  readonly address?: string
  readonly forwardedFor?: string
}

const send = (url: string, key: string | undefined, { address = '203.0.113.7', forwardedFor }: From = {}) =>
  ingest.app.inject({
    method: 'POST',
    url,
    remoteAddress: address,
    headers: {
      'content-type': 'application/json',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }),
    },
    payload: JSON.stringify({ order_id: 'nothing', status: 'canceled' }),
  })

const DOORS = [
  {
    door: 'panel_api',
    guess: (index: number, from?: From) => send('/v1/orders', `guess-${index}`, from),
    right: (from?: From) => send('/v1/orders', API_KEY, from),
    passes: 400,
  },
  {
    door: 'webhook',
    guess: (index: number, from?: From) => send(`/webhooks/godofpanel/guess-${index}`, undefined, from),
    right: (from?: From) => send(`/webhooks/godofpanel/${TOKEN}`, undefined, from),
    passes: 200,
  },
]

/** How many responses have each status. */
const countByStatus = (responses: readonly LightMyRequestResponse[]): Record<number, number> => {
  const counts: Record<number, number> = {}
  for (const { statusCode } of responses) counts[statusCode] = (counts[statusCode] ?? 0) + 1
  return counts
}

async function guessMany(guess: (index: number) => Promise<LightMyRequestResponse>): Promise<LightMyRequestResponse[]> {
  const responses: LightMyRequestResponse[] = []
  for (let index = 0; index < GUESSES; index += 1) responses.push(await guess(index))
  return responses
}

describe.each(DOORS)('$door', ({ door, guess, right, passes }) => {
  test('answers an address that guesses with 429 and the time to wait, and never one with the right credentials', async () => {
    const responses = await guessMany(guess)
    const throttled = responses.at(-1)!

    const counts = countByStatus(responses)
    expect(counts[401]).toBeGreaterThanOrEqual(20)
    expect(counts[429]).toBeGreaterThan(GUESSES / 2)
    expect(counts[401]! + counts[429]!).toBe(GUESSES)
    expect(throttled.json()).toMatchObject({ status: 429, code: 'authentication_throttled' })
    expect(throttled.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(Number(throttled.headers['retry-after'])).toBeGreaterThan(0)
    expect((await right()).statusCode).toBe(passes)
    expect((await guess(0, { address: '203.0.113.8' })).statusCode).toBe(401)
  })

  test('asks for credentials in the way of HTTP', async () => {
    expect((await guess(0)).headers['www-authenticate']).toBe('Bearer')
  })

  test('throttles an IPv6 network as one', async () => {
    const counts = countByStatus(
      await guessMany((index) => guess(index, { address: `2001:db8:1:2::${index.toString(16)}` })),
    )
    expect(counts[429]).toBeGreaterThan(GUESSES / 2)
    expect((await guess(0, { address: '2001:db8:1:3::1' })).statusCode).toBe(401)
  })

  test('never throttles a proxy that TRUST_PROXY does not name: all clients have its address', async () => {
    const behind = { address: '10.0.0.7', forwardedFor: '203.0.113.7' }
    expect(countByStatus(await guessMany((index) => guess(index, behind)))).toEqual({ 401: GUESSES })
    expect(ingest.log.filter(({ msg }) => msg === 'authentication failed')).toMatchObject([
      { door, address: expect.stringContaining('TRUST_PROXY') },
    ])
  })

  test('logs an address once and when it is throttled, without the credentials, and counts every failure', async () => {
    const registry = new Registry()
    ingest.ingest.addMetrics(registry)
    await guessMany(guess)

    const lines = ingest.log.filter(({ msg }) => String(msg).startsWith('authentication'))
    expect(lines).toMatchObject([
      { msg: 'authentication failed', door, address: '203.0.113.7', failures: 1 },
      { msg: 'authentication throttled', door, address: '203.0.113.7' },
    ])
    expect(ingest.log.some(({ msg }) => msg === 'webhook rejected')).toBe(false)
    expect(JSON.stringify(ingest.log)).not.toMatch(/guess-/)
    const { values } = await registry.getSingleMetric('paxyo_ingest_authentication_failures_total')!.get()
    expect(values.every(({ labels }) => labels['door'] === door)).toBe(true)
    expect(values.reduce((sum, { value }) => sum + value, 0)).toBe(GUESSES)
  })
})

test('a body that is too large does not hide guesses', async () => {
  const responses = await guessMany((index) =>
    ingest.app.inject({
      method: 'POST',
      url: `/webhooks/godofpanel/guess-${index}`,
      remoteAddress: '203.0.113.7',
      payload: 'x'.repeat(70_000),
    }),
  )
  expect(Object.keys(countByStatus(responses))).toEqual(['413', '429'])
})

test('what fails at one door does not count at the other', async () => {
  await guessMany(DOORS[0]!.guess)
  expect((await DOORS[1]!.guess(0)).statusCode).toBe(401)
})
