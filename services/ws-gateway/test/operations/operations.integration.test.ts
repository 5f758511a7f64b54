import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { OPERATIONS_CHANNEL, type OperationsBatch, type OperatorServerMessage } from '@paxyo/contracts'
import { createInProcessBus, type EventBus } from '@paxyo/event-bus'
import { eventually } from '@paxyo/testkit'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { PAGE_ORIGIN, startGateway, type GatewayFixture } from '../gateway-fixture.ts'

/** A bus that counts its subscribers of the operations channel. */
function countingBus(): EventBus & { subscribers: number } {
  const bus = createInProcessBus()
  const counting = {
    subscribers: 0,
    connectPublisher: () => bus.connectPublisher(),
    connectSubscriber(handlers: Parameters<EventBus['connectSubscriber']>[0]) {
      const subscriber = bus.connectSubscriber(handlers)
      let isCounted = false
      return {
        isReady: true,
        subscribe(channel: string) {
          if (channel === OPERATIONS_CHANNEL) isCounted = true
          counting.subscribers += Number(isCounted && channel === OPERATIONS_CHANNEL)
          return subscriber.subscribe(channel)
        },
        unsubscribe: (channel: string) => subscriber.unsubscribe(channel),
        reconnect: () => subscriber.reconnect(),
        close() {
          counting.subscribers -= Number(isCounted)
          return subscriber.close()
        },
      }
    },
  }
  return counting
}

let bus: ReturnType<typeof countingBus>
let gateway: GatewayFixture
const sockets: WebSocket[] = []
beforeEach(async () => {
  bus = countingBus()
  gateway = await startGateway({ bus, trustProxy: true })
  await gateway.database.owner.query(
    `INSERT INTO operators (operator_id, name, role) VALUES ('opr_0123456789ab', 'Ann', 'viewer')`,
  )
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  await gateway[Symbol.asyncDispose]()
})

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Signs an operator in, and issues a ticket, like webhook-ingest. */
async function issueTicket({ session = randomBytes(8).toString('hex'), sessionS = 3600, ticketS = 30 } = {}) {
  const ticket = randomBytes(32).toString('base64url')
  const { owner } = gateway.database
  const later = (placeholder: string) => `clock_timestamp() + ${placeholder} * interval '1 second'`
  await owner.query(
    `INSERT INTO operator_sessions (session_hash, operator_id, expires_at, address)
     VALUES ($1, 'opr_0123456789ab', ${later('$2')}, '127.0.0.1') ON CONFLICT DO NOTHING`,
    [hashOf(session), sessionS],
  )
  await owner.query(`INSERT INTO operations_tickets VALUES ($1, $2, ${later('$3')})`, [
    hashOf(ticket),
    hashOf(session),
    ticketS,
  ])
  return { ticket, session }
}

interface Console {
  readonly socket: WebSocket
  readonly messages: OperatorServerMessage[]
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
}

const ADDRESS = '203.0.113.1'
const OTHER_ADDRESS = '203.0.113.2'

/** Opens a socket and, unless it is undefined, sends the hello. */
async function openConsole(hello: unknown, origin = PAGE_ORIGIN, address = ADDRESS): Promise<Console> {
  const headers = { 'x-forwarded-for': address }
  const socket = new WebSocket(`${gateway.url.replace(/^http/, 'ws')}/operations`, { origin, headers })
  sockets.push(socket)
  const messages: OperatorServerMessage[] = []
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as OperatorServerMessage))
  const { promise: closed, resolve } = Promise.withResolvers<{ code: number; reason: string }>()
  socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  await once(socket, 'open')
  if (hello !== undefined) socket.send(typeof hello === 'string' ? hello : JSON.stringify(hello))
  return { socket, messages, closed }
}

async function openWelcomed(options?: Parameters<typeof issueTicket>[0]): Promise<Console & { session: string }> {
  const { ticket, session } = await issueTicket(options)
  const opened = await openConsole({ type: 'hello', ticket })
  await eventually(() => opened.messages.some(({ type }) => type === 'welcome'))
  return { ...opened, session }
}

const aBatch = (deliveries = 1, provider = 'godofpanel'): OperationsBatch => ({
  type: 'batch',
  at: '2026-11-27T08:00:00.123Z',
  outcomes: { applied: deliveries },
  providers: { [provider]: deliveries },
  refunds: [],
  reviews: { opened: 0, resolved: 0 },
  rows: [],
})

async function publish(...messages: unknown[]): Promise<void> {
  const publisher = bus.connectPublisher()
  await publisher.publish(
    messages.map((message) => ({ channel: OPERATIONS_CHANNEL, payload: JSON.stringify(message) })),
  )
}

test('a console receives what is published, as it is, and the number of connections', async () => {
  const opened = await openWelcomed()
  expect(opened.messages[0]).toMatchObject({ type: 'welcome', operatorId: 'opr_0123456789ab' })
  await publish({ type: 'of a later version' }, aBatch())
  await eventually(() => opened.messages.some(({ type }) => type === 'batch'))
  expect(opened.messages.filter(({ type }) => type === 'batch')).toEqual([aBatch()])
  await eventually(() => opened.messages.find(({ type }) => type === 'connections'))
  expect(opened.messages.find(({ type }) => type === 'connections')).toMatchObject({ users: 0, gateways: 1 })
})

test('the gateway listens only while a console is connected', async () => {
  expect(bus.subscribers).toBe(0)
  const [one, other] = [await openWelcomed(), await openWelcomed()]
  expect(bus.subscribers).toBe(1)
  one.socket.close()
  await one.closed
  expect(bus.subscribers).toBe(1)
  other.socket.close()
  await eventually(() => bus.subscribers === 0)
})

