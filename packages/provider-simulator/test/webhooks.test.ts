import { describe, expect, test } from '@jest/globals'
import { createGodOfPanel } from '@paxyo/godofpanel'
import { eventually } from '@paxyo/testkit'
import { gunzipSync } from 'node:zlib'
import { startSimulator, WEBHOOK_MISTAKE_NAMES, WEBHOOK_SHAPE_NAMES } from '../src/index.ts'
import { startReceiver, type Received } from './receiver.ts'

const FAST = { delayMsMin: 5, delayMsMax: 40, timeoutMs: 2_000, attemptsMax: 4 }

/** Without its compression and its multipart fields, which the receiver takes off before it parses a webhook. */
async function unpack({ headers, bytes }: Received): Promise<{ type: string | undefined; content: Buffer }> {
  const type = headers['content-type']
  const content = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
  if (type === undefined || !type.startsWith('multipart/')) return { type, content }
  const fields = await new Response(new Uint8Array(content), { headers: { 'content-type': type } }).formData()
  const form = new URLSearchParams([...fields] as [string, string][])
  return { type: 'application/x-www-form-urlencoded', content: Buffer.from(form.toString()) }
}

const updatesOf = async (received: Received): Promise<unknown[]> => {
  const { type, content } = await unpack(received)
  const parsed = createGodOfPanel().parseUpdates(type, content)
  if ('error' in parsed) throw new Error(parsed.error)
  return parsed.updates.map(({ update }) => update)
}

describe('every shape says what the provider means', () => {
  test.each(WEBHOOK_SHAPE_NAMES)('%s', async (shape) => {
    await using receiver = await startReceiver()
    await using simulator = await startSimulator({ webhookUrl: receiver.url, shapes: [shape], seed: 7 })
    const { orderId } = simulator.add({ orderId: '90071992547409931', quantity: 1000 })
    simulator.change(orderId, { status: 'partial', remains: 157, startCount: 3572 })
    await simulator.idle()

    expect(await Promise.all(receiver.received.map(updatesOf))).toEqual([
      [{ providerOrderId: '90071992547409931', status: 'partial', remains: 157, startCount: 3572 }],
    ])
  })

  test('several orders go together where the shape can hold them', async () => {
    await using receiver = await startReceiver()
    await using simulator = await startSimulator({ webhookUrl: receiver.url, shapes: ['form_orders'] })
    const ids = Array.from({ length: 5 }, () => simulator.add().orderId)
    simulator.announce(ids)
    await simulator.idle()

    expect(await updatesOf(receiver.received[0]!)).toEqual(
      ids.map((providerOrderId) => ({ providerOrderId, status: 'pending', remains: 1000, startCount: null })),
    )
  })
})

describe('a webhook that is not taken', () => {
  test('is sent again as the same message, later and later, and not before Retry-After', async () => {
    await using receiver = await startReceiver((response, count) => {
      if (count === 1) response.writeHead(500).end()
      else if (count === 2) response.writeHead(503, { 'retry-after': '1' }).end()
      // The third gets no response at all.
      else if (count > 3) response.end('{}')
    })
    await using simulator = await startSimulator({
      webhookUrl: receiver.url,
      authentication: { kind: 'signature', keys: [Buffer.alloc(24, 1)] },
      retry: { ...FAST, delayMsMax: 1000 },
    })
    simulator.progress(simulator.add().orderId)
    await simulator.idle()

    const [delivery] = simulator.deliveries.newest
    expect(delivery).toMatchObject({ state: 'acknowledged', response: '{}' })
    expect(delivery!.attempts.map(({ result }) => result)).toEqual([500, 503, 'timed_out', 200])
    expect(delivery!.attempts[2]!.at.getTime() - delivery!.attempts[1]!.at.getTime()).toBeGreaterThanOrEqual(990)
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(simulator.deliveries.counts).toMatchObject({ sent: 4, acknowledged: 1, retried: 3, waiting: 0 })
  })

  test('is given up in the end', async () => {
    await using receiver = await startReceiver((response) => response.writeHead(401).end())
    await using simulator = await startSimulator({ webhookUrl: receiver.url, retry: FAST })
    simulator.progress(simulator.add().orderId)
    await simulator.idle()

    expect(receiver.received).toHaveLength(FAST.attemptsMax)
    expect(simulator.deliveries.counts).toMatchObject({ sent: 4, acknowledged: 0, givenUp: 1, waiting: 0 })
  })
})

