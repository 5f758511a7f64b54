import { expect, test } from '@jest/globals'
import { createInProcessBus, type EventBus, type EventSubscriber } from '@paxyo/event-bus'
import type { FastifyRequest } from 'fastify'
import { EventEmitter } from 'node:events'
import { pino } from 'pino'
import type { WebSocket } from 'ws'
import { createOperations, type Operations } from '../../src/operations/operations.ts'
import type { OperatorSessions } from '../../src/operations/operator-sessions.ts'

test('a socket whose handshake ends after the drain is sent elsewhere', async () => {
  const operations = createOperations({
    bus: createInProcessBus(),
    sessions: { redeem: async () => undefined, findOpen: async () => new Set() },
    log: pino({ level: 'silent' }),
    now: () => 0,
    onDropped: () => undefined,
    onTicketFailed: () => undefined,
  })
  await operations.close()
  const closed: string[] = []
  const socket = Object.assign(new EventEmitter(), { close: (_code: number, reason: string) => closed.push(reason) })
  operations.accept(socket as unknown as WebSocket, { ip: '127.0.0.1', headers: {}, raw: {} } as FastifyRequest)
  const { count } = operations
  socket.emit('close')

  expect({ closed, count }).toEqual({ closed: ['draining'], count: 0 })
})

const SESSION = { sessionHash: 'ab', operatorId: 'opr_0123456789ab', expiresAt: new Date(0) }

/** A bus whose subscriptions wait until they are acknowledged; `open` counts its subscribers. */
function slowBus() {
  const acknowledged = Promise.withResolvers<void>()
  const counts = { open: 0 }
  const connectSubscriber = (): EventSubscriber => {
    counts.open += 1
    return {
      subscribe: () => acknowledged.promise,
      close: async () => void (counts.open -= 1),
    } as Partial<EventSubscriber> as EventSubscriber
  }
  return { counts, acknowledge: acknowledged.resolve, bus: { connectSubscriber } as Partial<EventBus> as EventBus }
}

function operationsOver(bus: EventBus, redeem: OperatorSessions['redeem']): Operations {
  return createOperations({
    bus,
    sessions: { redeem, findOpen: async () => new Set([SESSION.sessionHash]) },
    log: pino({ level: 'silent' }),
    now: () => 0,
    onDropped: () => undefined,
    onTicketFailed: () => undefined,
  })
}

/** A console that sends hello. */
function openConsole(operations: Operations, ticket: string) {
  const sent: string[] = []
  const socket = Object.assign(new EventEmitter(), {
    OPEN: 1,
    readyState: 1,
    close: (): void => void socket.emit('close'),
  })
  const raw = { socket: { writableLength: 0, write: (bytes: Buffer) => sent.push(bytes.toString()) } }
  const request = { ip: '127.0.0.1', headers: {}, raw } as unknown as FastifyRequest
  operations.accept(socket as unknown as WebSocket, request)
  socket.emit('message', Buffer.from(JSON.stringify({ type: 'hello', ticket })), false)
  return { socket, sent }
}

const afterPromises = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a console that leaves while its ticket is exchanged leaves no subscription behind', async () => {
  const { counts, bus } = slowBus()
  const redeemed = Promise.withResolvers<typeof SESSION>()
  const operations = operationsOver(bus, () => redeemed.promise)
  const { socket } = openConsole(operations, 'a')
  socket.emit('close')
  redeemed.resolve(SESSION)
  await afterPromises()
  const { open } = counts
  await operations.close()

  expect(open).toBe(0)
})

test('a ticket that cannot be exchanged does not end the subscription for which another console waits', async () => {
  const { counts, bus, acknowledge } = slowBus()
  const operations = operationsOver(bus, async (ticket) => {
    if (ticket === 'b') throw new Error('the database is away')
    return SESSION
  })
  const { sent } = openConsole(operations, 'a')
  await afterPromises()
  openConsole(operations, 'b')
  await afterPromises()
  acknowledge()
  await afterPromises()
  const { open } = counts
  await operations.close()

  expect(open).toBe(1)
  expect(sent[0]).toContain('"type":"welcome"')
})
