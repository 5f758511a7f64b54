import { expect, test } from '@jest/globals'
import { connectSocket, eventually, mintToken, type TestSocket } from '@paxyo/testkit'
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { startSystem } from './system.ts'

const SILENT = 10_000
const GARBAGE = 500
const GOOD = 20
const WEBHOOKS_PER_USER = 10
/** Concurrent handshakes, few enough that the kernel's queue does not limit the test. */
const OPENING_AT_ONCE = 500

/** A WebSocket handshake over a plain socket, because it costs a hostile client almost nothing. */
function openRaw(url: string, sockets: Set<Socket>, afterwards?: Buffer): Promise<void> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    sockets.add(socket)
    socket.once('error', reject)
    socket.once('close', () => sockets.delete(socket))
    socket.write(
      `GET /ws HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    )
    socket.once('data', (head) => {
      socket.removeListener('error', reject).on('error', () => undefined)
      if (!head.toString().startsWith('HTTP/1.1 101')) return reject(new Error(head.toString()))
      if (afterwards !== undefined) socket.write(afterwards)
      socket.resume()
      resolve()
    })
  })
}

test('10,000 sockets that say nothing and 500 that send garbage: the others notice nothing', async () => {
  // Their number is to be felt: admission would turn most of them away.
  await using system = await startSystem({ env: { HANDSHAKES_PER_SECOND_MAX: '100000' } })
  const good: TestSocket[] = []
  for (let user = 0; user < GOOD; user += 1) {
    for (let order = 0; order < WEBHOOKS_PER_USER; order += 1) {
      const id = `${user}-${order}`
      await system.register({ orderId: id, providerOrderId: id, userId: `user-${user}` })
    }
    good.push(await connectSocket(system.gateway.url, { token: await mintToken(`user-${user}`) }))
  }
  await Promise.all(good.map((client) => client.next('welcome')))

  const silent = new Set<Socket>()
  const garbage = new Set<Socket>()
  const deliverAll = async (): Promise<void> => {
    for (let order = 0; order < WEBHOOKS_PER_USER; order += 1) {
      const responses = await Promise.all(
        good.map((_client, user) => system.webhook({ order_id: `${user}-${order}`, status: 'canceled' })),
      )
      expect(responses.every(({ status }) => status === 200)).toBe(true)
    }
  }
  const attack = async (): Promise<void> => {
    for (let opened = 0; opened < SILENT; opened += OPENING_AT_ONCE) {
      await Promise.all(Array.from({ length: OPENING_AT_ONCE }, () => openRaw(system.gateway.url, silent)))
    }
    await Promise.all(Array.from({ length: GARBAGE }, () => openRaw(system.gateway.url, garbage, randomBytes(512))))
  }
  await Promise.all([attack(), deliverAll()])

  await eventually(() => good.every((client) => client.events().length === WEBHOOKS_PER_USER))
  for (const client of good) {
    expect(client.socket.readyState).toBe(client.socket.OPEN)
    expect(client.events().map(({ seq }) => seq)).toEqual(Array.from({ length: WEBHOOKS_PER_USER }, (_, n) => 11 + n))
  }
  // The gateway closes silent sockets at the deadline, and those that send garbage at once.
  await eventually(() => silent.size === 0 && garbage.size === 0)
  expect((await fetch(`${system.gateway.url}/readyz`)).status).toBe(200)
  good.forEach((client) => client.close())
})
