import { OPEN_STATUSES } from '@paxyo/contracts'
import type { Batcher, Delivery, Verification } from '@paxyo/ledger'
import {
  formatMoney,
  ProviderError,
  type Provider,
  type ProviderResponse,
  type ProviderClient,
} from '@paxyo/order-core'
import { createWorker } from '@paxyo/service-kit'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { claimDue, postpone, readNextDueMs, readOtherProviders, type Claim } from './verification-rows.ts'

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
}

/** The number of orders that one request to a provider may contain. */
const CLAIMS_MAX = 100
/** The worker polls at least this often, because a process that dies wakes no other. */
const POLL_INTERVAL_MS = 60_000
const DATABASE_RETRY_MS = 1_000

/**
 * Queries providers about deliveries that await verification, and submits these deliveries again with the response. The
 * commit of such a delivery wakes the worker; otherwise it sleeps until the next one is due. Processes share the rows:
 * each claims some for the duration of a lease, so that other processes take over the claims of one that died.
 */
export function createProviderVerification({
  pool,
  providers,
  batcher,
  log,
  ...given
}: ProviderVerificationOptions): ProviderVerification {
  const times = { ...VERIFICATION_TIMES, ...given }
  const clients = new Map(providers.flatMap(({ name, client }) => (client === undefined ? [] : [[name, client]])))
  const names = [...clients.keys()]
  const worker = createWorker({
    run: verifyDue,
    backstopMs: POLL_INTERVAL_MS,
    retryDelayMs: DATABASE_RETRY_MS,
    onError: (error) => log.warn({ err: error }, 'verification interrupted'),
  })

  async function verifyDue(signal: AbortSignal): Promise<number | undefined> {
    while (!signal.aborted) {
      const claims = await claimDue(pool, names, CLAIMS_MAX, times.leaseMs)
      if (claims.length === 0) return readNextDueMs(pool, names)
      await verify(claims)
    }
    return undefined
  }

  async function verify(claims: readonly Claim[]): Promise<void> {
    const byProvider = Map.groupBy(claims, ({ delivery }) => delivery.provider)
    await Promise.all([...byProvider].map(([name, ofProvider]) => verifyWith(clients.get(name)!, ofProvider)))
  }

  async function verifyWith(client: ProviderClient, claims: readonly Claim[]): Promise<void> {
    const [responses, error] = await readStatuses(client, claims)
    if (error === 'closed') return release(claims)

    const settled: VerifiedDelivery[] = []
    const postponed: Claim[] = []
    for (const claim of claims) {
      const { delivery, ageMs } = claim
      const response = responses.get(providerOrderIdOf(delivery))
      const isConclusive = response !== undefined && !(mayBeBehind(response) && ageMs < times.lagMs)
      const isHopeless = !client.isAskable(providerOrderIdOf(delivery)) || ageMs >= times.giveUpAfterMs
      if (isConclusive) settled.push({ ...delivery, verification: response })
      else if (response === undefined && isHopeless) settled.push({ ...delivery, verification: null })
      else postponed.push(claim)
    }
    await Promise.all([settle(settled), retryLater(postponed, error ?? 'the provider does not report it yet')])
  }

  /** @returns the provider's response, and the error code when the request failed. */
  async function readStatuses(
    client: ProviderClient,
    claims: readonly Claim[],
  ): Promise<[ReadonlyMap<string, ProviderResponse>, string?]> {
    const ids = new Set(claims.map(({ delivery }) => providerOrderIdOf(delivery)))
    const orderIds = [...ids].filter((id) => client.isAskable(id))
    try {
      return [await client.statuses(orderIds)]
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      const { provider } = claims[0]!.delivery
      if (error.code !== 'closed') log.warn({ err: error, code: error.code, provider }, 'provider request failed')
      return [new Map(), error.code]
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
    results.forEach(({ outcome, review, refund }, index) => {
      const { deliveryId, provider, update, verification } = deliveries[index]!
      log[outcome === 'review' ? 'warn' : 'info'](
        {
          deliveryId,
          provider,
          orderId: update?.providerOrderId,
          outcome,
          ...(review === undefined ? {} : { reason: review, webhook: update, response: verification?.update ?? null }),
          ...(refund === undefined ? {} : { refund: formatMoney(refund) }),
        },
        'webhook verified',
      )
    })
  }

  async function retryLater(claims: readonly Pick<Claim, 'delivery' | 'attempts'>[], error: string): Promise<void> {
    if (claims.length === 0) return
    const delays = claims.map(({ delivery, attempts }) => {
      const delayMs = Math.min(times.retryDelayMs * 2 ** Math.min(attempts - 1, 30), times.retryDelayMsMax)
      return { deliveryId: delivery.deliveryId, delayMs: delayMs * (0.75 + Math.random() / 2) }
    })
    await postpone(pool, delays, error)
  }

  async function release(claims: readonly Claim[]): Promise<void> {
    const now = claims.map(({ delivery }) => ({ deliveryId: delivery.deliveryId, delayMs: 0 }))
    await postpone(pool, now, 'the process that claimed it stopped')
  }

  return { wake: () => worker.wake(), close: worker.close }
}

type VerifiedDelivery = Delivery & { readonly verification: Verification }

/** Empty, and not queried, when a newer parser rejects a body that an older one accepted. */
const providerOrderIdOf = ({ update }: Delivery): string => update?.providerOrderId ?? ''

/** Whether the response is an open or unknown order: the provider's API may lag behind its webhook. */
function mayBeBehind({ update: { status } }: ProviderResponse): boolean {
  return status === 'unknown' || OPEN_STATUSES.some((open) => open === status)
}

/** Logs an error when deliveries await verification by a provider whose API is no longer configured. */
export async function warnOfUnverifiable(pool: Pool, providers: readonly Provider[], log: Logger): Promise<void> {
  try {
    const askable = providers.filter(({ client }) => client !== undefined)
    const others = await readOtherProviders(
      pool,
      askable.map(({ name }) => name),
    )
    if (others.length === 0) return
    log.error({ providers: others }, 'deliveries await verification, but the API of their provider is not configured')
  } catch (error) {
    log.warn({ err: error }, 'check for unverifiable deliveries failed')
  }
}
