import { OPEN_STATUSES, orderViewSchema } from '@paxyo/contracts'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

export interface PanelApiOptions {
  /** Where webhook-ingest answers, such as `http://webhook-ingest:8080`. */
  readonly url: string
  readonly apiKey: string
  /** Whose orders these are. */
  readonly userId: string
}

const orderSchema = orderViewSchema.extend({ userId: z.string(), createdAt: z.string() })
export type DemoOrder = z.infer<typeof orderSchema>

export interface NewDemoOrder {
  readonly orderId: string
  readonly providerOrderId: string
  readonly service: string
  readonly link: string
  readonly quantity: number
  readonly charge: string
}

/** What the demo asks of the system as its user's panel: over the same routes, and with a key, as every panel. */
export interface PanelApi {
  /** Registers an order that was passed on to the provider. */
  register(order: NewDemoOrder): Promise<void>
  /** @returns undefined when the user has no such order. */
  order(orderId: string): Promise<DemoOrder | undefined>
  /** The user's open orders, the oldest first: up to a hundred of each status. */
  openOrders(): Promise<DemoOrder[]>
  /** Pages of all the user's orders, the newest first. */
  orders(): AsyncIterable<readonly DemoOrder[]>
  mintToken(): Promise<string>
}

const pageSchema = z.object({ data: z.array(orderSchema), nextCursor: z.string().nullable() })
const historySchema = z.object({ order: orderSchema })
const tokenSchema = z.object({ token: z.string() })

const PAGE_SIZE = 100
const TIMEOUT_MS = 15_000
/** While a service is replaced, a request may meet nobody. All that is asked here may be asked again. */
const TRIES_MAX = 5
const RETRY_DELAY_MS = 300

export function createPanelApi({ url, apiKey, userId }: PanelApiOptions): PanelApi {
  async function ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Response> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` }
    for (let tries = 1; ; tries += 1) {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      const request = { method, headers, signal, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
      const answer = await fetch(`${url}${path}`, request).catch((error: Error) => error)
      if (!(answer instanceof Error) && answer.status < 500) return answer
      if (tries === TRIES_MAX) {
        if (answer instanceof Error) throw new Error(`webhook-ingest cannot be reached at ${url}`, { cause: answer })
        return answer
      }
      await sleep(RETRY_DELAY_MS)
    }
  }

  async function read<T>(schema: z.ZodType<T>, answer: Response): Promise<T> {
    if (answer.ok) return schema.parse(await answer.json())
    throw new Error(`the demo's request was answered ${answer.status}: ${await answer.text()}`)
  }

  const list = async (query: Readonly<Record<string, string>>): Promise<z.infer<typeof pageSchema>> => {
    const parameters = new URLSearchParams({ userId, limit: String(PAGE_SIZE), ...query })
    return read(pageSchema, await ask('GET', `/v1/orders?${parameters.toString()}`))
  }

  return {
    async register(order) {
      await read(z.unknown(), await ask('POST', '/v1/orders', { ...order, userId, currency: 'USD' }))
    },
    async order(orderId) {
      const answer = await ask('GET', `/v1/orders/${encodeURIComponent(orderId)}`)
      if (answer.status === 404) return undefined
      const { order } = await read(historySchema, answer)
      // The key reads everybody's.
      return order.userId === userId ? order : undefined
    },
    async openOrders() {
      const pages = await Promise.all(OPEN_STATUSES.map((status) => list({ status })))
      return pages
        .flatMap(({ data }) => data)
        .toSorted((a, b) => compare(a.createdAt, b.createdAt) || compare(a.providerOrderId, b.providerOrderId))
    },
    async *orders() {
      let cursor: string | null = ''
      while (cursor !== null) {
        const page: z.infer<typeof pageSchema> = await list(cursor === '' ? {} : { cursor })
        yield page.data
        cursor = page.nextCursor
      }
    },
    async mintToken() {
      return (await read(tokenSchema, await ask('POST', '/v1/tokens', { userId }))).token
    },
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))
