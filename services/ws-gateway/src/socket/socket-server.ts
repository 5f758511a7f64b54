import websocket from '@fastify/websocket'
import { addressGroup, createFailureThrottle, parseTraceparent, throttledAddress } from '@paxyo/service-kit'
import { type ErrorCode, problem } from '@paxyo/contracts'
import ipaddr from 'ipaddr.js'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import type { TokenVerifier } from '../auth/token-verifier.ts'
import type { GatewayMetrics, UpgradeRejection } from '../observe/metrics.ts'
import type { OrderReader } from '../read/user-orders.ts'
import type { Hub } from '../stream/hub.ts'
import { BoundedCounts } from './bounded-counts.ts'
import { Connection, type ConnectionDeps } from './connection.ts'
import type { Limits } from './limits.ts'
import { HandshakeAdmission } from './handshake-admission.ts'
import { createOriginCheck } from './origin.ts'

export interface SocketServerOptions {
  readonly hub: Hub
  readonly orderReader: OrderReader
  readonly verifyToken: TokenVerifier
  readonly limits: Limits
  readonly allowedOrigins: readonly string[]
  readonly log: Logger
  readonly metrics: GatewayMetrics
}

export interface SocketServer {
  readonly connectionCount: number
  readonly isDraining: boolean
  /** Connections that the drain has not closed yet. */
  readonly drainLeft: number
  register(app: FastifyInstance): void
  /** Stops accepting connections, and closes the existing ones, spread evenly over `durationMs`. */
  drain(durationMs: number): Promise<void>
}

const TICK_INTERVAL_MS = 1_000
/** How long a client may take to complete a closing handshake. */
const CLOSE_TIMEOUT_MS = 5_000
/** Rejected clients receive different times to retry within this period. */
const RETRY_AFTER_S_MAX = 10

