export interface WebhookBody {
  readonly text: string
  readonly isCancel: boolean
}

/** A number without a common factor with the number of orders, so that steps of it meet all of them in a mixed order. */
const STEP = 7_919

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
      return { text: `{"order_id":"${id}","status":"canceled"}`, isCancel: true }
    }
    const id = 2 * (1 + Math.floor(Math.random() * half))
    const remains = Math.floor(Math.random() * 1000)
    return { text: `{"order_id":"${id}","status":"in_progress","remains":${remains}}`, isCancel: false }
  }
}
