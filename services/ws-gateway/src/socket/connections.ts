import { addressGroup, createFailureThrottle, isLoopback, parseTraceparent, throttledAddress } from '@paxyo/service-kit'
import type { FastifyRequest } from 'fastify'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { TokenVerifier } from '../auth/token-verifier.ts'
import type { ConnectionRejection, GatewayMetrics, UnreadState } from '../observe/metrics.ts'
import type { OrderReader } from '../read/user-orders.ts'
import type { Hub } from '../stream/hub.ts'
import { BoundedCounts } from './bounded-counts.ts'
import { Connection, type ConnectionDeps } from './connection.ts'
import { HandshakeAdmission } from './handshake-admission.ts'
import type { Limits } from './limits.ts'
import { createOriginCheck } from './origin.ts'
import { Slices } from './slices.ts'
import type { Transport, TransportKind } from './transport.ts'
import { UnreadBudget } from './unread-budget.ts'

export interface ConnectionsOptions {
  readonly hub: Hub
  readonly orderReader: OrderReader
  readonly verifyToken: TokenVerifier
  readonly limits: Limits
  readonly allowedOrigins: readonly string[]
  readonly log: Logger
  readonly metrics: GatewayMetrics
  readonly onSeen: ConnectionDeps['onSeen']
  readonly isTokenRevoked: ConnectionDeps['isTokenRevoked']
}

/** A connection that was accepted. */
export interface AcceptedConnection {
  readonly connection: Connection
  /** Must be called once the client or the network has closed it. */
  readonly ended: (code: number) => void
}

/** All connections of this process, over whichever transport. */
export interface Connections {
  readonly count: number
  countOf(kind: TransportKind): number
  readonly isDraining: boolean
  /** Connections that the drain has not closed yet. */
  readonly drainLeft: number
  readonly unread: UnreadState
  /** Why a request for a connection would be rejected now. */
  rejectionOf(request: FastifyRequest): ConnectionRejection | undefined
  /** Counts a request for a connection. @returns why it is rejected. */
  admit(request: FastifyRequest): ConnectionRejection | undefined
  /** Counts a handshake of any socket. @returns `rejection` if it is set, else `handshakes` if the rate is exceeded. */
  admitHandshake(rejection: ConnectionRejection | undefined): ConnectionRejection | undefined
  /** @returns undefined when it was closed at once. */
  accept(transport: Transport, request: FastifyRequest): AcceptedConnection | undefined
  /**
   * Stops accepting connections, and closes the existing ones, spread evenly over `durationMs`. An HTTP stream is closed some time
   * after its client was to reconnect.
   */
  drain(durationMs: number): Promise<void>
}

const TICK_INTERVAL_MS = 1_000
/** A second's pings and deadlines are spread over so many tasks of the event loop. */
const SLICES_PER_TICK = 40
/** Kept for each connection; the part that names the browser is within it. */
const USER_AGENT_CHARS_MAX = 256