test.each([
  [{ kind: 'path', token: 'a token' } as const, '/hook/a%20token', {}],
  [{ kind: 'header', token: 'secret-1' } as const, '/hook', { 'x-webhook-token': 'secret-1' }],
  [{ kind: 'header', token: 's', header: 'authorization' } as const, '/hook', { authorization: 'Bearer s' }],
])('authentication: %j', async (authentication, path, headers) => {
  await using receiver = await startReceiver()
  await using simulator = await startSimulator({ webhookUrl: receiver.url, shapes: ['form'], authentication })
  simulator.cancel(simulator.add().orderId)
  await simulator.idle()
  expect(receiver.received).toMatchObject([{ path, headers }])
})

test('how a shape is sent: headers, compression and address', async () => {
  await using receiver = await startReceiver()
  await using simulator = await startSimulator({
    webhookUrl: receiver.url,
    authentication: { kind: 'path', token: 'secret-1' },
    shapes: ['gzip', 'slash', 'unlabelled'],
    connectionsMax: 1,
    seed: 5,
  })
  const { orderId } = simulator.add()
  for (let count = 0; count < 20; count += 1) simulator.announce([orderId])
  await simulator.idle()

  const sent = receiver.received.map(({ path, headers }) =>
    [path, headers['content-type'], headers['content-encoding']].join(' '),
  )
  expect(new Set(sent)).toEqual(
    new Set(['/hook/secret-1 application/json gzip', '/hook/secret-1/ application/json ', '/hook/secret-1  ']),
  )
})

test('mistakes are sent beside webhooks, as often as is wanted, and a seed replays them', async () => {
  const run = async (seed: number): Promise<string[]> => {
    await using receiver = await startReceiver()
    await using simulator = await startSimulator({ webhookUrl: receiver.url, shapes: ['text'], seed, mistakeRate: 0.5 })
    const { orderId } = simulator.add({ orderId: '7' })
    for (let count = 0; count < 400; count += 1) simulator.announce([orderId])
    await simulator.idle()
    const isWebhook = (body: string): boolean => body.includes('Pending') || body.includes('"pending"')
    return simulator.deliveries.newest
      .map(({ body, contentType = 'none', contentEncoding = '', method = 'POST' }) =>
        isWebhook(body) ? '' : `${method} ${contentType} ${contentEncoding} ${body}`,
      )
      .filter((text) => text !== '')
      .map((text) => text.replaceAll(/[0-9a-f]{8,}/g, 'mark'))
  }
  const [first, again, other] = [await run(1), await run(1), await run(2)]
  expect(first.length).toBeGreaterThan(140)
  expect(first.length).toBeLessThan(260)
  expect(new Set(first).size).toBe(WEBHOOK_MISTAKE_NAMES.length)
  expect(again).toEqual(first)
  expect(other).not.toEqual(first)
})

describe('network faults', () => {
  const run = async (seed: number): Promise<{ bodies: string[]; states: string[]; inOrder: boolean }> => {
    await using receiver = await startReceiver()
    await using simulator = await startSimulator({
      webhookUrl: receiver.url,
      seed,
      duplicateRate: 0.3,
      dropRate: 0.2,
      reorderRate: 0.3,
      delayMsMax: 20,
    })
    for (let index = 0; index < 20; index += 1) simulator.add()
    simulator.burst(200)
    await simulator.idle()
    const { newest, counts } = simulator.deliveries
    expect(counts.waiting).toBe(0)
    expect(receiver.received).toHaveLength(counts.sent)
    const bodies = newest.map(({ body }) => body)
    const arrived = receiver.received.map(({ body }) => body)
    const sent = newest.filter(({ state }) => state === 'acknowledged').map(({ body }) => body)
    return { bodies, states: newest.map(({ state }) => state), inOrder: arrived.join() === sent.join() }
  }

  test('a seed replays it', async () => {
    const [first, second, other] = [await run(1), await run(1), await run(2)]
    expect(second.bodies).toEqual(first.bodies)
    expect(second.states).toEqual(first.states)
    expect(other.bodies).not.toEqual(first.bodies)
    expect(new Set(first.states)).toEqual(new Set(['acknowledged', 'dropped']))
    expect(new Set(first.bodies).size).toBeLessThan(first.bodies.length)
    expect(first.inOrder).toBe(false)
  })
})

test('the autopilot moves orders until its changes are used up', async () => {
  await using receiver = await startReceiver()
  await using simulator = await startSimulator({
    webhookUrl: receiver.url,
    autopilot: { intervalMs: 2, changesMax: 15 },
    shapes: ['text'],
  })
  // A change ends one order at most, so they last.
  for (let index = 0; index < 15; index += 1) simulator.add()
  await eventually(() => receiver.received.length >= 15)
  // Time enough for another one.
  await new Promise((resolve) => setTimeout(resolve, 50))
  await simulator.idle()
  expect(receiver.received).toHaveLength(15)
})
