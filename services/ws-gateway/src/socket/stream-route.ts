import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isUtf8 } from 'node:buffer'
import type { Connections } from './connections.ts'
import { explainRejection } from './explain-rejection.ts'
import type { Limits } from './limits.ts'
import { createSseTransport } from './sse-transport.ts'

export interface StreamRouteOptions {
  readonly connections: Connections
  readonly limits: Limits
}

/** How long a browser may use the response to a preflight. */
const PREFLIGHT_MAX_AGE_S = 600
/** As in a close frame that has no code. */
const NO_CLOSE_CODE = 1005

/**
 * Serves `POST /stream`: the connection of a client whose network blocks WebSockets. The body is `hello`, with other messages
 * on the lines after it. It has any content type, so that a page needs no preflight. The response is the HTTP stream;
 * `?padding=on` asks for padding after each message.
 */
export function registerStreamRoute(app: FastifyInstance, { connections, limits }: StreamRouteOptions): void {
  const onRequest = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const rejection = connections.admit(request)
    if (rejection !== undefined) return explainRejection(reply, rejection)
    // Also for the errors of a body that is not read.
    reply.headers(corsHeaders(request))
    return undefined
  }

  function open(request: FastifyRequest, reply: FastifyReply): void {
    const body = request.body as Buffer | undefined
    const { padding } = request.query as { readonly padding?: unknown }
    reply.hijack()
    const { socket } = request.raw
    const response = reply.raw
    // The client has gone while its request waited for its turn; or the response would wait for another one that does not end,
    // because the client has sent both requests at once. Node reports the end of neither.
    if (response.destroyed || response.socket === null) return void socket.destroy()
    // Else the server would end the connection, because the client sends nothing more on it. A client that is gone shows when
    // the connection is closed, or at the maximum age of an HTTP stream.
    socket.setTimeout(0)
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      // For nginx, which otherwise buffers responses.
      'x-accel-buffering': 'no',
      ...corsHeaders(request),
    })
    const accepted = connections.accept(createSseTransport(response, { isPadded: padding === 'on' }), request)
    if (accepted === undefined) return
    const { connection, ended } = accepted
    response.once('close', () => ended(NO_CLOSE_CODE))
    if (body === undefined || !isUtf8(body)) connection.receive(undefined)
    else connection.receiveAll(body.toString().trimEnd().split('\n'))
  }

  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    scope.post('/stream', { onRequest, bodyLimit: limits.messageBytesMax }, open)
    scope.options('/stream', async (request, reply) => {
      const rejection = connections.rejectionOf(request)
      if (rejection === 'origin') return explainRejection(reply, rejection)
      reply.headers({
        ...corsHeaders(request),
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'content-type',
        'access-control-max-age': PREFLIGHT_MAX_AGE_S,
      })
      return reply.code(204).send()
    })
  })
}

/** The origin of a request that was not rejected is an allowed one. */
function corsHeaders({ headers: { origin } }: FastifyRequest): Record<string, string> {
  return { ...(origin === undefined ? {} : { 'access-control-allow-origin': origin }), vary: 'origin' }
}
