import { expect, test } from '@jest/globals'
import { createInProcessBus } from '@paxyo/event-bus'
import type { FastifyRequest } from 'fastify'
import { EventEmitter } from 'node:events'
import { pino } from 'pino'
import type { WebSocket } from 'ws'
import { createOperations } from '../../src/operations/operations.ts'

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
