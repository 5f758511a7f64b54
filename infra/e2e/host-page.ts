import { mintToken, type Browser, type BrowserContextOptions, type Page } from '@paxyo/testkit'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A test panel serves one page, one stylesheet, and tokens for one user. */
export interface PanelOptions {
  readonly userId: string
  readonly html: string
  readonly css?: string
  readonly contentSecurityPolicy?: string
  /** The response of `/balance`. */
  readonly respondWithBalance?: (url: string) => string
  /** Responds to a request for a token instead of the usual `{token}`. */
  readonly respondWithToken?: (request: IncomingMessage) => Promise<TokenResponse>
}

interface TokenResponse {
  readonly status?: number
  readonly type?: string
  readonly body: string
}

export interface Panel extends AsyncDisposable {
  readonly url: string
}

/** Starts a panel's server, on another origin than the gateway's. */
export async function servePanel(options: PanelOptions): Promise<Panel> {
  const { userId, html, css = '', contentSecurityPolicy, respondWithToken, respondWithBalance } = options
  const server = createServer((request, response) => {
    void (async () => {
      if (request.url === '/token') {
        const token = async (): Promise<TokenResponse> => ({
          type: 'application/json',
          body: JSON.stringify({ token: await mintToken(userId) }),
        })
        const { status = 200, type = 'text/plain', body } = await (respondWithToken ?? token)(request)
        response.writeHead(status, { 'content-type': type }).end(body)
        return
      }
      if (respondWithBalance !== undefined && request.url?.startsWith('/balance') === true) {
        response.writeHead(200, { 'content-type': 'application/json' }).end(respondWithBalance(request.url))
        return
      }
      if (request.url === '/panel.css') {
        response.writeHead(200, { 'content-type': 'text/css' }).end(css)
        return
      }
      if (contentSecurityPolicy !== undefined) response.setHeader('content-security-policy', contentSecurityPolicy)
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html)
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The strictest policy that a page with the embed script can have: no inline script, no inline style, no eval. */
export const strictPolicy = (gatewayUrl: string): string =>
  `default-src 'none'; script-src ${gatewayUrl}; connect-src 'self' ${gatewayUrl} ${gatewayUrl.replace(/^http/, 'ws')}; ` +
  `style-src 'self'; base-uri 'none'; form-action 'none'`

export interface OpenPage {
  readonly page: Page
  /** The errors that the page has logged, and those that it has thrown. */
  readonly consoleErrors: string[]
  readonly thrown: string[]
  /** The page's `paxyo:*` events, in order. */
  events(): Promise<SeenEvent[]>
  /** The number of events of a type. Reading all events repeatedly would keep the page busy. */
  eventCount(type: string): Promise<number>
  /** How many frames its WebSockets have received. */
  frameCount(): number
  /** The violations of its Content-Security-Policy. */
  violations(): Promise<string[]>
}

export interface SeenEvent {
  readonly type: string
  /** The id of the row that it was dispatched from, or `document`. */
  readonly from: string
  /** The status that the row showed at that moment. */
  readonly shown: string | undefined
  readonly detail: Readonly<Record<string, unknown>>
}

type Watched = typeof globalThis & { seen: SeenEvent[]; violated: string[] }

/**
 * Opens a page that records its events and violations from the start.
 *
 * @param options of its context, and whether the test moves its clock.
 */
export async function openPage(
  browser: Browser,
  url: string,
  { hasTestClock = false, ...options }: BrowserContextOptions & { readonly hasTestClock?: boolean } = {},
): Promise<OpenPage> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  if (hasTestClock) await page.clock.install()
  let frameCount = 0
  page.on('websocket', (socket) => socket.on('framereceived', () => (frameCount += 1)))
  const consoleErrors: string[] = []
  const thrown: string[] = []
  page.on('console', (message) => message.type() === 'error' && consoleErrors.push(message.text()))
  page.on('pageerror', (error) => thrown.push(error.message))
  await page.addInitScript(() => {
    const watched = Object.assign(globalThis, { seen: [], violated: [] }) as unknown as Watched
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      watched.violated.push(`${violatedDirective} ${blockedURI}`)
    })
    for (const type of ['snapshot', 'order', 'refund', 'account', 'event', 'status']) {
      document.addEventListener(`paxyo:${type}`, (event) => {
        const row = event.target instanceof HTMLElement ? event.target.dataset : { orderId: 'document' }
        const { orderId: from = '', status: shown } = row
        watched.seen.push({ type, from, shown, detail: (event as CustomEvent<SeenEvent['detail']>).detail })
      })
    }
  })
  await page.goto(url)
  return {
    page,
    consoleErrors,
    thrown,
    events: () => page.evaluate(() => (globalThis as Watched).seen),
    eventCount: (counted) =>
      page.evaluate((type) => (globalThis as Watched).seen.filter((event) => event.type === type).length, counted),
    frameCount: () => frameCount,
    violations: () => page.evaluate(() => (globalThis as Watched).violated),
  }
}
