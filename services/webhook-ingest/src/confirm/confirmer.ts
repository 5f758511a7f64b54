import { OPEN_STATUSES } from '@paxyo/contracts'
import { isAskable, ProviderError, type ProviderClient, type StatusAnswer } from '@paxyo/godofpanel'
import { formatMoney } from '@paxyo/order-core'
import { createWorker } from '@paxyo/service-kit'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Batcher } from '../commit/batcher.ts'
import type { Confirmation, Delivery } from '../webhook/delivery.ts'
import { claimDue, postpone, readNextDueMs, type Claim } from './confirmation-rows.ts'

export interface ConfirmerOptions extends Partial<ConfirmTimes> {
  readonly pool: Pool
  readonly provider: ProviderClient
  readonly batcher: Batcher
  readonly log: Logger
}

/** All in milliseconds. */
export interface ConfirmTimes {
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

export interface Confirmer {
  /** Told when there may be something to confirm. */
  wake(): void
  /** Stops asking; what was claimed goes back. */
  close(): Promise<void>
}

export const CONFIRM_TIMES: ConfirmTimes = {
  retryDelayMs: 2_000,
  retryDelayMsMax: 600_000,
  lagMs: 60_000,
  giveUpAfterMs: 6 * 3_600_000,
  leaseMs: 60_000,
}

/** As many as the provider answers for at once. */
const CLAIMS_MAX = 100
/** The backstop: another process may have ended with rows that only it knew of. */
const LOOK_INTERVAL_MS = 60_000
const DATABASE_RETRY_MS = 1_000

/**
 * Asks the provider about deliveries that await their confirmation, and submits them again with its answer. Whoever
 * commits such a delivery wakes it; otherwise it sleeps until the next one is due. Several processes share the rows: each
 * takes some for as long as its lease, so that those of a process that died are taken by another.
 */
export function createConfirmer({ pool, provider, batcher, log, ...given }: ConfirmerOptions): Confirmer {
  const times = { ...CONFIRM_TIMES, ...given }
  const worker = createWorker({
    run: confirmDue,
    backstopMs: LOOK_INTERVAL_MS,
    retryDelayMs: DATABASE_RETRY_MS,
    onError: (error) => log.warn({ err: error }, 'confirmations are interrupted'),
  })

  async function confirmDue(signal: AbortSignal): Promise<number | undefined> {
    while (!signal.aborted) {
      const claims = await claimDue(pool, CLAIMS_MAX, times.leaseMs)
      if (claims.length === 0) return readNextDueMs(pool)
      await confirm(claims)
    }
    return undefined
  }

  async function confirm(claims: readonly Claim[]): Promise<void> {
    const [answers, error] = await ask(claims)
    if (error === 'closed') return giveBack(claims)

    const settled: ConfirmedDelivery[] = []
    const postponed: Claim[] = []
    for (const claim of claims) {
      const { delivery, ageMs } = claim
      const answer = answers.get(providerOrderIdOf(delivery))
      const isAnswered = answer !== undefined && !(mayBeBehind(answer) && ageMs < times.lagMs)
      const isHopeless = !isAskable(providerOrderIdOf(delivery)) || ageMs >= times.giveUpAfterMs
      if (isAnswered) settled.push({ ...delivery, confirmation: answer })
      else if (answer === undefined && isHopeless) settled.push({ ...delivery, confirmation: null })
      else postponed.push(claim)
    }
    await Promise.all([settle(settled), retryLater(postponed, error ?? 'the provider does not say so yet')])
  }

  /** @returns what the provider says, and why it says nothing. */
  async function ask(claims: readonly Claim[]): Promise<[ReadonlyMap<string, StatusAnswer>, string?]> {
    const orderIds = new Set(claims.map(({ delivery }) => providerOrderIdOf(delivery)).filter(isAskable))
    try {
      return [await provider.statuses([...orderIds])]
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      if (error.code !== 'closed') log.warn({ err: error, code: error.code }, 'the provider could not be asked')
      return [new Map(), error.code]
    }
  }

  async function settle(deliveries: readonly ConfirmedDelivery[]): Promise<void> {
    if (deliveries.length === 0) return
    const results = await batcher.submit(deliveries)
    if (typeof results === 'string') {
      log.warn({ code: results, deliveries: deliveries.length }, 'confirmations are not committed')
      return retryLater(
        deliveries.map((delivery) => ({ delivery, attempts: 1 })),
        results,
      )
    }
    results.forEach(({ outcome, review, refund }, index) => {
      const { deliveryId, update, confirmation } = deliveries[index]!
      log[outcome === 'review' ? 'warn' : 'info'](
        {
          deliveryId,
          orderId: update?.providerOrderId,
          outcome,
          ...(review === undefined ? {} : { reason: review, webhook: update, provider: confirmation?.update ?? null }),
          ...(refund === undefined ? {} : { refund: formatMoney(refund) }),
        },
        'webhook confirmed or refuted',
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

type ConfirmedDelivery = Delivery & { readonly confirmation: Confirmation }

/** Empty, and so nothing to ask about, when a newer parser does not read what an older one took. */
const providerOrderIdOf = ({ update }: Delivery): string => update?.providerOrderId ?? ''

/** An open order, or one that it does not know: the webhook may have overtaken what the API reads from. */
function mayBeBehind({ update: { status } }: StatusAnswer): boolean {
  return status === 'unknown' || OPEN_STATUSES.some((open) => open === status)
}

/** Says that deliveries await a confirmation that nobody can ask for: the provider's address is not configured any more. */
export async function warnOfUnconfirmed(pool: Pool, log: Logger): Promise<void> {
  try {
    if ((await readNextDueMs(pool)) === undefined) return
    log.error('webhooks await their confirmation, but PROVIDER_API_URL and PROVIDER_API_KEY are not set')
  } catch (error) {
    log.warn({ err: error }, 'unconfirmed webhooks could not be looked for')
  }
}
