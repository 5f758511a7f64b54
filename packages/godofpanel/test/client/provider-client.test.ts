import { afterEach, describe, expect, test } from '@jest/globals'
import { startSimulator, type Simulator } from '@paxyo/provider-simulator'
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { PROVIDER_ERROR_CODES } from '@paxyo/order-core'
import { createGodOfPanel, type GodOfPanelClient, type GodOfPanelClientOptions } from '../../src/index.ts'
import { startReceiver, type Receiver } from '../../../provider-simulator/test/receiver.ts'

const KEY = 'a-key-that-stays-secret'
/** For a response that does not come. */
const TIMEOUT_MS = 1_000

const clients: GodOfPanelClient[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

function connect(url: string, options: Partial<GodOfPanelClientOptions> = {}): GodOfPanelClient {
  const client = createGodOfPanel({
    api: { url, key: KEY, timeoutMs: 60_000, requestsPerSecond: 50, ...options },
  }).client!
  clients.push(client)
  return client
}

const responding = (body: string, status = 200, headers: Record<string, string> = {}): Promise<Receiver> =>
  startReceiver((response) => response.writeHead(status, headers).end(body))

const failureOf = async (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => 'succeeded',
    (error: Error & { code: string }) => {
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(KEY)
      return error.code
    },
  )

describe('with the simulator', () => {
  const start = (): Promise<Simulator> => startSimulator({ apiKey: KEY, seed: 3 })

  test('one order, several, and one that it does not know', async () => {
    await using simulator = await start()
    const client = connect(simulator.apiUrl)
    simulator.add({ orderId: '90071992547409931', status: 'partial', remains: 157, startCount: 3572 })
    simulator.add({ orderId: 'abc', status: 'in_progress', remains: 10 })
    const partial = { providerOrderId: '90071992547409931', status: 'partial', remains: 157, startCount: 3572 }

    expect((await client.status('90071992547409931')).update).toEqual(partial)
    const responses = await client.statuses(['abc', '404', '90071992547409931'])
    expect([...responses.values()].map(({ update }) => update)).toEqual(
      expect.arrayContaining([
        partial,
        { providerOrderId: 'abc', status: 'in_progress', remains: 10, startCount: null },
        { providerOrderId: '404', status: 'unknown', remains: null, startCount: null, problem: 'provider_error' },
      ]),
    )
    expect((await client.status('404')).update.problem).toBe('provider_error')
    expect(await client.statuses([])).toEqual(new Map())
  })

  test('a hundred orders at once, and not one more', async () => {
    await using simulator = await start()
    const client = connect(simulator.apiUrl)
    const ids = Array.from({ length: 101 }, () => simulator.add().orderId)

    expect((await client.statuses(ids.slice(1))).size).toBe(100)
    expect(await failureOf(client.statuses(ids))).toBe('invalid_request')
    expect(await failureOf(client.statuses(['1,2']))).toBe('invalid_request')
    expect(simulator.requests).toEqual({ status: 1 })
  })

  test('services, balance, and an order that is placed', async () => {
    await using simulator = await start()
    const client = connect(simulator.apiUrl)

    expect(await client.balance()).toEqual({ balance: '100.84292', currency: 'USD' })
    expect((await client.services())[0]).toEqual({
      service: '1',
      name: 'Followers',
      type: 'Default',
      category: 'First',
      rate: '0.9',
      min: 10,
      max: 1_000_000,
      refill: true,
      cancel: true,
    })
    const orderId = await client.add({
      service: '1',
      link: 'https://example.com/me',
      quantity: 500,
      more: { key: 'x' },
    })
    expect(simulator.order(orderId)).toMatchObject({ quantity: 500, link: 'https://example.com/me' })
    expect(await failureOf(client.add({ service: '9', link: 'l', quantity: 1 }))).toBe('rejected')
  })

  test('a wrong key is refused, also for one order', async () => {
    await using simulator = await startSimulator({ apiKey: 'another key' })
    const client = connect(simulator.apiUrl)
    for (const attempt of [client.status('1'), client.statuses(['1']), client.balance(), client.services()]) {
      expect(await failureOf(attempt)).toBe('rejected')
    }
  })
})

describe('what changes nothing is asked again', () => {
  test.each([
    ['a status that says later', (n: number) => (n === 1 ? 503 : 200)],
    ['a server that fails', (n: number) => (n < 3 ? 500 : 200)],
    ['a connection that breaks', (n: number) => (n === 1 ? 0 : 200)],
  ])('after %s', async (_what, statusOf) => {
    await using receiver = await startReceiver((response, count) => {
      const status = statusOf(count)
      if (status === 0) response.destroy()
      else response.writeHead(status).end('{"balance":"-1.5","currency":"USD"}')
    })
    expect(await connect(receiver.url).balance()).toEqual({ balance: '-1.5', currency: 'USD' })
  })

  test('but not when it would not help', async () => {
    await using receiver = await responding('no', 404)
    expect(await failureOf(connect(receiver.url).balance())).toBe('http_error')
    expect(receiver.received).toHaveLength(1)
  })

  test('not sooner than it is asked to, and not at all when that is too long', async () => {
    await using soon = await startReceiver((response, count) =>
      response.writeHead(count === 1 ? 429 : 200, { 'retry-after': '1' }).end('{"balance":"1","currency":"USD"}'),
    )
    const startedAt = performance.now()
    await connect(soon.url).balance()
    expect(performance.now() - startedAt).toBeGreaterThan(990)

    await using late = await responding('', 429, { 'retry-after': '3600' })
    expect(
      await connect(late.url)
        .balance()
        .catch((error: unknown) => error),
    ).toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 3_600_000,
    })
    expect(late.received).toHaveLength(1)
  })
})