/** Serves `GET /ws`: accepts WebSockets and calls `tick` on all connections. */
export function createSocketServer(options: SocketServerOptions): SocketServer {
  const { hub, verifyToken, limits, log, metrics } = options
  const connections = new Set<Connection>()
  const byUser = new BoundedCounts(limits.connectionsPerUserMax)
  const byAddress = new BoundedCounts(limits.connectionsPerAddressMax)
  const admission = new HandshakeAdmission(limits.handshakesPerSecondMax, performance.now())
  const isAllowedOrigin = createOriginCheck(options.allowedOrigins)
  const now = Date.now
  let isDraining = false
  let drainLeft = 0

  const ticker = setInterval(() => {
    const time = now()
    // Received data is read first, so that a client does not time out because this process was busy.
    setImmediate(() => {
      for (const connection of connections) connection.tick(time)
    })
  }, TICK_INTERVAL_MS)

  const throttle = createFailureThrottle({
    door: 'hello',
    now: () => performance.now(),
    log,
    onFailure: metrics.tokenFailed,
  })
  const deps: ConnectionDeps = {
    hub,
    orderReader: options.orderReader,
    verifyToken,
    limits,
    now,
    random: Math.random,
    log,
    metrics,
    admitUser: (userId) => byUser.add(userId),
    tokenFailed: (address) => throttle.failed(address),
  }

  // A frame that is too long or malformed; ws has closed the socket with the matching code.
  const onSocketError = (error: Error): void => log.debug({ err: error }, 'socket error')

  function accept(socket: WebSocket, request: FastifyRequest): void {
    const { headers, raw } = request
    const address = addressGroup(request.ip)
    // The plugin's own listener refers to request and reply, and would keep them in memory.
    socket.removeAllListeners('error').on('error', onSocketError)
    const connection = new Connection(socket, raw.socket, deps, {
      address: throttledAddress(request),
      trace: parseTraceparent(headers['traceparent']),
    })
    if (!isLoopback(request.ip) && !byAddress.add(address)) return connection.close('connection_limit')
    connections.add(connection)
    socket.on('message', (data, isBinary) => connection.receive(data, isBinary))
    socket.on('ping', (data) => connection.receivePing(data))
    socket.on('close', (code) => {
      connection.closed(code)
      connections.delete(connection)
      byAddress.remove(address)
      if (connection.userId !== undefined) byUser.remove(connection.userId)
    })
  }

  function rejectionOf({ headers }: FastifyRequest): UpgradeRejection | undefined {
    if (!isAllowedOrigin(headers.origin)) return 'origin'
    if (isDraining) return 'draining'
    return connections.size >= limits.connectionsMax ? 'connections' : undefined
  }

  return {
    get connectionCount() {
      return connections.size
    },
    get isDraining() {
      return isDraining
    },
    get drainLeft() {
      return drainLeft
    },

    register(app) {
      // An upgrade request for any other path gets an ordinary response, after which Node does not close the socket.
      app.addHook('onResponse', async (request) => {
        if (request.headers.upgrade !== undefined) request.raw.socket.destroy()
      })
      // Not all of these are in the types of ws.
      const wsOptions = {
        maxPayload: limits.messageBytesMax,
        maxFragments: limits.messageFragmentsMax,
        perMessageDeflate: false,
        closeTimeout: CLOSE_TIMEOUT_MS,
        autoPong: false,
        // The gateway knows no subprotocol; ws would select the client's first one.
        handleProtocols: () => false as const,
      }
      void app.register(async (scope) => {
        await scope.register(websocket, {
          options: wsOptions,
          // The plugin's default closes all sockets at once. The gateway has already drained them.
          preClose: (done) => done(),
          errorHandler: onSocketError,
        })
        const onRequest = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
          if (!request.ws) return explain(reply, rejectionOf(request) ?? 'upgrade_required')
          const rejection = rejectionOf(request) ?? (admission.admit(performance.now()) ? undefined : 'handshakes')
          if (rejection === undefined) {
            // An attached response would keep the request in memory for as long as the socket is open.
            reply.raw.detachSocket(request.raw.socket)
            return undefined
          }
          metrics.upgradeRejected(rejection)
          if (rejection === 'origin') log.warn({ origin: request.headers.origin }, 'origin not allowed')
          return explain(reply, rejection)
        }
        scope.get('/ws', { websocket: true, onRequest }, (socket, request) => accept(socket, request))
      })
    },

    async drain(durationMs) {
      isDraining = true
      const leaving = [...connections]
      drainLeft = leaving.length
      const slotMs = durationMs / Math.max(leaving.length, 1)
      leaving.forEach((connection, index) => connection.announceDrain(Math.round(index * slotMs)))
      const startedAt = performance.now()
      for (const [index, connection] of leaving.entries()) {
        const waitMs = startedAt + index * slotMs - performance.now()
        if (waitMs > 1) await sleep(waitMs)
        connection.close('draining')
        drainLeft -= 1
      }
      // Not earlier: during the drain, clients are still pinged and tokens still expire.
      clearInterval(ticker)
    },
  }
}

/** The error codes of rejections; those that another gateway or a later retry avoids have the status 503. */
const REJECTIONS: Readonly<Record<UpgradeRejection | 'upgrade_required', ErrorCode>> = {
  origin: 'origin_not_allowed',
  draining: 'shutting_down',
  connections: 'connection_limit',
  handshakes: 'connection_limit',
  upgrade_required: 'upgrade_required',
}

/**
 * Says why a WebSocket is rejected. A page cannot read the response to its handshake, but it can `fetch` the same URL,
 * from any origin: the response contains nothing that depends on the user.
 */
function explain(reply: FastifyReply, rejection: keyof typeof REJECTIONS): FastifyReply {
  const body = problem(REJECTIONS[rejection])
  void reply.code(body.status).header('access-control-allow-origin', '*').header('cache-control', 'no-store')
  if (body.status === 503) void reply.header('retry-after', 1 + Math.floor(Math.random() * RETRY_AFTER_S_MAX))
  if (body.status === 426) void reply.header('upgrade', 'websocket')
  return reply.type('application/problem+json').send(body)
}

function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback'
}
