import { bytesOf } from '@paxyo/provider-simulator'
import { setTimeout as sleep } from 'node:timers/promises'
import { PANEL_KEY, type Cluster, type Member } from './cluster.ts'
import { createGaps } from './gaps.ts'
import type { ChaosProvider } from './providers.ts'
import type { Random } from './random.ts'
import type { PlannedOrder, PlannedWebhook } from './workload.ts'

/** Sends requests until they are accepted, as a panel and providers do. */
export interface Sender {
  readonly accepted: number
  readonly retried: number
  /** How many webhooks were acknowledged with 200. */
  readonly webhooks: number
  /** The longest time in which no webhook was acknowledged, from a time of `performance.now()` until now. */
  longestGapMs(since?: number): number
  /** No more requests follow. */
  finish(): void
  register(order: PlannedOrder): Promise<void>
  webhook(provider: ChaosProvider, webhook: PlannedWebhook): Promise<void>
}

const REQUEST_TIMEOUT_MS = 12_000
/** Twice as long each time: retries of hundreds of requests must not be what keeps a system down. */
const RETRY_DELAY_MS_MIN = 100
const RETRY_DELAY_MS_MAX = 2_000
const RACING_MAX = 3
const RACE_MS_MAX = 30

/** The address of a random member, or an address without a server while that member is down. */
export function addressOf(members: readonly Member[], random: Random): string {
  return random.pick(members).service?.url ?? 'http://127.0.0.1:9'
}

export function createSender(cluster: Cluster, random: Random): Sender {
  const counts = { accepted: 0, retried: 0 }
  const acknowledged = createGaps()

  async function send(path: string, request: RequestInit, isAccepted: (status: number) => boolean): Promise<number> {
    for (let delayMs = RETRY_DELAY_MS_MIN; ; delayMs = Math.min(2 * delayMs, RETRY_DELAY_MS_MAX)) {
      try {
        const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
        const response = await fetch(`${addressOf(cluster.ingests, random)}${path}`, { ...request, signal })
        const text = await response.text()
        if (isAccepted(response.status)) {
          counts.accepted += 1
          return response.status
        }
        // 503 asks for a retry, and 408 is the response of a process that was paused in the middle of the request; every other
        // status is a bug.
        if (response.status !== 503 && response.status !== 408)
          throw new Error(`unexpected ${response.status}: ${path}: ${text}`)
      } catch (error) {
        if ((error as Error).message.startsWith('unexpected')) throw error
      }
      counts.retried += 1
      await sleep(delayMs * (0.5 + random.next() / 2))
    }
  }

  return {
    get accepted() {
      return counts.accepted
    },
    get retried() {
      return counts.retried
    },
    get webhooks() {
      return acknowledged.count
    },
    longestGapMs: (since) => acknowledged.longestMs(since),
    finish: () => acknowledged.finish(),
    async register({ orderId, provider, providerOrderId, userId, quantity, charge }) {
      const details = { service: 'Followers', link: 'https://example.com', currency: 'USD' }
      const order = { orderId, provider: provider.name, providerOrderId, userId, quantity, charge, ...details }
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${PANEL_KEY}` }
      await send('/v1/orders', { method: 'POST', headers, body: JSON.stringify(order) }, isSuccess)
    },
    async webhook({ name, token }, { body, status }) {
      const { contentType, contentEncoding, method = 'POST', endsWithSlash = false } = body
      const path = `/webhooks/${name}/${token}${endsWithSlash ? '/' : ''}`
      const isExpected = (actual: number): boolean => actual === status
      if (method === 'GET') return void (await send(`${path}?${body.body}`, { method }, isExpected))
      const headers = {
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
        ...(contentEncoding === undefined ? {} : { 'content-encoding': contentEncoding }),
      }
      const bytes = new Uint8Array(bytesOf(body))
      const actual = await send(path, { method, headers, body: bytes }, isExpected)
      if (actual === 200) acknowledged.add()
    },
  }
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300

export interface DeliverOptions {
  /** How many orders are in progress at the same time. */
  readonly concurrency: number
  /** Starts no new orders after this time, or so many webhooks, or when the signal is aborted. */
  readonly durationMsMax: number
  readonly webhooksMax?: number
  readonly signal?: AbortSignal
  /** New orders in each second; without it, an order starts when another one has ended. */
  readonly ordersPerSecond?: number
}

/** Delivers the planned orders, several at the same time. @returns the failures of those that could not be delivered. */
export async function deliverAll(
  plan: readonly PlannedOrder[],
  { concurrency, durationMsMax, webhooksMax = Infinity, signal, ordersPerSecond = Infinity }: DeliverOptions,
  sender: Sender,
  random: Random,
  finished: PlannedOrder[],
): Promise<string[]> {
  const deadline = performance.now() + durationMsMax
  const isOver = (): boolean =>
    performance.now() > deadline || sender.webhooks >= webhooksMax || signal?.aborted === true
  const failures: string[] = []
  // One for all workers, each of which waits for its turn.
  const queue = atRate(plan, ordersPerSecond, isOver)
  const worker = async (): Promise<void> => {
    for (let next = await queue.next(); !next.done; next = await queue.next()) {
      try {
        await deliver(next.value, sender, random.fork())
        finished.push(next.value)
      } catch (error) {
        failures.push((error as Error).message)
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return failures
}

/** Yields at most so many items in each second, until it is over. */
async function* atRate<T>(items: readonly T[], perSecond: number, isOver: () => boolean): AsyncGenerator<T, undefined> {
  let nextAt = performance.now()
  for (const item of items) {
    nextAt = Math.max(nextAt + 1_000 / perSecond, performance.now())
    const waitMs = nextAt - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    if (isOver()) return
    yield item
  }
}

/**
 * Sends an order's webhooks, up to three at the same time and to different processes, so that they arrive in any order:
 * the expected result does not depend on it. About half of the orders are registered while their webhooks are already
 * arriving.
 */
async function deliver(order: PlannedOrder, sender: Sender, random: Random): Promise<void> {
  const { provider, webhooks } = order
  const registration = sender.register(order)
  if (order.isRegisteredFirst) await registration
  for (let index = 0, count = 0; index < webhooks.length; index += count) {
    count = 1 + random.below(RACING_MAX)
    await Promise.all(
      webhooks.slice(index, index + count).map(async (webhook) => {
        await sleep(random.below(RACE_MS_MAX))
        await sender.webhook(provider, webhook)
      }),
    )
  }
  await registration
}
