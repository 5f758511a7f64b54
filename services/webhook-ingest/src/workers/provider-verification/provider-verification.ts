import { OPEN_STATUSES } from '@paxyo/contracts'
import {
  createVerificationQueue,
  type Batcher,
  type Delivery,
  type DeliveryResult,
  type Verification,
  type VerificationClaim as Claim,
} from '@paxyo/ledger'
import {
  formatMoney,
  ProviderError,
  type Provider,
  type ProviderResponse,
  type ProviderClient,
} from '@paxyo/order-core'
import { createWorker, type Worker } from '@paxyo/service-kit'
import type { Pool } from 'pg'
import type { Logger } from 'pino'

export interface ProviderVerificationOptions extends Partial<VerificationTimes> {
  readonly pool: Pool
  /** Providers without a client are skipped. */
  readonly providers: readonly Provider[]
  readonly batcher: Batcher
  readonly log: Logger
}

/** All in milliseconds. */
export interface VerificationTimes {
  /** The delay after the first failed request to a provider; it doubles with each attempt. */
  readonly retryDelayMs: number
  readonly retryDelayMsMax: number
  /** After a webhook, the provider's API may report an older status for this long. */
  readonly lagMs: number
  /** A delivery whose provider does not respond for this long goes to review. */
  readonly giveUpAfterMs: number
  /** The duration of a claim; longer than a request to the provider can take. */
  readonly leaseMs: number
  /** The workers poll at least this often, because a process that dies wakes no other. */
  readonly pollIntervalMs: number
}

export interface ProviderVerification {
  /** Called when there may be something to verify. */
  wake(): void
  /** Aborts requests to providers and releases claims. */
  close(): Promise<void>
}

export const VERIFICATION_TIMES: VerificationTimes = {
  retryDelayMs: 2_000,
  retryDelayMsMax: 600_000,
  lagMs: 60_000,
  giveUpAfterMs: 6 * 3_600_000,
  leaseMs: 60_000,
  pollIntervalMs: 60_000,
}

/**
 * Orders that a response left out and that are then asked about alone, in one round: some providers shorten long
 * responses, or support only one order in a request.
 */
const ASKED_ALONE_MAX = 10
const DATABASE_RETRY_MS = 1_000

/**
 * Queries providers about deliveries that await verification, and submits these deliveries again with the response. The
 * commit of such a delivery wakes the workers, one for each provider, so that a slow one delays no other; otherwise they
 * sleep until the next delivery is due. Processes share the rows: each claims some for the duration of a lease, so that
 * other processes take over the claims of one that died.
 */
export function createProviderVerification(options: ProviderVerificationOptions): ProviderVerification {
  const workers = options.providers.flatMap(({ name, client }) =>
    client === undefined ? [] : createVerifier(options, name, client),
  )
  return {
    wake: () => workers.forEach((worker) => worker.wake()),
    close: async () => void (await Promise.all(workers.map((worker) => worker.close()))),
  }
}