describe('an order is sent once', () => {
  test.each([
    ['no response', 'outcome_unknown', () => startReceiver(() => undefined)],
    ['a broken connection', 'outcome_unknown', () => startReceiver((response) => response.destroy())],
    ['a failing server', 'outcome_unknown', () => responding('', 500)],
    ['a response without an id', 'outcome_unknown', () => responding('{"status":"ok"}')],
    ['a page', 'outcome_unknown', () => responding('<html>')],
    ['a rejection', 'rejected', () => responding(`{"error":"Not enough funds, ${KEY}"}`)],
    ['a request to wait', 'rate_limited', () => responding('', 429)],
  ])('%s: %s', async (what, code, start) => {
    await using receiver = await start()
    const client = connect(receiver.url, what === 'no response' ? { timeoutMs: TIMEOUT_MS } : {})
    expect(await failureOf(client.add({ service: '1', link: 'l', quantity: 1 }))).toBe(code)
    expect(receiver.received).toHaveLength(1)
  })

  test('to nobody: nothing was placed', async () => {
    expect(await failureOf(connect('http://127.0.0.1:9/').add({ service: '1', link: 'l' }))).toBe('unreachable')
  })
})

describe('bounds', () => {
  test.each([
    ['no response in time', 'timed_out', () => startReceiver(() => undefined)],
    ['a response that dribbles', 'timed_out', () => startReceiver((response) => void response.write('{'))],
    ['a response without end', 'response_too_large', () => responding('x'.repeat(300_000))],
    ['a page', 'malformed_response', () => responding('<html>')],
    ['a number', 'malformed_response', () => responding('42')],
    ['a redirect', 'http_error', () => responding('', 302, { location: 'http://127.0.0.1:9/' })],
  ])('%s: %s', async (_what, code, start) => {
    await using receiver = await start()
    const limits = code === 'timed_out' ? { timeoutMs: TIMEOUT_MS } : {}
    expect(await failureOf(connect(receiver.url, { attemptsMax: 1, ...limits }).statuses(['1']))).toBe(code)
  })

  test('no more requests a second than allowed', async () => {
    await using receiver = await responding('{"balance":"1","currency":"USD"}')
    const client = connect(receiver.url, { requestsPerSecond: 5 })
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: 11 }, () => client.balance()))
    expect(performance.now() - startedAt).toBeGreaterThan(1900)
  })

  test('closing ends what waits', async () => {
    await using receiver = await startReceiver(() => undefined)
    const client = connect(receiver.url, { requestsPerSecond: 1, timeoutMs: 60_000 })
    const failures = [1, 2, 3].map(() => failureOf(client.balance()))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await client.close()
    expect(await Promise.all(failures)).toEqual(['closed', 'closed', 'closed'])
    expect(await failureOf(client.balance())).toBe('closed')
  })
})

