import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ProviderError } from '@paxyo/order-core'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { createGodOfPanel, type GodOfPanelClient } from '../../src/index.ts'
import { startReceiver, type Receiver } from '../../../provider-simulator/test/receiver.ts'

// Mutations of everything that a provider's API was seen to respond, read as reconcile reads it: no status that the response
// does not give to the order, no order that was not asked for, no error but ProviderError.

interface RealResponse {
  readonly asked: readonly string[]
  readonly body: string
}

const RESPONSES = JSON.parse(
  readFileSync(new URL('../data/provider-responses.json', import.meta.url), 'utf8'),
) as RealResponse[]

let receiver: Receiver
let client: GodOfPanelClient
let response = ''
beforeAll(async () => {
  receiver = await startReceiver((reply) => reply.end(response))
  client = createGodOfPanel({
    api: { url: receiver.url, key: 'a-secret-key', requestsPerSecond: 100_000, attemptsMax: 1 },
  }).client!
})
afterAll(async () => {
  await client.close()
  await receiver[Symbol.asyncDispose]()
})

/** An object of orders by their id, with everything that was seen beside them and in place of them. */
type ByOrderId = Readonly<Record<string, unknown>>

const item = fc.oneof(
  fc.record(
    {
      status: fc.constantFrom<unknown>(
        'Canceled',
        'Partial',
        'Completed',
        'In progress',
        'Zaplanowano',
        '',
        null,
        true,
        5,
      ),
      remains: fc.constantFrom<unknown>('300', 300, '1,000', null, '-5'),
      charge: fc.constantFrom('0.27', 0.27),
      start_count: fc.constantFrom('3572', null),
      currency: fc.constant('USD'),
    },
    { requiredKeys: ['status'] },
  ),
  fc.constantFrom<unknown>(
    'Incorrect order ID',
    null,
    7,
    [],
    {},
    { error: 'Incorrect order ID' },
    { status: 'error', error: 'No' },
    [['Canceled']],
  ),
)

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body.replace(/^\uFEFF/, ''))
  } catch {
    return undefined
  }
}

/** The orders of a response that was seen, or of one like them. */
const base = fc.oneof(
  fc.constantFrom(...RESPONSES).map(({ asked, body }) => ({ asked, value: parse(body), body })),
  fc
    .dictionary(fc.constantFrom('9', '10', '95001', '777'), item, { minKeys: 1, noNullPrototype: true })
    .map((value) => ({ asked: ['9', '10', '95001'] as readonly string[], value: value as unknown, body: '' })),
)

type Wrap = (value: unknown) => unknown
const wrap = fc.constantFrom<Wrap>(
  (value) => value,
  (value) => ({ orders: value }),
  (value) => ({ status: 'success', data: value }),
  (value) => ({ status: 'Canceled', message: 'Canceled', ...(value as object) }),
  (value) => ({ ...(value as object), error: '' }),
  (value) => (isByOrderId(value) ? toList(value, 'order') : value),
  (value) => (isByOrderId(value) ? toList(value, 'order_id') : value),
)
const isByOrderId = (value: unknown): value is ByOrderId =>
  typeof value === 'object' && value !== null && Object.keys(value).every((name) => /^\d+$/.test(name))
const toList = (value: ByOrderId, name: string): unknown[] =>
  Object.entries(value).map(([id, order]) =>
    typeof order === 'object' && order !== null && !Array.isArray(order) ? Object.assign({ [name]: id }, order) : order,
  )

const spell = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => `\uFEFF${text}`,
  (text) => text.replaceAll('"status"', '"Status"'),
  (text) => text.replaceAll('"remains"', '"remain"'),
  (text) => text.slice(0, -2),
  (text) => JSON.stringify(text),
)

/** The status that a response gives to an order: under its id, or alone if it is the only one. */
function statusGiven(value: unknown, orderId: string, asked: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const own = Object.hasOwn(value, orderId) ? (value as ByOrderId)[orderId] : undefined
  if (typeof own === 'object' && own !== null) return (own as ByOrderId)['status']
  if (asked.length > 1 || isByOrderId(value)) return undefined
  const { status, data } = value as ByOrderId
  return typeof data === 'object' && data !== null ? (data as ByOrderId)['status'] : status
}

const NOTHING: Awaited<ReturnType<GodOfPanelClient['statuses']>> = new Map()
const PAYING = new Set(['canceled', 'partial'])

test('an order gets the status that the response gives to it, or none', async () => {
  let paying = 0
  await fc.assert(
    fc.asyncProperty(base, wrap, spell, async ({ asked, value, body }, wrapped, spelled) => {
      response = spelled(value === undefined ? body : JSON.stringify(wrapped(value)))
      const result = await client.statuses(asked).catch((error: unknown) => error)
      expect(result instanceof Map || result instanceof ProviderError).toBe(true)
      expect(String(result)).not.toContain('a-secret-key')
      const found = result instanceof Map ? (result as Awaited<ReturnType<typeof client.statuses>>) : NOTHING
      expect(asked).toEqual(expect.arrayContaining([...found.keys()]))
      for (const [orderId, { update, body: stored }] of found) {
        expect(update.providerOrderId).toBe(orderId)
        // The delivery's stored body is read as the same update again.
        const again = createGodOfPanel().parseUpdates('application/json', Buffer.from(stored))
        expect(again).toMatchObject({ updates: [{ update }] })
        if (!PAYING.has(update.status)) continue
        paying += 1
        expect(String(statusGiven(value, orderId, asked)).toLowerCase()).toBe(update.status)
      }
    }),
    { numRuns: 1_000 },
  )
  expect(paying).toBeGreaterThan(50)
})

test.each([
  '{"id":"1","ID":"2","status":"Canceled"}',
  '{"status":true,"data":{"id":"1","ID":"2","status":"Canceled"}}',
])('an order that is named twice is not the one that was asked for: %s', async (body) => {
  response = body
  const found = await client.statuses(['9'])
  expect(found.get('9')?.update).toMatchObject({ status: 'unknown', problem: 'provider_error' })
})
