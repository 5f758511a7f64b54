import { problem, type ErrorCode } from '@paxyo/contracts'
import { errorCodes, fastify, LogController, type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import { isUtf8 } from 'node:buffer'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Logger } from 'pino'

export interface HttpServerOptions {
  readonly log: Logger
  readonly trustProxy: boolean | string
}

/** The most that any request may carry in its body. */
const BODY_BYTES_MAX = 64 * 1024
/** Time for a request to arrive whole: a sender that dribbles must not hold a connection for ever. */
const REQUEST_TIMEOUT_MS = 15_000

const IDLE_SWEEP_INTERVAL_MS = 50
/** Longer than a batch is tried: every accepted request has its answer by then. */
const LAST_RESPONSE_TIMEOUT_MS = 12_000

const ERROR_CODE_BY_FASTIFY_CODE: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'validation_failed',
}

/** What Node says of bytes that never become a request. */
const ERROR_CODE_BY_NODE_CODE: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timed_out',
}

/**
 * An HTTP server that answers every error as `application/problem+json`. Requests are not logged as such: a webhook's
 * path may hold its token, and routes log what became of a request.
 */
export function createHttpServer({ log, trustProxy }: HttpServerOptions): FastifyInstance {
  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    // A logger for each request would be made, and searched for secrets, for nothing: routes log with their own.
    childLoggerFactory: (logger) => logger,
    trustProxy,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    // Node takes any Upgrade header for an upgrade and drops the body; Java's clients send one for HTTP/2.
    http: { shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket' },
    return503OnClosing: false,
    clientErrorHandler: respondToClientError,
    routerOptions: { maxParamLength: 256 },
    // Paths that no route can be looked up for: undecodable, or with a parameter that is too long.
    frameworkErrors: (_error, _request, reply) => void sendProblem(reply, 'not_found'),
  }) as unknown as FastifyInstance

  rejectOtherEncodings(app)
  closeConnectionsAfterTheirLastResponse(app)
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, 'not_found'))
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const known = ERROR_CODE_BY_FASTIFY_CODE[error.code]
    if (known !== undefined) return sendProblem(reply, known)
    if (error.statusCode !== undefined && error.statusCode < 500) return sendProblem(reply, 'validation_failed')
    log.error({ err: error, route: request.routeOptions.url }, 'request failed')
    return sendProblem(reply, 'internal_error')
  })
  return app
}

/** JSON is UTF-8. Read as if it were, every other byte would become the same character, and two ids one. */
function rejectOtherEncodings(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (isUtf8(body)) void parseJson(request, body.toString(), done)
    else done(new errorCodes.FST_ERR_CTP_INVALID_JSON_BODY())
  })
}

/**
 * Closing waits for every connection. Those that are idle then are closed by Node; those that still get an answer would
 * be kept alive after it, for as long as the client likes, and those that never sent a request do not count as idle.
 */
function closeConnectionsAfterTheirLastResponse(app: FastifyInstance): void {
  let isClosing = false
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isClosing) reply.header('connection', 'close')
    done()
  })
  app.addHook('preClose', async () => {
    isClosing = true
    const sweep = setInterval(() => app.server.closeIdleConnections(), IDLE_SWEEP_INTERVAL_MS)
    const last = setTimeout(() => app.server.closeAllConnections(), LAST_RESPONSE_TIMEOUT_MS)
    app.server.once('close', () => {
      clearInterval(sweep)
      clearTimeout(last)
    })
  })
}

/** Not logged, at no level: the error holds the bytes as they came, a token in the path among them. */
function respondToClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const answer = problem(ERROR_CODE_BY_NODE_CODE[error.code ?? ''] ?? 'malformed_request')
  const body = JSON.stringify(answer)
  const head = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

/** Answers with an error; `detail` says what was wrong with this one request. */
export function sendProblem(reply: FastifyReply, code: ErrorCode, detail?: string): FastifyReply {
  const body = problem(code, detail)
  return reply.code(body.status).type('application/problem+json').send(body)
}
