import { problem, type ErrorCode } from '@paxyo/contracts'
import { errorCodes, fastify, LogController, type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import { isUtf8 } from 'node:buffer'
import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import { addressGroup } from './address.ts'
import { createConnectionLimit, limitConnections } from './connection-limit.ts'
import { createTurns } from './turns.ts'

export interface HttpServerOptions {
  readonly log: Logger
  readonly trustProxy: boolean | string
  readonly timeouts?: Partial<HttpTimeouts>
  /** The certificate chain and its key, as PEM: with them the server speaks TLS. */
  readonly tls?: TlsCertificate | undefined
}

export interface TlsCertificate {
  readonly cert: string
  readonly key: string
}

/** How long a slow client may occupy a connection. */
export interface HttpTimeouts {
  /** For all headers to arrive. */
  readonly headersMs: number
  /** For a complete request to arrive. */
  readonly requestMs: number
  /** Without a byte in either direction: for a client that does not read its response. Longer than any response takes. */
  readonly silenceMs: number
  /** Between two checks of the first two. */
  readonly checkIntervalMs: number
}

const HTTP_TIMEOUTS: HttpTimeouts = { headersMs: 10_000, requestMs: 15_000, silenceMs: 60_000, checkIntervalMs: 1_000 }

/** The maximum size of a request's body. */
export const BODY_BYTES_MAX = 64 * 1024

/** Together about 2 ms. */
const REQUESTS_PER_ITERATION = 8

const IDLE_SWEEP_INTERVAL_MS = 50
/** Longer than a batch is retried: every accepted request has its response by then. */
const LAST_RESPONSE_TIMEOUT_MS = 12_000

const EVERY_PROXY_TRUSTED =
  "TRUST_PROXY is true: a client can claim any address in X-Forwarded-For, such as one in an API key's networks; name the proxy's network"

const ERROR_CODE_BY_FASTIFY_CODE: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'validation_failed',
}

/** Node's codes for bytes that are not a valid request. */
const ERROR_CODE_BY_NODE_CODE: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timed_out',
}

/**
 * Creates an HTTP server that returns every error as `application/problem+json`. It does not log requests: a webhook's
 * path may contain its token. Routes log the results of their requests.
 *
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * (await app.inject('/none')).json().code //=> 'not_found'
 */
export function createHttpServer({ log, trustProxy, timeouts = {}, tls }: HttpServerOptions): FastifyInstance {
  const { headersMs, requestMs, silenceMs, checkIntervalMs } = { ...HTTP_TIMEOUTS, ...timeouts }
  if (trustProxy === true) log.warn({ problem: EVERY_PROXY_TRUSTED }, 'every proxy trusted')
  const server = {
    // Node takes any Upgrade header for an upgrade and drops the body; Java's clients send one for HTTP/2.
    shouldUpgradeCallback: ({ headers }: IncomingMessage): boolean =>
      app.server.listenerCount('upgrade') > 0 && headers.upgrade?.toLowerCase() === 'websocket',
    // Node reads these only when it creates the server.
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: checkIntervalMs,
  }
  const app: FastifyInstance = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    // Routes have their own loggers. One for each request would be created, and searched for secrets, in vain.
    childLoggerFactory: (logger) => logger,
    trustProxy,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: requestMs,
    connectionTimeout: silenceMs,
    forceCloseConnections: 'idle',
    ...(tls === undefined ? { http: server } : { https: { ...server, ...tls, handshakeTimeout: headersMs } }),
    return503OnClosing: false,
    clientErrorHandler: respondToClientError,
    // As long as Node reads, so that a route's schema rejects an identifier that is too long, with its limit.
    routerOptions: { maxParamLength: 16 * 1024 },
    // Paths that cannot be routed, because they cannot be decoded.
    frameworkErrors(_error, { headers, raw }, reply) {
      // No hook runs for them, and Node leaves a socket open whose client has asked for an upgrade.
      if (headers.upgrade !== undefined) reply.raw.once('finish', () => raw.socket.destroy())
      void sendProblem(reply, 'not_found')
    },
  }) as unknown as FastifyInstance

  beginInTurns(app)
  rejectOtherEncodings(app)
  rejectSeveralHosts(app)
  closeConnectionsAfterTheirLastResponse(app)
  limitConnections(app.server, createConnectionLimit(trustProxy))
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

/** The senders are addresses, of IPv6 the /64. */
function beginInTurns(app: FastifyInstance): void {
  const turns = createTurns(REQUESTS_PER_ITERATION)
  app.addHook('onRequest', (request, _reply, done) => turns.wait(addressGroup(request.ip), done))
}

/** Node keeps the first `Host`, and a proxy may have routed by another one (RFC 9112, section 3.2). */
function rejectSeveralHosts(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { rawHeaders } = request.raw
    let hosts = 0
    for (let index = 0; index < rawHeaders.length; index += 2) if (/^host$/i.test(rawHeaders[index]!)) hosts += 1
    if (hosts > 1) void sendProblem(reply, 'malformed_request', 'the request has several Host headers')
    else done()
  })
}

/** JSON is UTF-8. Decoding replaces every other byte by the same character, which could make two ids equal. */
function rejectOtherEncodings(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (isUtf8(body)) void parseJson(request, body.toString(), done)
    else done(new errorCodes.FST_ERR_CTP_INVALID_JSON_BODY())
  })
}

/**
 * Closing waits for every connection. Node closes the idle ones. A connection with a request in flight would be kept
 * alive after the response, for as long as the client likes; one that never sent a request does not count as idle.
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

/** Not logged at any level: the error contains the received bytes, which may include a token in the path. */
function respondToClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const details = problem(ERROR_CODE_BY_NODE_CODE[error.code ?? ''] ?? 'malformed_request')
  const body = JSON.stringify(details)
  const head = [
    `HTTP/1.1 ${details.status} ${STATUS_CODES[details.status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

/** A detail can quote the request, which may have megabytes. */
const DETAIL_LENGTH_MAX = 1_000

/**
 * Sends an error response; `detail` describes the problem of this request.
 *
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * app.get('/orders', (_request, reply) => sendProblem(reply, 'order_not_found'))
 * (await app.inject('/orders')).statusCode //=> 404
 */
export function sendProblem(reply: FastifyReply, code: ErrorCode, detail?: string): FastifyReply {
  const body = problem(code, detail?.slice(0, DETAIL_LENGTH_MAX))
  // Every 401 must have a challenge (RFC 9110, 15.5.2), also that of the console's form, which has no scheme.
  if (body.status === 401) void reply.header('www-authenticate', 'Bearer')
  return reply.code(body.status).type('application/problem+json').send(body)
}
