/**
 * The operator's socket: what webhook-ingest commits, live, for the console.
 *
 * Guarantees: a socket receives something only after its ticket was exchanged for a session that is open. It is closed within
 * about a second of the end of its session, or after 30 s when PostgreSQL cannot be read. A console that reads slowly costs a
 * bounded amount of memory, and learns how much it has missed.
 *
 * How: the gateway is subscribed to the operations channel, on a separate connection, only while a console is connected.
 * A message is parsed once and forwarded as it is. While there are sockets, their sessions are read once a second, so that
 * signing out, disabling an operator and expiry end them, whatever happens on the bus.
 *
 * Nothing is repeated: after each `welcome` and each `sampled` the console reads the panel API again.
 */

import {
  GATEWAYS_CHANNEL,
  OPERATIONS_CHANNEL,
  operationsMessageSchema,
  operatorClientMessageSchema,
  parseBusMessage,
  type OperationsCloseReason,
  type OperatorServerMessage,
} from '@paxyo/contracts'
import type { EventBus, EventSubscriber } from '@paxyo/event-bus'
import { addressGroup, createFailureThrottle, throttledAddress } from '@paxyo/service-kit'
import type { FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import { BoundedCounts } from '../socket/bounded-counts.ts'
import { GatewayCounts } from './gateway-counts.ts'
import type { OperatorSession, OperatorSessions } from './operator-sessions.ts'
import { OperatorSocket } from './operator-socket.ts'

export interface OperationsOptions {
  readonly bus: EventBus
  readonly sessions: OperatorSessions
  readonly log: Logger
  readonly now: () => number
  /** Called for each message that a slow console did not get. */
  readonly onDropped: () => void
  /** Called for each invalid ticket. */
  readonly onTicketFailed: (isThrottled: boolean) => void
}

export interface Operations {
  /** Sockets, also those whose ticket was not accepted yet. */
  readonly count: number
  /** Why a request for a socket would be rejected now. */
  readonly rejection: 'draining' | 'connections' | undefined
  readonly accept: (socket: WebSocket, request: FastifyRequest) => void
  close(): Promise<void>
}

const SOCKETS_MAX = 100
/** Sockets without a ticket are closed after a few seconds. */
const OPEN_SOCKETS_MAX = 1_000
/** The same, of one address, so that it does not take the places of all others. */
const SILENT_SOCKETS_PER_ADDRESS_MAX = 20
const HELLO_TIMEOUT_MS = 5_000
const PING_INTERVAL_MS = 25_000
/** After a ping and this time without a response, the console is gone. */
const SILENCE_MS_MAX = PING_INTERVAL_MS + 15_000
const TICK_INTERVAL_MS = 1_000
const UNVERIFIED_MS_MAX = 30_000

export function createOperations(options: OperationsOptions): Operations {
  const { bus, sessions, log, now, onDropped, onTicketFailed } = options
  const throttle = createFailureThrottle({ door: 'operations', now, log, onFailure: onTicketFailed })
  const silent = new BoundedCounts(SILENT_SOCKETS_PER_ADDRESS_MAX)
  const sockets = new Set<OperatorSocket>()
  let subscriber: EventSubscriber | undefined
  let subscribed: Promise<unknown> | undefined
  let counts = new GatewayCounts()
  let sentCounts = ''
  let ticker: NodeJS.Timeout | undefined
  let isVerifying = false
  let verifiedAt = 0
  let pingedAt = 0
  let isClosing = false

  const welcomed = (): OperatorSocket[] => [...sockets].filter(({ session }) => session !== undefined)

  function broadcast(message: OperatorServerMessage): void {
    for (const socket of welcomed()) socket.send(message)
  }

  /** Begins to receive messages, for the first console. */
  function open(): Promise<unknown> {
    if (subscribed !== undefined) return subscribed
    counts = new GatewayCounts()
    verifiedAt = now()
    pingedAt = now()
    ticker = setInterval(tick, TICK_INTERVAL_MS)
    subscriber = bus.connectSubscriber({
      onMessage(channel, payload) {
        if (channel === GATEWAYS_CHANNEL) counts.receive(payload.toString(), now())
        else forward(payload)
      },
      // Messages of the meantime are lost; their number is unknown.
      onRestored: () => broadcast({ type: 'sampled', batches: 0, deliveries: 0 }),
    })
    const opened = Promise.all([OPERATIONS_CHANNEL, GATEWAYS_CHANNEL].map((channel) => subscriber!.subscribe(channel)))
    // The next console subscribes again.
    opened.catch(() => (subscribed === opened ? shut() : undefined))
    subscribed = opened
    return opened
  }

  /** Stops receiving messages, after the last console. */
  function shut(): Promise<void> {
    clearInterval(ticker)
    const former = subscriber
    subscriber = undefined
    subscribed = undefined
    sentCounts = ''
    return former?.close() ?? Promise.resolve()
  }

  function forward(payload: Buffer): void {
    const message = parseBusMessage(operationsMessageSchema, payload.toString())
    if (message === undefined) return
    for (const socket of welcomed()) if (!socket.forward(message, payload)) onDropped()
  }

  function tick(): void {
    const time = now()
    const isPingDue = time - pingedAt >= PING_INTERVAL_MS
    if (isPingDue) pingedAt = time
    for (const socket of sockets) {
      if (time - socket.aliveAt > SILENCE_MS_MAX) socket.terminate()
      if (socket.session === undefined) continue
      socket.resume()
      if (isPingDue) socket.ping()
    }
    sendCounts()
    void verify()
  }

  function sendCounts(): void {
    const sum = counts.sum(now())
    if (sum === undefined || JSON.stringify(sum) === sentCounts) return
    sentCounts = JSON.stringify(sum)
    broadcast({ type: 'connections', ...sum })
  }

  /** Ends the sockets of sessions that have ended. */
  async function verify(): Promise<void> {
    const checked = welcomed()
    if (isVerifying || checked.length === 0) return
    isVerifying = true
    const startedAt = now()
    try {
      const stillOpen = await sessions.findOpen([...new Set(checked.map(({ session }) => session!.sessionHash))])
      verifiedAt = startedAt
      for (const socket of checked) if (!stillOpen.has(socket.session!.sessionHash)) end(socket, 'session_ended')
    } catch (err) {
      log.warn({ err }, "operators' sessions could not be read")
      if (now() - verifiedAt > UNVERIFIED_MS_MAX) for (const socket of checked) end(socket, 'unavailable')
    } finally {
      isVerifying = false
    }
  }

  /** Nothing is sent while the socket closes. */
  function end(socket: OperatorSocket, reason: OperationsCloseReason): void {
    socket.session = undefined
    socket.close(reason)
  }

  function rejectTicket(socket: OperatorSocket, reason: OperationsCloseReason): void {
    throttle.failed(socket.address)
    socket.close(reason)
  }

  async function receive(socket: OperatorSocket, text: string | undefined): Promise<void> {
    const message = text === undefined ? undefined : parseBusMessage(operatorClientMessageSchema, text)
    if (message === undefined || socket.hasSentHello) return socket.close('protocol_error')
    socket.hasSentHello = true
    // Redeeming needs a query, on the pool that browsers need, too.
    if (throttle.waitS(socket.address) > 0) return rejectTicket(socket, 'connection_limit')
    let session: OperatorSession | undefined
    try {
      session = await sessions.redeem(message.ticket)
      if (session === undefined) return rejectTicket(socket, 'invalid_ticket')
      if (welcomed().length >= SOCKETS_MAX) return socket.close('connection_limit')
      // Nothing would end a subscription for a console that has left.
      if (!sockets.has(socket) || isClosing) return
      await open()
    } catch (err) {
      log.warn({ err }, "operator's socket could not be opened")
      return socket.close('unavailable')
    }
    if (!sockets.has(socket) || isClosing) return
    socket.session = session
    const { operatorId, expiresAt } = session
    log.info({ operatorId }, "operator's socket opened")
    socket.send({ type: 'welcome', operatorId, expiresAt: expiresAt.toISOString(), pingIntervalMs: PING_INTERVAL_MS })
    const sum = counts.sum(now())
    if (sum !== undefined) socket.send({ type: 'connections', ...sum })
  }

  /** @returns what ends the counting, or undefined when the address has too many. An unknown address is not counted. */
  function countSilent(address: string | undefined): (() => void) | undefined {
    const group = address === undefined ? undefined : addressGroup(address)
    if (group !== undefined && !silent.add(group)) return undefined
    let isCounted = group !== undefined
    return () => {
      if (isCounted) silent.remove(group!)
      isCounted = false
    }
  }

  return {
    get count() {
      return sockets.size
    },
    get rejection() {
      if (isClosing) return 'draining'
      return sockets.size >= OPEN_SOCKETS_MAX ? 'connections' : undefined
    },
    accept(raw, request) {
      const address = throttledAddress(request)
      const socket = new OperatorSocket(raw, { output: request.raw.socket, address, now: now() })
      // Its handshake was admitted before.
      if (isClosing) return socket.close('draining')
      const release = countSilent(address)
      if (release === undefined) return socket.close('connection_limit')
      sockets.add(socket)
      const helloTimer = setTimeout(() => {
        if (!socket.hasSentHello) socket.close('hello_timeout')
      }, HELLO_TIMEOUT_MS)
      raw.on('message', (data, isBinary) => {
        // Afterwards it is welcome or closing.
        void receive(socket, isBinary ? undefined : (data as Buffer).toString()).finally(release)
      })
      raw.on('pong', () => (socket.aliveAt = now()))
      raw.on('close', () => {
        clearTimeout(helloTimer)
        release()
        sockets.delete(socket)
        if (sockets.size === 0) void shut()
      })
    },
    async close() {
      isClosing = true
      for (const socket of sockets) end(socket, 'draining')
      await shut()
    },
  }
}
