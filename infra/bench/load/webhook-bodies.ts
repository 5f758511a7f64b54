import { WEBHOOK_SHAPES, writeWebhook, type ProviderOrder } from '@paxyo/provider-simulator'

export interface WebhookBody {
  readonly text: string
  readonly isCancel: boolean
}

/** Has no common factor with the number of orders, so that steps of this size visit all of them in a mixed order. */
const STEP = 7_919

/** `in_progress` and `canceled`. */
const PLAIN_SPELLING = 1

/** The fields that a webhook does not contain. */
const AN_ORDER = { service: '1', link: '', quantity: 1000, startCount: null }

/**
 * The workload: three of four webhooks are progress, one is a cancellation with a refund. Even orders progress forever;
 * odd ones are canceled once each, in a mixed order, so that no webhook is cheap because its order is closed already.
 * After the last cancellation there is only progress.
 *
 * @param orders how many there are; half of them can be canceled.
 * @param canceledBefore how many earlier loads have canceled.
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

/** Written by the provider simulator, in its simplest shape and with the status words that the baselines read. */
function write(id: number, status: ProviderOrder['status'], remains: number): string {
  const order = { ...AN_ORDER, orderId: String(id), status, remains }
  return writeWebhook(WEBHOOK_SHAPES.text, [order], PLAIN_SPELLING).body
}