/** Verifies the deliveries of one provider. */
function createVerifier(
  { pool, batcher, log, providers: _providers, ...given }: ProviderVerificationOptions,
  provider: string,
  client: ProviderClient,
): Worker {
  const times = { ...VERIFICATION_TIMES, ...given }
  const queue = createVerificationQueue(pool)

  async function verifyDue(signal: AbortSignal): Promise<number | undefined> {
    while (!signal.aborted) {
      const claims = await queue.claimDue(provider, client.ordersMax, times.leaseMs)
      if (claims.length === 0) return queue.nextDueMs(provider)
      await verify(claims)
    }
    return undefined
  }

  async function verify(claims: readonly Claim[]): Promise<void> {
    const { responses, unknown, error } = await ask(claims)
    if (error === 'closed') return release(claims)

    const settled: VerifiedDelivery[] = []
    const postponed: Claim[] = []
    for (const claim of claims) {
      const { delivery, ageMs } = claim
      const orderId = providerOrderIdOf(delivery)
      const response = responses.get(orderId)
      const isConclusive = response !== undefined && !(mayBeBehind(response) && ageMs < times.lagMs)
      const isHopeless = !client.isAskable(orderId) || ageMs >= times.giveUpAfterMs
      if (isConclusive) settled.push({ ...delivery, verification: response })
      else if (unknown.has(orderId)) settled.push({ ...delivery, verification: 'unknown_order' })
      else if (response === undefined && isHopeless) settled.push({ ...delivery, verification: null })
      else postponed.push(claim)
    }
    await Promise.all([settle(settled), retryLater(postponed, error ?? 'the provider does not report it yet')])
  }

  async function ask(claims: readonly Claim[]): Promise<ProviderKnowledge> {
    const ids = new Set(claims.map(({ delivery }) => providerOrderIdOf(delivery)))
    const orderIds = [...ids].filter((id) => client.isAskable(id))
    const responses = new Map<string, ProviderResponse>()
    const unknown = new Set<string>()
    try {
      for (const [id, response] of await client.statuses(orderIds)) responses.set(id, response)
      const leftOut = orderIds.filter((id) => !responses.has(id))
      if (orderIds.length === 1) return { responses, unknown: new Set(leftOut) }
      for (const id of leftOut.slice(0, ASKED_ALONE_MAX)) {
        const response = (await client.statuses([id])).get(id)
        if (response === undefined) unknown.add(id)
        else responses.set(id, response)
      }
      return { responses, unknown }
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      const { code, status } = error
      if (code !== 'closed') log.warn({ err: error, code, status, provider }, 'provider request failed')
      return { responses, unknown, error: code }
    }
  }

  async function settle(deliveries: readonly VerifiedDelivery[]): Promise<void> {
    if (deliveries.length === 0) return
    const results = await batcher.submit(deliveries)
    if (typeof results === 'string') {
      log.warn({ code: results, deliveries: deliveries.length }, 'verified deliveries not committed')
      return retryLater(
        deliveries.map((delivery) => ({ delivery, attempts: 1 })),
        results,
      )
    }
    results.forEach((result, index) => logVerified(log, deliveries[index]!, result))
  }

  async function retryLater(claims: readonly Pick<Claim, 'delivery' | 'attempts'>[], error: string): Promise<void> {
    if (claims.length === 0) return
    const delays = claims.map(({ delivery, attempts }) => {
      const delayMs = Math.min(times.retryDelayMs * 2 ** Math.min(attempts - 1, 30), times.retryDelayMsMax)
      return { deliveryId: delivery.deliveryId, delayMs: delayMs * (0.75 + Math.random() / 2) }
    })
    await queue.postpone(delays, error)
  }

  async function release(claims: readonly Claim[]): Promise<void> {
    const now = claims.map(({ delivery }) => ({ deliveryId: delivery.deliveryId, delayMs: 0 }))
    await queue.postpone(now, 'the process that claimed it stopped')
  }

  return createWorker({
    run: verifyDue,
    backstopMs: times.pollIntervalMs,
    retryDelayMs: DATABASE_RETRY_MS,
    onError: (error) => log.warn({ err: error, provider }, 'verification interrupted'),
  })
}

/** A provider's response about orders. */
interface ProviderKnowledge {
  readonly responses: ReadonlyMap<string, ProviderResponse>
  /** Orders that even the response to a request about them alone left out. */
  readonly unknown: ReadonlySet<string>
  /** The code of the request that failed. */
  readonly error?: string
}

function logVerified(log: Logger, delivery: VerifiedDelivery, { outcome, review, refund }: DeliveryResult): void {
  const { deliveryId, provider, update, verification } = delivery
  const response = verification === null || verification === 'unknown_order' ? null : verification.update
  log[outcome === 'review' ? 'warn' : 'info'](
    {
      deliveryId,
      provider,
      orderId: update?.providerOrderId,
      outcome,
      ...(review === undefined ? {} : { reason: review, webhook: update, response }),
      ...(refund === undefined ? {} : { refund: formatMoney(refund) }),
    },
    'webhook verified',
  )
}

type VerifiedDelivery = Delivery & { readonly verification: Verification }

/** Empty, and not queried, when a newer parser rejects a body that an older one accepted. */
const providerOrderIdOf = ({ update }: Delivery): string => update?.providerOrderId ?? ''

/** Whether the response is an open order or an unknown word: the provider's API may lag behind its webhook. */
function mayBeBehind({ update: { status, problem } }: ProviderResponse): boolean {
  return (status === 'unknown' && problem !== 'provider_error') || OPEN_STATUSES.some((open) => open === status)
}

/** Logs an error when deliveries await verification by a provider whose API is no longer configured. */
export async function warnOfUnverifiable(pool: Pool, providers: readonly Provider[], log: Logger): Promise<void> {
  try {
    const askable = providers.filter(({ client }) => client !== undefined)
    const others = await createVerificationQueue(pool).otherProviders(askable.map(({ name }) => name))
    if (others.length === 0) return
    log.error({ providers: others }, 'deliveries await verification, but the API of their provider is not configured')
  } catch (error) {
    log.warn({ err: error }, 'check for unverifiable deliveries failed')
  }
}