test('a response that leaves orders out, or is empty as PHP writes it', async () => {
  await using some = await responding('{"1":{"status":"Canceled"}}')
  expect([...(await connect(some.url).statuses(['1', '2'])).keys()]).toEqual(['1'])
  await using none = await responding('[]')
  expect((await connect(none.url).statuses(['1', '2'])).size).toBe(0)
})

test('a request that is rejected because of one order is halved, until only that order has no status', async () => {
  await using receiver = await startReceiver((response, _count, request) => {
    const form = new URLSearchParams(request.body)
    const ids = (form.get('orders') ?? form.get('order'))!.split(',')
    if (ids.includes('13')) response.end('{"error":"Incorrect order ID"}')
    else if (ids.length === 1) response.end('{"status":"Canceled"}')
    else response.end(JSON.stringify(Object.fromEntries(ids.map((id) => [id, { status: 'Canceled' }]))))
  })
  const ids = Array.from({ length: 20 }, (_, index) => `${index + 1}`)
  const found = await connect(receiver.url).statuses(ids)
  expect([...found.keys()].toSorted()).toEqual(ids.toSorted())
  for (const [id, { update }] of found)
    expect(update.problem ?? update.status).toBe(id === '13' ? 'provider_error' : 'canceled')
  expect(receiver.received.length).toBeLessThan(12)
})

test('a request that is rejected for another reason is not asked again', async () => {
  await using receiver = await responding('{"error":"Incorrect API key"}')
  const failure = connect(receiver.url).statuses(['1', '2'])
  await expect(failure).rejects.toMatchObject({ code: 'rejected', status: 200 })
  await expect(failure).rejects.toThrow('Incorrect API key')
  expect(receiver.received).toHaveLength(1)
})

test('every code has its meaning', () => {
  for (const meaning of Object.values(PROVIDER_ERROR_CODES)) expect(meaning).toMatch(/\.$/)
})

/** A response that a provider was seen to send, and the expected result. */
interface RealWorldResponse {
  readonly name: string
  readonly asked: readonly string[]
  readonly body: string
  readonly expect: {
    readonly applied?: readonly string[]
    readonly provider_error?: readonly string[]
    readonly ignored?: readonly string[]
    readonly stopped?: true
    readonly shown?: string
  }
}

const RESPONSES = JSON.parse(
  readFileSync(new URL('../data/provider-responses.json', import.meta.url), 'utf8'),
) as RealWorldResponse[]

describe('responses that were seen', () => {
  test.each(RESPONSES.filter(({ expect: { stopped } }) => stopped === true))(
    '$name',
    async ({ asked, body, expect: expected }) => {
      await using receiver = await responding(body)
      const shown = body.startsWith('<') ? 'Just a moment...' : expected.shown
      await expect(connect(receiver.url, { attemptsMax: 1 }).statuses(asked)).rejects.toThrow(shown)
    },
  )

  test.each(RESPONSES.filter(({ expect: { stopped } }) => stopped !== true))(
    '$name',
    async ({ asked, body, expect: expected }) => {
      await using receiver = await responding(body)
      const responses = [...(await connect(receiver.url, { attemptsMax: 1 }).statuses(asked))]
      const idsWith = (problem: string | undefined): string[] =>
        responses.filter(([, { update }]) => update.problem === problem).map(([orderId]) => orderId)
      expect(idsWith(undefined)).toEqual(expected.applied ?? [])
      expect(idsWith('provider_error')).toEqual(expected.provider_error ?? [])
      expect(responses).toHaveLength((expected.applied ?? []).length + (expected.provider_error ?? []).length)
      for (const [orderId, { update, body: stored }] of responses) {
        const read = createGodOfPanel().parseUpdates('application/json', Buffer.from(stored))
        expect(read).toMatchObject({ updates: [{ update: { ...update, providerOrderId: orderId } }] })
      }
    },
  )

  test('an order twice is a problem of that order', async () => {
    await using receiver = await responding(
      '[{"order":1,"status":"Canceled"},{"order":1,"status":"Completed"},{"order":2,"status":"Canceled"}]',
    )
    const found = await connect(receiver.url).statuses(['1', '2'])
    expect([...found.values()].map(({ update }) => update.problem ?? update.status)).toEqual([
      'provider_error',
      'canceled',
    ])
  })
})
