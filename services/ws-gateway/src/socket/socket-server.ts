import websocket from '@fastify/websocket'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import type { ConnectionRejection } from '../observe/metrics.ts'
import type { Connections } from './connections.ts'
import { explainRejection } from './explain-rejection.ts'
import type { Limits } from './limits.ts'
import { createSocketTransport } from './socket-transport.ts'

export interface SocketServerOptions {
  readonly connections: Connections
  readonly operators: OperatorSockets
  readonly limits: Limits
  readonly log: Logger
}

/** Takes the sockets of operators' consoles. */
export interface OperatorSockets {
  /** Why a request for a socket would be rejected now. */
  readonly rejectionOf: (request: FastifyRequest) => ConnectionRejection | undefined
  readonly accept: (socket: WebSocket, request: FastifyRequest) => void
}

/** How long a client may take to complete a closing handshake. */
const CLOSE_TIMEOUT_MS = 5_000

/** Serves `GET /ws` for browsers, and `GET /operations` for operators' consoles. */
export function registerSocketServer(
  app: FastifyInstance,
  { connections, operators, limits, log }: SocketServerOptions,
): void {
  // A frame that is too long or malformed; ws has closed the socket with the matching code.
  const onSocketError = (error: Error): void => log.debug({ err: error }, 'socket error')

  function accept(socket: WebSocket, request: FastifyRequest): void {
    // The plugin's own listener refers to request and reply, and would keep them in memory.
    socket.removeAllListeners('error').on('error', onSocketError)
    const accepted = connections.accept(createSocketTransport(socket, request.raw.socket), request)
    if (accepted === undefined) return
    const { connection, ended } = accepted
    socket.on('message', (data, isBinary) => connection.receive(isBinary ? undefined : (data as Buffer).toString()))
    // Of the WebSocket protocol; browsers never send one.
    socket.on('ping', (data) => connection.admitMessage() && socket.pong(data))
    socket.on('close', ended)
  }

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
    // The gateway has its own list. This one would need a listener for each socket.
    clientTracking: false,
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
    type Check = (request: FastifyRequest) => ConnectionRejection | undefined
    const admitOrExplain =
      (admit: Check, rejectionOf: Check) =>
      async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
        if (!request.ws) return explainRejection(reply, rejectionOf(request) ?? 'upgrade_required')
        const rejection = admit(request)
        if (rejection !== undefined) return explainRejection(reply, rejection)
        // An attached response would keep the request in memory for as long as the socket is open.
        reply.raw.detachSocket(request.raw.socket)
        return undefined
      }
    const onRequest = admitOrExplain(
      (request) => connections.admit(request),
      (request) => connections.rejectionOf(request),
    )
    scope.get('/ws', { websocket: true, onRequest }, (socket, request) => accept(socket, request))
    const onOperator = admitOrExplain(
      (request) => connections.admitHandshake(operators.rejectionOf(request)),
      operators.rejectionOf,
    )
    scope.get('/operations', { websocket: true, onRequest: onOperator }, (socket, request) => {
      socket.removeAllListeners('error').on('error', onSocketError)
      operators.accept(socket, request)
    })
  })
}