/** Accepts connections within the limits, and calls `tick` on all of them. */
export function createConnections(options: ConnectionsOptions): Connections {
  const { hub, verifyToken, limits, log, metrics } = options
  const connections = new Set<Connection>()
  const counts: Record<TransportKind, number> = { websocket: 0, stream: 0 }
  const byUser = new BoundedCounts(limits.connectionsPerUserMax)
  const byAddress = new BoundedCounts(limits.connectionsPerAddressMax)
  const budget = new UnreadBudget(limits)
  const now = (): number => performance.now()
  const admission = new HandshakeAdmission(limits.handshakesPerSecondMax, now())
  const isAllowedOrigin = createOriginCheck(options.allowedOrigins)
  let isDraining = false
  let drainLeft = 0

  const slices = new Slices(connections, SLICES_PER_TICK)
  const ticker = setInterval(() => {
    const time = now()
    // Received data is read first, so that a client does not time out because this process was busy.
    setImmediate(() => slices.next().forEach((connection) => connection.tick(time)))
  }, TICK_INTERVAL_MS / SLICES_PER_TICK)
  const pruner = setInterval(() => budget.prune(), TICK_INTERVAL_MS)

  const throttle = createFailureThrottle({
    door: 'hello',
    now,
    log,
    onFailure: metrics.tokenFailed,
  })
  const deps: ConnectionDeps = {
    hub,
    orderReader: options.orderReader,
    verifyToken,
    limits,
    now,
    wallClock: Date.now,
    random: Math.random,
    log,
    metrics,
    admitUser: (userId) => byUser.add(userId),
    budget,
    tokenFailed: (address) => throttle.failed(address),
    onSeen: options.onSeen,
    isTokenRevoked: options.isTokenRevoked,
  }

  function rejectionOf({ headers }: FastifyRequest): ConnectionRejection | undefined {
    if (!isAllowedOrigin(headers.origin)) return 'origin'
    if (isDraining) return 'draining'
    return connections.size >= limits.connectionsMax ? 'connections' : undefined
  }

  function admitHandshake(rejected: ConnectionRejection | undefined): ConnectionRejection | undefined {
    const rejection = rejected ?? (admission.admit(now()) ? undefined : 'handshakes')
    if (rejection !== undefined) metrics.upgradeRejected(rejection)
    return rejection
  }

  return {
    get count() {
      return connections.size
    },
    countOf: (kind) => counts[kind],
    get isDraining() {
      return isDraining
    },
    get drainLeft() {
      return drainLeft
    },
    get unread() {
      return { bytes: budget.bytes, joinsWaiting: budget.waitingCount, cut: budget.cutCount }
    },
    rejectionOf,

    admit(request) {
      const rejection = admitHandshake(rejectionOf(request))
      if (rejection === 'origin') log.warn({ origin: request.headers.origin }, 'origin not allowed')
      return rejection
    },
    admitHandshake,

    accept(transport, request) {
      const address = addressGroup(request.ip)
      const connection = new Connection(transport, deps, {
        address: throttledAddress(request),
        trace: parseTraceparent(request.headers['traceparent']),
        userAgent: request.headers['user-agent']?.slice(0, USER_AGENT_CHARS_MAX),
      })
      // A drain closes those that were there when it began; this one was admitted before, and took a while.
      if (isDraining) {
        connection.close('draining')
        return undefined
      }
      if (!isLoopback(request.ip) && !byAddress.add(address)) {
        connection.close('connection_limit')
        return undefined
      }
      const { kind } = transport
      connections.add(connection)
      counts[kind] += 1
      return {
        connection,
        ended(code) {
          connection.closed(code)
          budget.forget(connection)
          connections.delete(connection)
          counts[kind] -= 1
          byAddress.remove(address)
          if (connection.userId !== undefined) byUser.remove(connection.userId)
        },
      }
    },

    async drain(durationMs) {
      isDraining = true
      drainLeft = connections.size
      const leaving = Array.from(connections, (connection, index) => {
        // A client with an HTTP stream opens another one before its own ends.
        const overlapMs = connection.transport === 'stream' ? Math.min(limits.drainOverlapMs, durationMs / 2) : 0
        const retryAfterMs = (index / drainLeft) * (durationMs - overlapMs)
        return { connection, retryAfterMs, endsAfterMs: retryAfterMs + overlapMs }
      })
      for (const { connection, retryAfterMs } of leaving) connection.announceDrain(Math.round(retryAfterMs))
      const startedAt = now()
      for (const { connection, endsAfterMs } of leaving.toSorted((one, other) => one.endsAfterMs - other.endsAfterMs)) {
        const waitMs = startedAt + endsAfterMs - now()
        if (waitMs > 1) await sleep(waitMs)
        connection.close('draining')
        drainLeft -= 1
      }
      // Not earlier: during the drain, clients are still pinged and tokens still expire.
      clearInterval(ticker)
      clearInterval(pruner)
    },
  }
}