describe('a ticket', () => {
  test('is accepted once', async () => {
    const { ticket } = await issueTicket()
    const first = await openConsole({ type: 'hello', ticket })
    await eventually(() => first.messages.length > 0)
    const second = await openConsole({ type: 'hello', ticket })
    expect(await second.closed).toEqual({ code: 4011, reason: 'invalid_ticket' })
  })

  test.each([
    ['that is unknown', async () => 'x'],
    ['that has expired', async () => (await issueTicket({ ticketS: -1 })).ticket],
    ['of a session that has expired', async () => (await issueTicket({ sessionS: -1 })).ticket],
    [
      'of a session that was ended',
      async () => {
        const { ticket, session } = await issueTicket()
        await endSession(session)
        return ticket
      },
    ],
  ])('%s is not accepted, and its socket receives nothing', async (_name, makeTicket) => {
    const opened = await openConsole({ type: 'hello', ticket: await makeTicket() })
    await publish(aBatch())
    expect(await opened.closed).toEqual({ code: 4011, reason: 'invalid_ticket' })
    expect(opened.messages).toEqual([])
  })
})

const endSession = (session: string) =>
  gateway.database.owner.query('DELETE FROM operator_sessions WHERE session_hash = $1', [hashOf(session)])

describe('a socket is closed', () => {
  test('within seconds of the end of its session, and no other', async () => {
    const [ended, other] = [await openWelcomed(), await openWelcomed()]
    await endSession(ended.session)
    expect(await ended.closed).toEqual({ code: 4504, reason: 'session_ended' })
    expect(other.socket.readyState).toBe(other.socket.OPEN)
  })

  test('within seconds of disabling its operator', async () => {
    const opened = await openWelcomed()
    await gateway.database.owner.query('UPDATE operators SET disabled_at = now()')
    expect(await opened.closed).toEqual({ code: 4504, reason: 'session_ended' })
  })

  test('when its session expires', async () => {
    const opened = await openWelcomed({ sessionS: 1 })
    expect(await opened.closed).toEqual({ code: 4504, reason: 'session_ended' })
  })

  test.each([['{"type":"check"}'], ['not JSON']])('when it says %s instead of hello', async (text) => {
    expect(await (await openConsole(text)).closed).toEqual({ code: 4501, reason: 'protocol_error' })
  })

  test('while the gateway drains', async () => {
    const opened = await openWelcomed()
    await gateway.gateway.close(0)
    expect(await opened.closed).toEqual({ code: 4000, reason: 'draining' })
  })
})

describe('an address', () => {
  test('has a few sockets that have sent no hello, and takes no place of others', async () => {
    await openWelcomed()
    const silent = await Promise.all(Array.from({ length: 20 }, () => openConsole(undefined)))
    expect(await (await openConsole(undefined)).closed).toEqual({ code: 4008, reason: 'connection_limit' })

    const { ticket } = await issueTicket()
    const other = await openConsole({ type: 'hello', ticket }, PAGE_ORIGIN, OTHER_ADDRESS)
    await eventually(() => other.messages.length > 0)
    silent[0]!.socket.terminate()
    await eventually(async () => {
      const { ticket: another } = await issueTicket()
      const opened = await openConsole({ type: 'hello', ticket: another })
      return Promise.race([opened.closed.then(() => false), once(opened.socket, 'message').then(() => true)])
    })
  })

  test('that keeps sending wrong tickets causes no more queries, and others are welcome', async () => {
    await eventually(async () => {
      const before = gateway.queryCount()
      const opened = await Promise.all(Array.from({ length: 10 }, () => openConsole({ type: 'hello', ticket: 'x' })))
      const codes = (await Promise.all(opened.map(({ closed }) => closed))).map(({ code }) => code)
      expect(gateway.queryCount() - before).toBe(codes.filter((code) => code === 4011).length)
      return codes.includes(4008)
    })
    const { ticket } = await issueTicket()
    const other = await openConsole({ type: 'hello', ticket }, PAGE_ORIGIN, OTHER_ADDRESS)
    await eventually(() => other.messages.length > 0)
  })

  test('gets no socket while the gateway admits no handshake, as on the other path', async () => {
    await using full = await startGateway({ bus, limits: { handshakesPerSecondMax: 0 } })
    const socket = new WebSocket(`${full.url.replace(/^http/, 'ws')}/operations`, { origin: PAGE_ORIGIN })
    await expect(once(socket, 'open')).rejects.toThrow('503')
  })
})

test('a page of another origin is rejected, and one that the same host served is not', async () => {
  const { ticket } = await issueTicket()
  await expect(openConsole({ type: 'hello', ticket }, 'https://evil.example')).rejects.toThrow('403')
  const opened = await openConsole({ type: 'hello', ticket }, gateway.url)
  await eventually(() => opened.messages.length > 0)
})

test('a console that reads too slowly learns how many messages it has missed', async () => {
  const opened = await openWelcomed()
  opened.socket.pause()
  const large = aBatch(3, 'x'.repeat(256 * 1024))
  const sent = 60
  for (let index = 0; index < sent; index += 1) await publish(large)
  opened.socket.resume()
  await eventually(() => opened.messages.some(({ type }) => type === 'sampled'))

  const received = opened.messages.filter(({ type }) => type === 'batch').length
  const missed = sent - received
  expect(received).toBeGreaterThan(0)
  expect(opened.messages.find(({ type }) => type === 'sampled')).toEqual({
    type: 'sampled',
    batches: missed,
    deliveries: 3 * missed,
  })
  await publish(aBatch())
  await eventually(() => opened.messages.filter(({ type }) => type === 'batch').length === received + 1)
})
