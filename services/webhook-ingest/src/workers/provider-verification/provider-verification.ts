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
  /** Those without a client are not asked. */
  readonly providers: readonly Provider[]
  readonly batcher: Batcher
  readonly log: Logger
}

/** All in milliseconds. */
export interface VerificationTimes {
  /** The first delay after a provider that could not be asked; it doubles from attempt to attempt. */
  readonly retryDelayMs: number
  readonly retryDelayMsMax: number
  /** For so long after a webhook the provider's API may still be behind it. */
  readonly lagMs: number
  /** Who could not be asked for so long is not asked again: a person looks at it. */
  readonly giveUpAfterMs: number
  /** How long a claim is held; longer than the provider may take to answer. */
  readonly leaseMs: number
}

export interface ProviderVerification {
  /** Called when there may be something to verify. */
  wake(): void
  /** Stops asking; what was claimed goes back. */
  close(): Promise<void>
}

export const VERIFICATION_TIMES: VerificationTimes = {
  retryDelayMs: 2_000,
  retryDelayMsMax: 600_000,
  lagMs: 60_000,
  giveUpAfterMs: 6 * 3_600_000,
  leaseMs: 60_000,
}

/** As many as a provider answers for at once. */
const CLAIMS_MAX = 100
/** The backstop: another process may have ended with rows that only it knew of. */
const LOOK_INTERVAL_MS = 60_000
const DATABASE_RETRY_MS = 1_000

/**
 * Asks providers about deliveries that await their verification, and submits them again with the answer. A commit of such
 * a delivery wakes it; otherwise it sleeps until the next one is due. Several processes share the rows: each takes some
 * for as long as its lease, so that those of a process that died are taken by another.
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
    backstopMs: LOOK_INTERVAL_MS,
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
    const [answers, error] = await ask(client, claims)
    if (error === 'closed') return giveBack(claims)

    const settled: VerifiedDelivery[] = []
    const postponed: Claim[] = []
    for (const claim of claims) {
      const { delivery, ageMs } = claim
      const answer = answers.get(providerOrderIdOf(delivery))
      const isAnswered = answer !== undefined && !(mayBeBehind(answer) && ageMs < times.lagMs)
      const isHopeless = !client.isAskable(providerOrderIdOf(delivery)) || ageMs >= times.giveUpAfterMs
      if (isAnswered) settled.push({ ...delivery, verification: answer })
      else if (answer === undefined && isHopeless) settled.push({ ...delivery, verification: null })
      else postponed.push(claim)
    }
    await Promise.all([settle(settled), retryLater(postponed, error ?? 'the provider does not say so yet')])
  }

  /** @returns what the provider says, and why it says nothing. */
  async function ask(
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
          ...(review === undefined ? {} : { reason: review, webhook: update, answer: verification?.update ?? null }),
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

  async function giveBack(claims: readonly Claim[]): Promise<void> {
    const now = claims.map(({ delivery }) => ({ deliveryId: delivery.deliveryId, delayMs: 0 }))
    await postpone(pool, now, 'the process that asked has ended')
  }

  return { wake: () => worker.wake(), close: worker.close }
}

type VerifiedDelivery = Delivery & { readonly verification: Verification }

/** Empty, and so nothing to ask about, when a newer parser does not read what an older one took. */
const providerOrderIdOf = ({ update }: Delivery): string => update?.providerOrderId ?? ''

/** An open order, or one that it does not know: the webhook may have overtaken what the API reads from. */
function mayBeBehind({ update: { status } }: ProviderResponse): boolean {
  return status === 'unknown' || OPEN_STATUSES.some((open) => open === status)
}

/** Logs that deliveries await a verification for which no provider can be asked: its API is not configured any more. */
export async function warnOfUnverifiable(pool: Pool, providers: readonly Provider[], log: Logger): Promise<void> {
  try {
    const askable = providers.filter(({ client }) => client !== undefined)
    const others = await readOtherProviders(
      pool,
      askable.map(({ name }) => name),
    )
    if (others.length === 0) return
    log.error(
      { providers: others },
      'webhooks await their verification, but the API of their provider is not configured',
    )
  } catch (error) {
    log.warn({ err: error }, 'unverified webhooks not looked for')
  }
}
