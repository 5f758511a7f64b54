import { createHttpServer, createLogger, listen } from '@paxyo/service-kit'
import { eventually, freePort, mintToken, TEST_JWT_SECRET, type ServiceProcess } from '@paxyo/testkit'
import { build } from 'esbuild'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { BrowserContext, Page, WebSocket } from 'playwright-core'
import { startSystem, type System } from '../../../../infra/e2e/system.ts'

/** A complete system, with a panel's page on another origin that uses the bundled client. */
export interface SdkSystem extends AsyncDisposable {
  readonly system: System
  /** The panel's URL; `/readme` is the README's example. */
  readonly pageUrl: string
  /** The tokens that the panel's `/token` mints; may change. */
  readonly tokens: { userId: string; expiresInS: number; secret?: string | undefined }
  /** Kills the gateway; `startGateway` starts it again at the same address. */
  killGateway(): Promise<void>
  startGateway(): Promise<void>
  readonly gateway: ServiceProcess
  /** How many sockets the gateway counts. */
  socketCount(): Promise<number>
  /** Commits and publishes events of the current user. */
  happen(count?: number): Promise<void>
  /** Cancels the current user's order, which refunds it. */
  cancel(): Promise<void>
  /** Opens a tab; `prepare` is called before the page is loaded. */
  open(context: BrowserContext, options?: object, prepare?: (page: Page) => Promise<unknown>): Promise<SdkPage>
}

/** A tab under test. */
export interface SdkPage {
  readonly page: Page
  /** All sockets that it has opened. */
  readonly sockets: WebSocket[]
  /** All frames sent and received. */
  readonly frames: { readonly type: string; readonly [member: string]: unknown }[]
  /** The events that the application has received, also before reloads; `snapshot@seq` for snapshots. */
  seen(): Promise<(number | string)[]>
  /** Waits until the application has received an event. */
  reached(seq: number): Promise<void>
  state(): Promise<string>
  becomes(state: string): Promise<void>
  status(): Promise<{ state: string; error?: { code: string; final: boolean } }>
  /** The reasons of token requests. */
  tokenReasons(): Promise<string[]>
}

const PAGE = `<!doctype html><title>A panel</title><script type="module">
import { connect } from '/client.js'
const { url, ...options } = JSON.parse(decodeURIComponent(location.search.slice(1)))
const seen = JSON.parse(sessionStorage.getItem('seen') ?? '[]')
const note = (what) => { seen.push(what); sessionStorage.setItem('seen', JSON.stringify(seen)) }
const reasons = []
const client = connect({ url, ...options, getToken: async ({ reason, signal }) => {
  reasons.push(reason)
  return (await fetch('/token', { signal })).text()
} })
client.on('snapshot', ({ position }) => note('snapshot@' + position.seq))
client.on('account', ({ seq }) => note(seq))
Object.assign(window, { client, seen, reasons })
</script>`

const PACKAGE = new URL('../../', import.meta.url)
const README = readFileSync(new URL('README.md', PACKAGE), 'utf8')
const README_EXAMPLE = `<!doctype html><title>A panel</title>${/```html\n([^]*?)```/.exec(README)![1]!}`
const README_URL = 'wss://rt.example.com/ws'

export async function startSdkSystem(): Promise<SdkSystem> {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const system = await startSystem({}, { 'ws-gateway': { PORT: `${port}`, METRICS_PORT: `${metricsPort}` } })
  const socketUrl = `ws://127.0.0.1:${port}/ws`
  const tokens: SdkSystem['tokens'] = { userId: 'ann', expiresInS: 300 }
  const app = createHttpServer({ log: createLogger('page', 'silent'), trustProxy: false })
  const client = await bundle()
  app.get('/', (_request, reply) => reply.type('text/html').send(PAGE))
  app.get('/favicon.ico', (_request, reply) => reply.code(204).send())
  app.get('/client.js', (_request, reply) => reply.type('text/javascript').send(client))
  // The names that the README uses.
  app.get('/readme', (_request, reply) => reply.type('text/html').send(README_EXAMPLE.replace(README_URL, socketUrl)))
  app.get('/paxyo-client.js', (_request, reply) => reply.type('text/javascript').send(client))
  const mint = (): Promise<string> => {
    const { userId, expiresInS, secret = TEST_JWT_SECRET } = tokens
    return mintToken(userId, { expiresInS, secret })
  }
  app.get('/token', mint)
  app.get('/realtime-token', mint)
  const pageUrl = await listen(app, { host: '127.0.0.1', port: 0 })
  /** The order of each user that events are about. */
  const orders = new Map<string, { readonly number: number; remains: number }>()

  return {
    system,
    tokens,
    pageUrl,
    get gateway() {
      return system.gateway
    },
    killGateway: async () => void (await system.gateway.end('SIGKILL')),
    async startGateway() {
      system.gateway = await system.start('ws-gateway')
    },
    async socketCount() {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
      return Number(/^paxyo_gateway_connections\S* (\d+)/m.exec(text)![1])
    },
    async happen(count = 1) {
      const { userId } = tokens
      for (let done = 0; done < count; done += 1) {
        const order = orders.get(userId)
        if (order === undefined) {
          const number = orders.size + 1
          orders.set(userId, { number, remains: 1_000 })
          await system.register({ orderId: `S-${number}`, providerOrderId: `7${number}`, userId })
        } else {
          order.remains -= 1
          await system.webhook({ order_id: `7${order.number}`, status: 'In progress', remains: `${order.remains}` })
        }
      }
    },
    async cancel() {
      await system.webhook({ order_id: `7${orders.get(tokens.userId)!.number}`, status: 'Canceled' })
    },
    open: (context, options = {}, prepare = async () => undefined) =>
      openPage(context, pageUrl, { url: socketUrl, ...options }, prepare),
    async [Symbol.asyncDispose]() {
      await app.close()
      await system[Symbol.asyncDispose]()
    },
  }
}

async function bundle(): Promise<string> {
  const entry = fileURLToPath(new URL('src/index.ts', PACKAGE))
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, minify: true, format: 'esm', write: false })
  return outputFiles[0]!.text
}

async function openPage(
  context: BrowserContext,
  pageUrl: string,
  options: object,
  prepare: (page: Page) => Promise<unknown>,
): Promise<SdkPage> {
  const page = await context.newPage()
  await prepare(page)
  const sockets: WebSocket[] = []
  const frames: SdkPage['frames'] = []
  page.on('websocket', (socket) => {
    sockets.push(socket)
    const note = ({ payload }: { payload: string | Buffer }): void =>
      void frames.push(JSON.parse(payload.toString()) as { readonly type: string })
    socket.on('framesent', note)
    socket.on('framereceived', note)
  })
  await page.goto(`${pageUrl}/?${encodeURIComponent(JSON.stringify(options))}`)
  const read = <T>(expression: string): Promise<T> => page.evaluate<T>(expression)
  const sdkPage: SdkPage = {
    page,
    sockets,
    frames,
    seen: () => read('seen'),
    reached: async (seq) => void (await eventually(() => read(`seen.includes(${seq})`))),
    state: () => read('client.status.state'),
    becomes: async (state) => void (await eventually(() => read(`client.status.state === '${state}'`))),
    status: () => read(`({ ...client.status, error: client.status.error && { ...client.status.error } })`),
    tokenReasons: () => read('reasons'),
  }
  return sdkPage
}
