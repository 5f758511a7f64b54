import { expect, test } from '@jest/globals'
import { createGodOfPanel } from '@paxyo/godofpanel'
import { eventually } from '@paxyo/testkit'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startReceiver } from './receiver.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

function run(env: Record<string, string>) {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const ended = once(child, 'close')
  return {
    child,
    ended,
    output: () => output,
    line: (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(output)?.[1] ?? '',
  }
}

test('as a process: commands over HTTP, webhooks, API, and its end', async () => {
  await using receiver = await startReceiver()
  const simulator = run({ WEBHOOK_URL: receiver.url, WEBHOOK_TOKEN: 'a-token', SHAPES: 'text', SEED: '5' })
  try {
    await eventually(() => simulator.line('seed') !== '')
    const key = simulator.line('api key')
    const control = async (path: string, body?: unknown, apiKey = key): Promise<[number, unknown]> => {
      const response = await fetch(`${simulator.line('control')}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return [response.status, await response.json()]
    }
    const client = createGodOfPanel({ api: { url: simulator.line('api'), key } }).client!

    expect((await control('/orders', undefined, 'wrong'))[0]).toBe(401)
    expect(await control('/orders', { orderId: '12345', quantity: 500 })).toMatchObject([200, { status: 'pending' }])
    expect((await control('/orders', { orderId: '12345' }))[0]).toBe(409)
    expect((await control('/orders/12345', { status: 'paused' }))[0]).toBe(400)
    expect((await control('/orders/9/act', { action: 'cancel' }))[0]).toBe(404)
    expect(await control('/orders/12345/act', { action: 'cancel' })).toMatchObject([200, { status: 'canceled' }])
    expect((await control('/orders/12345/act', { action: 'progress' }))[0]).toBe(409)
    expect((await client.status('12345')).update.status).toBe('canceled')

    expect(await control('/fault', { kind: 'malformed' })).toEqual([200, { fault: { kind: 'malformed' } }])
    await expect(client.status('12345')).rejects.toMatchObject({ code: 'malformed_answer' })
    await control('/fault', null)
    await control('/orders', { orderId: '7' })
    expect(await control('/burst', { count: 10 })).toMatchObject([200, { changes: 10 }])
    await eventually(async () => {
      // The receiver has them a moment before the simulator has their answers.
      expect(await control('/deliveries')).toMatchObject([200, { sent: 11, answered: 11, waiting: 0 }])
      return true
    })
    expect(receiver.received).toHaveLength(11)
    expect(receiver.received[0]).toMatchObject({ path: '/hook/a-token' })
    await client.close()
  } finally {
    simulator.child.kill('SIGTERM')
    await simulator.ended
  }
  expect(simulator.child.exitCode).toBe(0)
})

test('a wrong configuration ends it with every problem', async () => {
  const simulator = run({ DROP_RATE: '2', SHAPES: 'xml', WEBHOOK_SECRET: 'whsec_AAAA', WEBHOOK_TOKEN: 'a-token' })
  await simulator.ended
  expect(simulator.output()).toMatch(/SHAPES: must be some of few[^]*DROP_RATE: must be a number[^]*both set/)
  expect(simulator.output()).toMatch('WEBHOOK_SECRET: must be one or more secrets')
  expect(simulator.child.exitCode).toBe(1)
})
