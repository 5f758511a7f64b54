import { WEBHOOK_SHAPES, writeWebhook, type ProviderOrder } from '@paxyo/provider-simulator'

export interface WebhookBody {
  readonly text: string
  readonly isCancel: boolean
}

/** A number without a common factor with the number of orders, so that steps of it meet all of them in a mixed order. */
const STEP = 7_919

/** `in_progress` and `canceled`. */
const PLAIN_SPELLING = 1

/** What a webhook says nothing of. */
const AN_ORDER = { service: '1', link: '', quantity: 1000, startCount: null }

/**
 * The workload: three in four are progress, one in four a cancellation that pays. Even orders progress for ever; odd
 * ones are canceled once each, in a mixed order, so that no webhook is cheap because its order is closed already. When
 * all of them are canceled there is only progress.
 *
 * @param orders how many there are; half of them can be canceled.
 * @param canceledBefore how many have been.
 */
export function webhookBodies(orders: number, canceledBefore: number): () => WebhookBody {
  const half = orders / 2
  let count = 0
  let canceled = canceledBefore
  return () => {
    count += 1
    if (count % 4 === 0 && canceled < half) {
      const id = 2 * ((canceled * STEP) % half) + 1
      canceled += 1
      return { text: write(id, 'canceled', 0), isCancel: true }
    }
    const id = 2 * (1 + Math.floor(Math.random() * half))
    return { text: write(id, 'in_progress', Math.floor(Math.random() * 1000)), isCancel: false }
  }
}

/** As the provider's simulator writes it, in the plainest of its shapes and with statuses spelt as peers know them. */
function write(id: number, status: ProviderOrder['status'], remains: number): string {
  const order = { ...AN_ORDER, orderId: String(id), status, remains }
  return writeWebhook(WEBHOOK_SHAPES.text, [order], PLAIN_SPELLING).body
}
