import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { registerDemoActions, type DemoActions } from './action-routes.ts'
import { chooseLanguage } from './choose-language.ts'
import { indexOf, LANGUAGES, readPageFiles, type PageFile } from './page-files.ts'
import { registerTrace, type WebhookTrace } from './trace-route.ts'

export interface DemoPageOptions {
  /** Mints a browser token for the demo's user. */
  readonly mintToken: () => Promise<string>
  /** The gateway's URL, such as `wss://rt.example.com/ws`, if it has another origin than the page. */
  readonly socketUrl?: string
  /** The actions of the buttons; without them the page has no buttons. */
  readonly actions?: DemoActions
  /** The times of webhooks; without them the page does not show any. */
  readonly trace?: WebhookTrace
  /** Called when a visitor opens the page. */
  readonly onOpen?: () => void
}

/** A file whose name has the hash of its content. */
const HASHED = /-[0-9A-Z]{8}\.\w+$/

/** Allows the page's own files, the socket, and a request that asks why the socket is rejected; no inline code. */
const contentSecurityPolicy = (socketUrl = ''): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${socketUrl} ${socketUrl.replace(/^ws/, 'http')}`.trimEnd(),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

/**
 * Serves the demo page, in the language of its address or of the browser, and its token. Every visitor of the page gets a
 * token: for demonstration only.
 */
export function registerDemoPage(app: FastifyInstance, options: DemoPageOptions): void {
  const { mintToken, socketUrl, actions, trace, onOpen } = options
  const headers = {
    'content-security-policy': contentSecurityPolicy(socketUrl),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  }
  const files = readPageFiles()
  function send({ name, type, etag, identity, gzip }: PageFile, request: FastifyRequest, reply: FastifyReply) {
    const caching = HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache'
    void reply.headers({ ...headers, 'cache-control': caching, etag, vary: 'accept-encoding' }).type(type)
    if (request.headers['if-none-match'] === etag) return reply.code(304).send()
    const acceptsGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
    if (!acceptsGzip || gzip === undefined) return reply.send(identity)
    return reply.header('content-encoding', 'gzip').send(gzip)
  }
  for (const file of files.filter(({ type }) => !type.startsWith('text/html'))) {
    app.get(`/demo/files/${file.name}`, (request, reply) => send(file, request, reply))
  }

  const indexes = new Map(LANGUAGES.map((language) => [language, indexOf(files, language)]))
  app.get<{ Querystring: { lang?: string | string[] } }>('/', async (request, reply) => {
    onOpen?.()
    const language = chooseLanguage(LANGUAGES, String(request.query.lang ?? ''), request.headers['accept-language'])
    // Like a panel's server: the page knows its user before it gets a token.
    const body = attributes({
      'user-id': subjectOf(await mintToken()),
      ...(socketUrl === undefined ? {} : { 'socket-url': socketUrl }),
      ...(actions === undefined ? {} : { actions: 'on' }),
      ...(trace === undefined ? {} : { trace: 'on' }),
    })
    return reply
      .headers({ ...headers, 'cache-control': 'no-cache', vary: 'accept-language' })
      .type('text/html; charset=utf-8')
      .send(indexes.get(language)!.replace('<body>', () => `<body ${body}>`))
  })
  app.get('/demo/token', async (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ token: await mintToken(), socketUrl }),
  )
  if (actions !== undefined) registerDemoActions(app, actions)
  if (trace !== undefined) registerTrace(app, trace)
}

/** The token's user. The token is not verified, because this server minted it. */
function subjectOf(token: string): string {
  const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sub: string }
  return claims.sub
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `data-${name}="${escapeAttribute(value)}"`)
    .join(' ')
}

const escapeAttribute = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
