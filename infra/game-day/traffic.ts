import { PANEL_KEY, WEBHOOK_TOKEN, type Arena } from './arena.ts'

/** Of the orders of the traffic one in so many is canceled. */
const CANCELED_EVERY = 50

/** Sends requests that may fail while something is broken. */
export function startTraffic(arena: Arena): AsyncDisposable {
  const end = new AbortController()
  const work = (async () => {
    for (let index = 0; !end.signal.aborted; index += 1) {
      const ingest = arena.ingests[index % arena.ingests.length]?.process?.url
      if (ingest !== undefined) await sendOrder(arena, ingest, index).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  })()
  return {
    async [Symbol.asyncDispose]() {
      end.abort()
      await work
    },
  }
}

const REQUEST_TIMEOUT_MS = 5_000

/** Registers an order, and sends a webhook of it: one without an order would wait for it, and fire an alert, from then on. */
async function sendOrder({ provider, traffic }: Arena, ingest: string, index: number): Promise<void> {
  const orderId = `T-${index}`
  const isCanceled = index % CANCELED_EVERY === CANCELED_EVERY - 1
  if (isCanceled) provider.restore({ orderId, status: 'canceled' })
  const status = await register(ingest, orderId)
  if (status < 300 && !traffic.isSilent) await sendStatus(ingest, orderId, isCanceled ? 'Canceled' : 'In progress')
}

export function register(ingest: string, id: string, userId = 'user-1', currency = 'USD', link = 'l'): Promise<number> {
  const order = { orderId: id, providerOrderId: id, userId, service: 's', link, quantity: 1000 }
  return post(`${ingest}/v1/orders`, JSON.stringify({ ...order, charge: '1', currency }), authorization(PANEL_KEY))
}

export const sendWebhook = (ingest: string, body: string, token = WEBHOOK_TOKEN): Promise<number> =>
  post(`${ingest}/webhooks/godofpanel/${token}`, body, {})

export const sendStatus = (ingest: string, orderId: string, status: string): Promise<number> =>
  sendWebhook(ingest, JSON.stringify({ order_id: orderId, status }))

export const authorization = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })

/** @returns the status. */
export async function post(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  })
  await response.arrayBuffer()
  return response.status
}
