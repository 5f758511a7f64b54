import { createHttpServer, createLogger, listen } from '@paxyo/service-kit'
import { mintToken } from '@paxyo/testkit'
import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'
import type { Engine, EnginePage } from './engines.ts'
import type { Entry } from './judge.ts'
import { startPageNetwork, type PageNetwork } from './page-network.ts'

/** Gaps between the ticks of a page that are longer than this are times in which it did not run. */
const GAP_MS = 250
const TICK_MS = 100

const PAGE = `<!doctype html><title>A panel</title><script type="module">
import { connect, createOrderStore } from '/client.js'
const { url, path, transport } = JSON.parse(decodeURIComponent(location.search.slice(1)))
let entries = []
const note = (...entry) => entries.push([Date.now(), ...entry])
let ranAt = Date.now()
const tick = () => {
  const now = Date.now()
  if (now - ranAt > ${GAP_MS}) note('gap', ranAt)
  ranAt = now
}
setInterval(tick, ${TICK_MS})
const client = connect({ url, transport, share: 'none', getToken: async ({ signal }) => {
  const response = await fetch(path + '/token', { signal })
  if (!response.ok) throw new Error('no token')
  return response.text()
} })
const store = createOrderStore({ client })
store.subscribe(() => undefined)
// A message that arrived while the page did not run is noted after the gap.
client.on('status', ({ status }) => { tick(); note('status', status.state) })
client.on('snapshot', ({ position }) => { tick(); note('snapshot', position.seq) })
client.on('account', ({ seq }) => { tick(); note('event', seq) })
globalThis.soak = {
  take: () => { tick(); const taken = entries; entries = []; return taken },
  state: () => ({ status: client.status.state, seq: client.position?.seq ?? 0, visibility: document.visibilityState }),
  orders: () => store.getState().orders.map(({ orderId, status, refunded }) => orderId + ' ' + status + ' ' + refunded),
  networkChanged: async () => { await fetch(path + '/silence', { method: 'POST' }); dispatchEvent(new Event('online')) },
  goOffline: async () => {
    await fetch(path + '/offline', { method: 'POST' })
    Object.defineProperty(navigator, 'onLine', { configurable: true, value: false })
    dispatchEvent(new Event('offline'))
  },
  goOnline: async () => {
    await fetch(path + '/online', { method: 'POST' })
    Object.defineProperty(navigator, 'onLine', { configurable: true, value: true })
    dispatchEvent(new Event('online'))
  },
}
</script>`

/** A page of one user in one browser. */
export interface SoakPage extends AsyncDisposable {
  readonly name: string
  readonly userId: string
  readonly engine: Engine
  readonly network: PageNetwork
  readonly browserPage: EnginePage
  /** Everything that it has noted so far. */
  readonly entries: Entry[]
  /** Takes over what it has noted since, unless its browser is asleep. */
  collect(): Promise<void>
}

export interface SoakPanel extends AsyncDisposable {
  /** How many tokens it has minted, and how many requests for one it has failed. */
  readonly tokens: { minted: number; failed: number; isFailing: boolean }
  open(engine: Engine, name: string, transport: 'websocket' | 'stream' | 'auto'): Promise<SoakPage>
}

/** Tokens are renewed all the time. */
const TOKEN_S = 40

/** @param gatewayPort returns the port of a gateway that should be alive. */
export async function startSoakPanel(gatewayPort: () => number): Promise<SoakPanel> {
  await using cleanups = new AsyncDisposableStack()
  const app = createHttpServer({ log: createLogger('panel', 'silent'), trustProxy: false })
  const client = await bundleClient()
  const networks = new Map<string, PageNetwork>()
  const tokens = { minted: 0, failed: 0, isFailing: false }
  app.get('/', (_request, reply) => reply.type('text/html').send(PAGE))
  app.get('/client.js', (_request, reply) => reply.type('text/javascript').send(client))
  app.get<{ Params: { name: string } }>('/:name/token', (request, reply) => {
    tokens[tokens.isFailing ? 'failed' : 'minted'] += 1
    if (tokens.isFailing) return reply.code(503).send('unavailable')
    return mintToken(request.params.name, { expiresInS: TOKEN_S })
  })
  app.post<{ Params: { name: string; change: string } }>('/:name/:change', ({ params: { name, change } }, reply) => {
    const network = networks.get(name)!
    network.isDown = change === 'offline'
    if (change !== 'online') network.silence()
    return reply.code(204).send()
  })
  const pageUrl = await listen(app, { host: '127.0.0.1', port: 0 })
  cleanups.defer(() => app.close())
  const owned = cleanups.move()

  return {
    tokens,
    async open(engine, name, transport) {
      const network = await startPageNetwork(gatewayPort)
      networks.set(name, network)
      const options = { url: `ws://127.0.0.1:${network.port}/ws`, path: `/${name}`, transport }
      const browserPage = await engine.open(`${pageUrl}/?${encodeURIComponent(JSON.stringify(options))}`)
      const entries: Entry[] = []
      return {
        name,
        userId: name,
        engine,
        network,
        browserPage,
        entries,
        async collect() {
          if (!engine.isAsleep) entries.push(...(await browserPage.evaluate<Entry[]>('soak.take()')))
        },
        [Symbol.asyncDispose]: () => network[Symbol.asyncDispose](),
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function bundleClient(): Promise<string> {
  const entry = fileURLToPath(new URL('../../packages/browser-client/src/index.ts', import.meta.url))
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, minify: true, format: 'esm', write: false })
  return outputFiles[0]!.text
}
