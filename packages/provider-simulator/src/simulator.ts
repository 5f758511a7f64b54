import { createHttpServer, createLogger, listen } from '@paxyo/service-kit'
import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import qs from 'qs'
import { createAnnouncer, type Mischief } from './announcer.ts'
import { API_PATH, registerApiRoute, type ApiFault } from './api-route.ts'
import { startAutopilot } from './autopilot.ts'
import { registerControlRoute } from './control-route.ts'
import { createOrderBook, type OrderAction, type ProviderOrder } from './order-book.ts'
import { createRandom } from './random.ts'
import { WEBHOOK_SHAPE_NAMES } from './webhook-shapes.ts'
import { RETRY_DEFAULTS } from './webhook-sender.ts'
import type { Simulator, SimulatorOptions } from './simulated-provider.ts'

const NO_MISCHIEF: Mischief = { duplicateRate: 0, dropRate: 0, reorderRate: 0, delayMsMax: 0 }
/** A burst tells of so many changes in one webhook, where its shape can. */
const BURST_GROUP_MAX = 20
const SEED_MAX = 0x7fff_ffff

/** Starts a provider on this machine: API v2, webhooks, and commands over HTTP. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { seed = randomBytes(4).readUInt32LE() & SEED_MAX, apiKey = randomBytes(16).toString('hex') } = options
  const random = createRandom(seed)
  const book = createOrderBook(random)
  const announcer = createAnnouncer({
    seed,
    shapes: options.shapes?.length ? options.shapes : WEBHOOK_SHAPE_NAMES,
    mischief: { ...NO_MISCHIEF, ...definedOf(options, ['duplicateRate', 'dropRate', 'reorderRate', 'delayMsMax']) },
    retry: { ...RETRY_DEFAULTS, ...options.retry },
    connectionsMax: options.connectionsMax,
  })
  const { webhookUrl, proof = { kind: 'none' } } = options
  if (webhookUrl !== undefined) announcer.aim({ url: webhookUrl, proof })
  const closing = new AbortController()
  const requests: Record<string, number> = {}
  let fault: ApiFault | undefined

  const tell = (order: ProviderOrder): ProviderOrder => {
    announcer.announce([order])
    return order
  }
  const act = (orderId: string, action: OrderAction): ProviderOrder => tell(book.act(orderId, action))

  function burst(count: number, among?: readonly string[]): number {
    let changes = 0
    for (let open = book.open(among); changes < count && open.length > 0; open = book.open(among)) {
      const size = Math.min(random.between(1, BURST_GROUP_MAX), count - changes, open.length)
      const group = new Set(Array.from({ length: size }, () => random.pick(open).orderId))
      announcer.announce([...group].map((orderId) => book.act(orderId, 'progress')))
      changes += group.size
    }
    return changes
  }

  const app = createHttpServer({ log: createLogger('provider-simulator', 'silent'), trustProxy: false })
  readForms(app)
  registerApiRoute(app, {
    apiKey,
    find: (orderId) => book.get(orderId),
    add: (order) => book.add(order),
    fault: () => fault,
    closing: closing.signal,
    onRequest: (action) => (requests[action] = (requests[action] ?? 0) + 1),
  })
  let url = ''
  let stopAutopilot = (): void => undefined

  const simulator: Simulator = {
    get url() {
      return url
    },
    get apiUrl() {
      return `${url}${API_PATH}`
    },
    apiKey,
    seed,
    add: (order = {}) => book.add(order),
    restore: (order) => book.restore(order),
    order: (orderId) => book.get(orderId),
    orders: () => book.all(),
    change: (orderId, change) => tell(book.change(orderId, change)),
    act,
    progress: (orderId) => act(orderId, 'progress'),
    complete: (orderId) => act(orderId, 'complete'),
    partial: (orderId) => act(orderId, 'partial'),
    cancel: (orderId) => act(orderId, 'cancel'),
    burst,
    announce: (orderIds) => announcer.announce(orderIds.flatMap((orderId) => book.get(orderId) ?? [])),
    send: (webhook) => announcer.send(webhook),
    deliveries: announcer.log,
    requests,
    idle: () => announcer.idle(),
    setWebhook: (target) => announcer.aim(target),
    setApiFault: (next) => (fault = next),
    async close() {
      stopAutopilot()
      closing.abort()
      await announcer.close()
      app.server.closeAllConnections()
      await app.close()
    },
    async [Symbol.asyncDispose]() {
      await simulator.close()
    },
  }
  registerControlRoute(app, simulator)
  url = await listen(app, { host: options.host ?? '127.0.0.1', port: options.port ?? 0 })
  if (options.autopilot !== undefined) {
    stopAutopilot = startAutopilot({ ...options.autopilot, seed, open: () => book.open(), act })
  }
  return simulator
}

function readForms(app: FastifyInstance): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, parsed) =>
    parsed(null, qs.parse(String(body), { depth: 0, parseArrays: false })),
  )
}

function definedOf<T, Name extends keyof T>(options: T, names: readonly Name[]): Pick<T, Name> {
  return Object.fromEntries(
    names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  ) as never
}
