import { OPEN_STATUSES } from '@paxyo/contracts'
import { createPanelClient, PanelApiError, type PanelOrder } from '@paxyo/panel-client'

export interface DemoPanelOptions {
  /** The URL of webhook-ingest, such as `http://webhook-ingest:8080`. */
  readonly url: string
  readonly apiKey: string
  /** The user whose orders these are. */
  readonly userId: string
}

export interface NewDemoOrder {
  readonly orderId: string
  readonly providerOrderId: string
  readonly service: string
  readonly link: string
  readonly quantity: number
  readonly charge: string
}

/** An order that the provider has. */
export type PlacedOrder = PanelOrder & { readonly providerOrderId: string }

export const isPlaced = (order: PanelOrder): order is PlacedOrder => order.providerOrderId !== null

/** The demo's panel. It uses webhook-ingest's API with a key, like every panel. */
export interface DemoPanel {
  /** Opens the user's account with a payment. From then on the user's balance is kept here. */
  deposit(amount: string): Promise<void>
  /** Registers an order that was passed on to the provider. */
  register(order: NewDemoOrder): Promise<void>
  /** @returns undefined when the user has no such order. */
  order(orderId: string): Promise<PanelOrder | undefined>
  /** The user's open orders at the provider, the oldest first: up to a hundred of each status. */
  openOrders(): Promise<PlacedOrder[]>
  /** All the user's orders, the newest first. */
  orders(): AsyncIterable<PanelOrder>
  mintToken(): Promise<string>
}

const PAGE_SIZE = 100
/** While a service is replaced, a request may find no server. */
const RETRIES = 4

export function createDemoPanel({ url, apiKey, userId }: DemoPanelOptions): DemoPanel {
  const client = createPanelClient({ url, apiKey, retries: RETRIES })
  return {
    async deposit(amount) {
      await client.accounts.open({ userId, currency: 'USD' })
      await client.accounts.deposit(userId, { amount, currency: 'USD' }, { idempotencyKey: `deposit-${userId}` })
    },
    async register(order) {
      await client.orders.register({ ...order, userId, currency: 'USD' })
    },
    async order(orderId) {
      try {
        const { order } = await client.orders.get(orderId)
        // The key reads the orders of all users.
        return order.userId === userId ? order : undefined
      } catch (error) {
        if (error instanceof PanelApiError && error.code === 'order_not_found') return undefined
        throw error
      }
    },
    async openOrders() {
      const pages = await Promise.all(
        OPEN_STATUSES.map((status) => client.orders.listPage({ userId, status, limit: PAGE_SIZE })),
      )
      return pages
        .flatMap(({ data }) => data)
        .filter((order) => isPlaced(order))
        .toSorted((a, b) => compare(a.createdAt, b.createdAt) || compare(a.providerOrderId, b.providerOrderId))
    },
    orders: () => client.orders.list({ userId }),
    mintToken: async () => (await client.tokens.mint({ userId })).token,
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))
