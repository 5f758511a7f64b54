import type { FastifyInstance, FastifyReply } from 'fastify'
import { registerDemoActions, type DemoActions } from './action-routes.ts'
import { readIndex, readPageFiles } from './page-files.ts'
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
 * Serves the demo page and its token. The browser gets TypeScript with its types stripped, so there is no build. Every
 * visitor of the page gets a token: for demonstration only.
 */
export function registerDemoPage(app: FastifyInstance, options: DemoPageOptions): void {
  const { mintToken, socketUrl, actions, trace, onOpen } = options
  const headers = {
    'content-security-policy': contentSecurityPolicy(socketUrl),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
  }
  const send = (reply: FastifyReply, type: string, content: string | Buffer): FastifyReply =>
    reply
      .type(type.startsWith('text/') ? `${type}; charset=utf-8` : type)
      .headers(headers)
      .send(content)

  const files = readPageFiles()
  for (const { path, type, content } of files) app.get(path, (_request, reply) => send(reply, type, content))

  const index = readIndex(files)
  app.get('/', async (_request, reply) => {
    onOpen?.()
    // Like a panel's server: the page knows its user before it gets a token.
    const body = attributes({
      'user-id': subjectOf(await mintToken()),
      ...(socketUrl === undefined ? {} : { 'socket-url': socketUrl }),
      ...(actions === undefined ? {} : { actions: 'on' }),
      ...(trace === undefined ? {} : { trace: 'on' }),
    })
    return send(
      reply,
      'text/html',
      index.replace('<body>', () => `<body ${body}>`),
    )
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
