import { createHttpServer, createLogger, listen } from '@paxyo/service-kit'
import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import qs from 'qs'
import { createDispatcher, type NetworkFaults } from './dispatcher.ts'
import { API_PATH, registerApiRoute, type ApiFault } from './api-route.ts'
import { startAutopilot } from './autopilot.ts'
import { registerControlRoute } from './control-route.ts'
import { createOrderStore, type OrderAction, type ProviderOrder } from './order-store.ts'
import { createRandom } from './random.ts'
import { WEBHOOK_SHAPE_NAMES } from './webhook-shapes.ts'
import { RETRY_DEFAULTS } from './webhook-sender.ts'
import type { Simulator, SimulatorOptions } from './simulated-provider.ts'

const NO_NETWORK_FAULTS: NetworkFaults = { duplicateRate: 0, dropRate: 0, reorderRate: 0, delayMsMax: 0 }
/** How many changes of a burst one webhook contains at most, if its shape allows several. */
const BURST_GROUP_MAX = 20
const SEED_MAX = 0x7fff_ffff

/**
 * Starts a simulated provider in this process: API v2, webhooks, and commands over HTTP.
 *
 * @example
 * await using simulator = await startSimulator()
 * simulator.add({ orderId: '12345' })
 * simulator.cancel('12345').status //=> 'canceled'
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { seed = randomBytes(4).readUInt32LE() & SEED_MAX, apiKey = randomBytes(16).toString('hex') } = options
  const random = createRandom(seed)
  const store = createOrderStore(random)
  const dispatcher = createDispatcher({
    seed,
    shapes: options.shapes?.length ? options.shapes : WEBHOOK_SHAPE_NAMES,
    mistakeRate: options.mistakeRate ?? 0,
    networkFaults: {
      ...NO_NETWORK_FAULTS,
      ...definedOf(options, ['duplicateRate', 'dropRate', 'reorderRate', 'delayMsMax']),
    },
    retry: { ...RETRY_DEFAULTS, ...options.retry },
    connectionsMax: options.connectionsMax,
  })
  const { webhookUrl, authentication = { kind: 'none' } } = options
  if (webhookUrl !== undefined) dispatcher.setTarget({ url: webhookUrl, authentication })
  const closing = new AbortController()
  const requests: Record<string, number> = {}
  let fault: ApiFault | undefined

  const dispatch = (order: ProviderOrder): ProviderOrder => {
    dispatcher.dispatch([order])
    return order
  }
  const act = (orderId: string, action: OrderAction): ProviderOrder => dispatch(store.act(orderId, action))

  function burst(count: number, among?: readonly string[]): number {
    let changes = 0
    for (let open = store.open(among); changes < count && open.length > 0; open = store.open(among)) {
      const size = Math.min(random.between(1, BURST_GROUP_MAX), count - changes, open.length)
      const group = new Set(Array.from({ length: size }, () => random.pick(open).orderId))
      dispatcher.dispatch([...group].map((orderId) => store.act(orderId, 'progress')))
      changes += group.size
    }
    return changes
  }

  const app = createHttpServer({ log: createLogger('provider-simulator', 'silent'), trustProxy: false })
  readForms(app)
  registerApiRoute(app, {
    apiKey,
    find: (orderId) => store.get(orderId),
    add: (order) => store.add(order),
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
    add: (order = {}) => store.add(order),
    restore: (order) => store.restore(order),
    order: (orderId) => store.get(orderId),
    orders: () => store.all(),
    change: (orderId, change) => dispatch(store.change(orderId, change)),
    act,
    progress: (orderId) => act(orderId, 'progress'),
    complete: (orderId) => act(orderId, 'complete'),
    partial: (orderId) => act(orderId, 'partial'),
    cancel: (orderId) => act(orderId, 'cancel'),
    burst,
    announce: (orderIds) => dispatcher.dispatch(orderIds.flatMap((orderId) => store.get(orderId) ?? [])),
    send: (webhook) => dispatcher.send(webhook),
    deliveries: dispatcher.log,
    requests,
    idle: () => dispatcher.idle(),
    setWebhook: (target) => dispatcher.setTarget(target),
    setApiFault: (next) => (fault = next),
    async close() {
      stopAutopilot()
      closing.abort()
      await dispatcher.close()
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
    stopAutopilot = startAutopilot({ ...options.autopilot, seed, open: () => store.open(), act })
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
