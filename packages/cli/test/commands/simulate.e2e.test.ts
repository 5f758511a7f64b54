import { expect, test } from '@jest/globals'
import { createGodOfPanel } from '@paxyo/godofpanel'
import { eventually } from '@paxyo/testkit'
import { startReceiver } from '../../../provider-simulator/test/receiver.ts'
import { startPaxyo, type Running } from '../paxyo-process.ts'

const line = (simulator: Running, name: string): string =>
  new RegExp(`^${name}: (.*)$`, 'm').exec(simulator.stdout())?.[1] ?? ''

test('simulate: commands over HTTP, webhooks, API, and its end', async () => {
  await using receiver = await startReceiver()
  const env = { PORT: '0', WEBHOOK_URL: receiver.url, WEBHOOK_TOKEN: 'a-token', SHAPES: 'text', SEED: '5' }
  const simulator = startPaxyo(['simulate'], env)
  try {
    await eventually(() => line(simulator, 'seed') !== '')
    const key = line(simulator, 'api key')
    const control = async (path: string, body?: unknown, apiKey = key): Promise<[number, unknown]> => {
      const response = await fetch(`${line(simulator, 'control')}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return [response.status, await response.json()]
    }
    const client = createGodOfPanel({ api: { url: line(simulator, 'api'), key } }).client!

    expect((await control('/orders', undefined, 'wrong'))[0]).toBe(401)
    expect(await control('/orders', { orderId: '12345', quantity: 500 })).toMatchObject([200, { status: 'pending' }])
    expect((await control('/orders', { orderId: '12345' }))[0]).toBe(409)
    expect((await control('/orders/12345', { status: 'paused' }))[0]).toBe(400)
    expect((await control('/orders/9/act', { action: 'cancel' }))[0]).toBe(404)
    expect(await control('/orders/12345/act', { action: 'cancel' })).toMatchObject([200, { status: 'canceled' }])
    expect((await control('/orders/12345/act', { action: 'progress' }))[0]).toBe(409)
    expect((await client.status('12345')).update.status).toBe('canceled')

    expect(await control('/fault', { kind: 'malformed' })).toEqual([200, { fault: { kind: 'malformed' } }])
    await expect(client.status('12345')).rejects.toMatchObject({ code: 'malformed_response' })
    await control('/fault', null)
    await control('/orders', { orderId: '7' })
    expect(await control('/burst', { count: 10 })).toMatchObject([200, { changes: 10 }])
    await eventually(async () => {
      // The receiver has them a moment before the simulator has the responses.
      expect(await control('/deliveries')).toMatchObject([200, { sent: 11, waiting: 0, dropped: 0, givenUp: 0 }])
      return true
    })
    expect(receiver.received).toHaveLength(11)
    expect(receiver.received[0]).toMatchObject({ path: '/hook/a-token' })
    await client.close()
  } finally {
    simulator.child.kill('SIGTERM')
  }
  expect(await simulator.ended).toMatchObject({ code: 0, stderr: '' })
})
