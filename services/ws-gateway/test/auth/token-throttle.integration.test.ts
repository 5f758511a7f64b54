import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { mintToken } from '@paxyo/testkit'
import { once } from 'node:events'
import { Registry } from 'prom-client'
import { WebSocket } from 'ws'
import { startGateway, type GatewayFixture } from '../gateway-fixture.ts'

// An address that tries tokens is counted and throttled; the right token always gets its stream.

let gateway: GatewayFixture
beforeEach(async () => {
  gateway = await startGateway({ trustProxy: true })
})
afterEach(async () => {
  await gateway[Symbol.asyncDispose]()
})

const GUESSES = 60

/** Sends a hello. @returns the close code, or `welcome`. */
async function hello(token: string, address: string): Promise<number | string> {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`, { headers: { 'x-forwarded-for': address } })
  const closed = once(socket, 'close').then(([code]) => code as number)
  const welcomed = new Promise<string>((resolve) => {
    socket.on('message', (data: Buffer) => {
      const { type } = JSON.parse(data.toString()) as { type: string }
      if (type === 'welcome') resolve(type)
    })
  })
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'hello', token }))
  const outcome = await Promise.race([closed, welcomed])
  socket.terminate()
  await closed
  return outcome
}

async function guessMany(addressOf: (index: number) => string): Promise<(number | string)[]> {
  const outcomes: (number | string)[] = []
  for (let index = 0; index < GUESSES; index += 1) outcomes.push(await hello(`guess-${index}`, addressOf(index)))
  return outcomes
}

test('an address that tries tokens is throttled, and a valid token passes all the same', async () => {
  const registry = new Registry()
  gateway.gateway.addMetrics(registry)
  const outcomes = await guessMany(() => '203.0.113.7')

  expect(outcomes.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 4500))
  expect(outcomes.at(-1)).toBe(4502)
  expect(await hello(await mintToken('user-1'), '203.0.113.7')).toBe('welcome')
  expect(await hello('guess', '203.0.113.8')).toBe(4500)
  const { values } = await registry.getSingleMetric('paxyo_gateway_authentication_failures_total')!.get()
  expect(values.reduce((sum, { value }) => sum + value, 0)).toBe(GUESSES + 1)
  expect(values.map(({ labels }) => labels['result'])).toEqual(['rejected', 'throttled'])
})

test('an IPv6 network is one address', async () => {
  const outcomes = await guessMany((index) => `2001:db8:1:2::${index.toString(16)}`)
  expect(outcomes.at(-1)).toBe(4502)
  expect(await hello('guess', '2001:db8:1:3::1')).toBe(4500)
})

test('a token that has expired is no guess', async () => {
  const token = await mintToken('user-1', { expiresInS: -3_600 })
  for (let index = 0; index < 30; index += 1) expect(await hello(token, '203.0.113.7')).toBe(4004)
})
